// Throughput and latency over the part of the run in view.

const throughputCanvas = byId("throughput");
const latencyCanvas = byId("latency");
const chartState = { throughput: null, latency: null, basis: ops.hasIntended ? "intended" : "invocation" };
// Latencies fall into bins that grow by about 6 %, from 1 µs up: quantiles are that exact.
const BINS = 340;
const binOf = (nanoseconds) => Math.max(0, Math.min(BINS - 1, Math.floor(Math.log(Math.max(nanoseconds, 1) / 1000) / 0.06)));
const binValue = (bin) => 1000 * Math.exp((bin + 0.5) * 0.06);
const POINTS_AT_MOST = 6000;

const latencyFrom = (basis, op) => ops.end[op] - ops.time[op] + (basis === "intended" && ops.waited[op] === ops.waited[op] ? ops.waited[op] : 0);

function frame(area, title) {
  const top = 8, bottom = area.height - 22;
  drawTimeAxis(area, top, bottom, area.height - 9);
  drawBands(area, top, bottom);
  return { top, bottom, height: bottom - top };
}
function valueLine(area, y, label) {
  const { context } = area;
  context.fillStyle = colours.line;
  context.fillRect(area.left, Math.round(y), area.plot, 1);
  context.fillStyle = colours.muted;
  context.font = "11px " + colours.mono;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(label, area.left - 8, y);
}
function clipped(area, draw) {
  area.context.save();
  area.context.beginPath();
  area.context.rect(area.left, 0, area.plot, area.height);
  area.context.clip();
  draw();
  area.context.restore();
}

// Buckets begin at multiples of their size, so that they don't flicker while the view moves.
function buckets(area) {
  const size = niceStep(view.end - view.start, Math.min(area.plot / 7, 170));
  const first = Math.floor(view.start / size);
  return { size, first, count: Math.ceil(view.end / size) - first + 1 };
}

function drawThroughput() {
  const area = prepare(throughputCanvas);
  const { context } = area;
  const { top, bottom, height } = frame(area);
  const { size, first, count } = buckets(area);
  const counts = [new Float64Array(count), new Float64Array(count), new Float64Array(count)];
  for (let op = 0; op < ops.count; op++) {
    // By completion: that is when something came out. What never completed counts when it was invoked.
    const time = ops.outcome[op] === NEVER ? ops.time[op] : ops.end[op];
    if (!shown(op)) continue;
    const bucket = Math.floor(time / size) - first;
    if (bucket >= 0 && bucket < count) counts[Math.min(ops.outcome[op], 2)][bucket]++;
  }
  let most = 0;
  for (let i = 0; i < count; i++) most = Math.max(most, counts[0][i] + counts[1][i] + counts[2][i]);
  const perSecond = 1e9 / size;
  const step = niceStep(most > 0 ? most * perSecond : 1, 4);
  const limit = Math.max(Math.ceil((most * perSecond) / step) * step, step);
  for (let rate = 0; rate <= limit + step / 2; rate += step) {
    valueLine(area, bottom - (rate / limit) * height, rate >= 1e4 ? rate / 1e3 + "k/s" : Number(rate.toPrecision(3)) + "/s");
  }
  clipped(area, () => {
    for (let i = 0; i < count; i++) {
      const x = toX(area, (first + i) * size);
      const width = toX(area, (first + i + 1) * size) - x;
      let y = bottom;
      for (let outcome = 0; outcome < 3; outcome++) {
        const part = ((counts[outcome][i] * perSecond) / limit) * height;
        if (part === 0) continue;
        const shownPart = Math.max(part, 1);
        context.fillStyle = colours.outcomes[outcome];
        context.fillRect(x, y - shownPart, Math.max(width - (width > 3 ? 1 : 0), 0.6), shownPart);
        y -= shownPart;
      }
    }
    drawViolations(area, top, bottom);
    drawCrosshair(area, top, bottom);
    drawBrush(area, top, bottom);
  });
  chartState.throughput = { area, size, first, counts };
}

function drawViolations(area, top, bottom) {
  area.context.fillStyle = colours.bad;
  for (const op of failing) area.context.fillRect(Math.round(toX(area, ops.end[op])), top, 1.5, bottom - top);
}

function drawLatency() {
  const area = prepare(latencyCanvas);
  const { top, bottom, height } = frame(area);
  const basis = chartState.basis;
  let low = Infinity, high = 0, inView = 0;
  for (let op = 0; op < ops.count; op++) {
    if (ops.outcome[op] === NEVER || ops.end[op] < view.start || ops.end[op] > view.end || !shown(op)) continue;
    const latency = Math.max(latencyFrom(basis, op), 1000);
    if (latency < low) low = latency;
    if (latency > high) high = latency;
    inView++;
  }
  if (inView === 0) { low = 1e6; high = 1e7; }
  const from = 10 ** Math.floor(Math.log10(low) + 1e-9);
  const to = Math.max(10 ** Math.ceil(Math.log10(high) - 1e-9), from * 10);
  const toY = (latency) => bottom - (Math.log(Math.max(latency, from) / from) / Math.log(to / from)) * height;
  for (let mark = from; mark <= to * 1.001; mark *= 10) valueLine(area, toY(mark), duration(mark));
  const asPoints = inView <= POINTS_AT_MOST;
  chartState.latency = { area, asPoints, toY };
  clipped(area, () => {
    if (asPoints) drawPoints(area, toY, basis); else drawQuantiles(area, toY, basis);
    drawViolations(area, top, bottom);
    drawCrosshair(area, top, bottom);
    drawBrush(area, top, bottom);
  });
}

function drawPoints(area, toY, basis) {
  const { context } = area;
  for (let op = 0; op < ops.count; op++) {
    if (ops.outcome[op] === NEVER || ops.end[op] < view.start || ops.end[op] > view.end || !shown(op)) continue;
    context.fillStyle = cited.has(op) ? colours.bad : colours.outcomes[ops.outcome[op]];
    const size = cited.has(op) ? 6 : 3;
    context.globalAlpha = cited.has(op) ? 1 : 0.7;
    context.fillRect(toX(area, ops.end[op]) - size / 2, toY(latencyFrom(basis, op)) - size / 2, size, size);
  }
  context.globalAlpha = 1;
}

// Counts by bucket of time and bin of latency, ok operations only.
function histogram(basis, { size, first, count }) {
  const bins = new Uint32Array(count * BINS);
  const totals = new Uint32Array(count);
  const maxima = new Float64Array(count);
  for (let op = 0; op < ops.count; op++) {
    if (ops.outcome[op] !== 0 || !shown(op)) continue;
    const bucket = Math.floor(ops.end[op] / size) - first;
    if (bucket < 0 || bucket >= count) continue;
    const latency = latencyFrom(basis, op);
    bins[bucket * BINS + binOf(latency)]++;
    totals[bucket]++;
    if (latency > maxima[bucket]) maxima[bucket] = latency;
  }
  const quantile = (fraction) => Array.from(totals, (total, bucket) => {
    if (total === 0) return NaN;
    let rest = Math.ceil(total * fraction);
    for (let bin = 0; bin < BINS; bin++) {
      rest -= bins[bucket * BINS + bin];
      if (rest <= 0) return Math.min(binValue(bin), maxima[bucket]);
    }
    return maxima[bucket];
  });
  return { totals, maxima, p50: quantile(0.5), p95: quantile(0.95), p99: quantile(0.99) };
}

function drawQuantiles(area, toY, basis) {
  const { context } = area;
  const grid = buckets(area);
  const main = histogram(basis, grid);
  const middle = (i) => toX(area, (grid.first + i + 0.5) * grid.size);
  const runs = (values, visit) => {
    let start = 0;
    while (start < grid.count) {
      while (start < grid.count && main.totals[start] === 0) start++;
      let stop = start;
      while (stop < grid.count && main.totals[stop] > 0) stop++;
      if (stop > start) visit(start, stop);
      start = stop;
    }
  };
  const band = (upper, lower, alpha) => runs(upper, (start, stop) => {
    context.beginPath();
    for (let i = start; i < stop; i++) context.lineTo(middle(i), toY(upper[i]));
    for (let i = stop - 1; i >= start; i--) context.lineTo(middle(i), toY(lower[i]));
    context.closePath();
    context.globalAlpha = alpha;
    context.fillStyle = colours.ok;
    context.fill();
    context.globalAlpha = 1;
  });
  const curve = (values, colour, width, dash = []) => runs(values, (start, stop) => {
    context.beginPath();
    for (let i = start; i < stop; i++) context.lineTo(middle(i), toY(values[i]));
    context.setLineDash(dash);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.stroke();
    context.setLineDash([]);
  });
  band(main.p95, main.p50, 0.3);
  band(main.p99, main.p95, 0.18);
  curve(main.p99, colours.ok, 1);
  curve(main.p50, colours.ok, 2);
  context.fillStyle = colours.muted;
  for (let i = 0; i < grid.count; i++) if (main.totals[i]) context.fillRect(middle(i) - 1.5, toY(main.maxima[i]) - 1.5, 3, 3);
  let other = null;
  if (ops.hasIntended) {
    other = histogram(basis === "intended" ? "invocation" : "intended", grid);
    curve(other.p99, colours.text, 1, [2, 3]);
  }
  drawChartKey(area, ["━ p50", "▒ p95", "░ p99", "▪ max"].concat(other ? [`┄ p99 from ${basis === "intended" ? "invocation" : "intended"}`] : []));
  chartState.latency.quantiles = { ...grid, ...main, other };
}

function drawChartKey(area, parts) {
  const { context } = area;
  context.font = "11px " + colours.sans;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const text = parts.join("   ");
  const width = context.measureText(text).width;
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.8;
  context.fillRect(area.right - width - 12, 8, width + 12, 18);
  context.globalAlpha = 1;
  context.fillStyle = colours.muted;
  context.fillText(text, area.right - 6, 17);
}

function hoverThroughput(event) {
  const state = chartState.throughput;
  const bucket = Math.floor(pointer.time / state.size) - state.first;
  if (pointer.time < view.start || !(bucket in state.counts[0])) return hideTooltip();
  showTooltip(event, (tooltip) => {
    line(tooltip, `${moment((state.first + bucket) * state.size, 3)} + ${duration(state.size)}`, "b");
    outcomeNames.slice(0, 3).forEach((name, outcome) => line(tooltip, `${name} ${count(state.counts[outcome][bucket])}`));
    nameFaults(tooltip);
  });
}

function hoverLatency(event) {
  const state = chartState.latency;
  if (pointer.time < view.start) return hideTooltip();
  const op = state.asPoints ? pointAt(event) : -1;
  if (op >= 0) return showTooltip(event, (tooltip) => describe(tooltip, op, 0));
  const quantiles = state.asPoints ? null : state.quantiles;
  const bucket = quantiles ? Math.floor(pointer.time / quantiles.size) - quantiles.first : -1;
  if (!quantiles || !quantiles.totals[bucket]) return hideTooltip();
  showTooltip(event, (tooltip) => {
    line(tooltip, `${moment((quantiles.first + bucket) * quantiles.size, 3)} + ${duration(quantiles.size)}`, "b");
    line(tooltip, `${plural(quantiles.totals[bucket], "ok operation")}, from ${chartState.basis === "intended" ? "intended time" : "invocation"}`);
    for (const name of ["p50", "p95", "p99"]) line(tooltip, `${name} ${duration(quantiles[name][bucket])}`);
    line(tooltip, `max ${duration(quantiles.maxima[bucket])}`);
    nameFaults(tooltip);
  });
}
function nameFaults(tooltip) {
  for (const fault of faultsInForce(pointer.time, pointer.time).slice(0, 4)) line(tooltip, clean(`in force: ${fault.title} ${fault.summary}`));
}

function pointAt(event) {
  const { area, toY } = chartState.latency;
  const box = latencyCanvas.getBoundingClientRect();
  const x = event.clientX - box.left, y = event.clientY - box.top;
  let best = -1, distance = 64;
  for (let op = 0; op < ops.count; op++) {
    if (ops.outcome[op] === NEVER || !shown(op)) continue;
    const dx = toX(area, ops.end[op]) - x;
    if (dx > 8 || dx < -8) continue;
    const dy = toY(latencyFrom(chartState.basis, op)) - y;
    if (dx * dx + dy * dy < distance) { distance = dx * dx + dy * dy; best = op; }
  }
  return best;
}
