// The overview of the whole run, and the big timeline: faults and primary by node, then operations by worker.

const timeline = { area: null, lanes: 0, laneHeight: 0, top: 0, rowHeight: 0, rowsTop: 0, aggregated: false };
const operationsCanvas = byId("operations-canvas");
const overviewCanvas = byId("overview");

// Faults that name no node share a lane of their own.
const lanes = (() => {
  const list = run.members.map((name) => ({ name, faults: [] }));
  const byName = new Map(list.map((lane) => [lane.name, lane]));
  const cluster = { name: "cluster", faults: [] };
  for (const fault of run.faults) {
    if (fault.began === null) continue;
    const own = fault.targets.filter((name) => byName.has(name));
    for (const name of own) byName.get(name).faults.push(fault);
    if (own.length === 0) cluster.faults.push(fault);
  }
  const all = cluster.faults.length ? [...list, cluster] : list;
  for (const lane of all) lane.faults.sort((a, b) => a.began - b.began);
  return all;
})();

// From when to when each node was the primary.
const reigns = run.primaries.map(([from, node], position) => ({ from, node, to: run.primaries[position + 1]?.[0] ?? run.end }));

function layOut() {
  const area = prepare(operationsCanvas, wantedHeight());
  timeline.area = area;
  return area;
}
function wantedHeight() {
  const rowCount = Math.max(run.rowNames.length, 1);
  timeline.laneHeight = lanes.length > 12 ? 9 : 17;
  timeline.rowHeight = Math.max(4, Math.min(26, Math.floor(520 / rowCount)));
  timeline.top = 24;
  timeline.rowsTop = timeline.top + lanes.length * timeline.laneHeight + (lanes.length ? 10 : 0);
  return timeline.rowsTop + rowCount * timeline.rowHeight + 6;
}

function drawOperations() {
  const area = layOut();
  const { context } = area;
  const bottom = area.height - 4;
  drawTimeAxis(area, timeline.top, bottom, 11);
  drawBands(area, timeline.top, bottom);
  drawLanes(area);
  drawRowNames(area);
  context.save();
  context.beginPath();
  context.rect(area.left, 0, area.plot, area.height);
  context.clip();
  timeline.aggregated = false;
  for (let row = 0; row < rows.length; row++) drawRow(area, row);
  drawCited(area);
  if (selected >= 0) outline(area, selected, colours.text, 2);
  drawCrosshair(area, timeline.top, bottom);
  drawBrush(area, timeline.top, bottom);
  context.restore();
}

function drawLanes(area) {
  const { context } = area;
  const height = timeline.laneHeight;
  context.textBaseline = "middle";
  lanes.forEach((lane, position) => {
    const y = timeline.top + position * height;
    context.fillStyle = colours.muted;
    context.font = `${Math.min(11, height)}px ${colours.mono}`;
    context.textAlign = "right";
    if (height >= 9) context.fillText(shorten(context, clean(lane.name), area.left - 12), area.left - 8, y + height / 2);
    context.save();
    context.beginPath();
    context.rect(area.left, y, area.plot, height);
    context.clip();
    lane.faults.forEach((fault) => {
      const from = toX(area, fault.began);
      const to = toX(area, fault.ended ?? run.end);
      if (to < area.left || from > area.right) return;
      context.fillStyle = faultColour(fault);
      context.globalAlpha = fault.state === "proved" ? 0.55 : 0.28;
      context.fillRect(from, y + 2, Math.max(to - from, 2), height - 5);
      context.globalAlpha = 1;
    });
    if (height >= 15) drawLaneLabels(area, lane, y + height / 2 - 0.5);
    context.fillStyle = colours.text;
    for (const reign of reigns) {
      if (reign.node === lane.name) context.fillRect(toX(area, reign.from), y + height - 3, Math.max(toX(area, reign.to) - toX(area, reign.from), 1.5), 2);
    }
    context.restore();
  });
}

// Faults of a lane may overlap: each label begins behind the one before it, and is left out where its bar ends too soon.
function drawLaneLabels(area, lane, y) {
  const { context } = area;
  context.fillStyle = colours.text;
  context.font = "10.5px " + colours.sans;
  context.textAlign = "left";
  let free = area.left;
  for (const fault of lane.faults) {
    const x = Math.max(toX(area, fault.began), free);
    const room = Math.min(toX(area, fault.ended ?? run.end), area.right) - x - 8;
    if (room <= 36) continue;
    const label = shorten(context, clean(fault.title), room);
    if (!label) continue;
    context.fillText(label, x + 4, y);
    free = x + context.measureText(label).width + 8;
  }
}

function drawRowNames(area) {
  const { context } = area;
  context.font = "11px " + colours.mono;
  context.textAlign = "right";
  context.textBaseline = "middle";
  const every = Math.ceil(13 / timeline.rowHeight);
  run.rowNames.forEach((name, row) => {
    const y = timeline.rowsTop + row * timeline.rowHeight;
    context.fillStyle = colours.line;
    context.globalAlpha = 0.6;
    if (timeline.rowHeight > 6) context.fillRect(area.left, Math.round(y + timeline.rowHeight) - 1, area.plot, 1);
    context.globalAlpha = 1;
    context.fillStyle = colours.muted;
    if (row % every === 0) context.fillText(area.left < 80 ? name.replace(/^[a-z]+ /, "") : name, area.left - 8, y + timeline.rowHeight / 2);
  });
}

const barHeight = () => Math.max(3, timeline.rowHeight - (timeline.rowHeight > 9 ? 7 : 1));
const barY = (row) => timeline.rowsTop + row * timeline.rowHeight + (timeline.rowHeight > 9 ? 3 : 0);

// Bars that are wide enough are drawn one by one; those that share a pixel are counted together, and the column
// shows the shares of their outcomes.
function drawRow(area, row) {
  const { context } = area;
  const list = rows[row];
  const scale = area.plot / (view.end - view.start);
  const y = barY(row);
  const height = barHeight();
  let column = -1, ok = 0, fail = 0, info = 0;

  const flush = () => {
    const total = ok + fail + info;
    if (total === 0) return;
    if (total > 1) timeline.aggregated = true;
    const floor = height < 8 ? height : 2;
    let infoHeight = info ? Math.max((height * info) / total, floor) : 0;
    let failHeight = fail ? Math.max(((height - infoHeight) * fail) / (ok + fail), Math.min(2, height - infoHeight)) : 0;
    if (height < 8 && !info && fail * 2 < total) failHeight = 0;
    if (!ok) failHeight = height - infoHeight;
    const okHeight = height - infoHeight - failHeight;
    if (!ok && !fail) infoHeight = height;
    if (okHeight > 0 && ok) { context.fillStyle = colours.ok; context.fillRect(column, y + height - okHeight, 1, okHeight); }
    if (failHeight > 0 && fail) { context.fillStyle = colours.fail; context.fillRect(column, y + infoHeight, 1, failHeight); }
    if (infoHeight > 0) { context.fillStyle = colours.info; context.fillRect(column, y, 1, infoHeight); }
    ok = fail = info = 0;
  };

  for (let i = Math.max(firstFrom(list, view.start) - 1, 0); i < list.length; i++) {
    const op = list[i];
    const time = ops.time[op];
    if (time > view.end) break;
    if (!shown(op)) continue;
    const x = area.left + (time - view.start) * scale;
    const width = (ops.end[op] - time) * scale;
    const outcome = ops.outcome[op];
    if (width >= 2.5) {
      flush();
      drawBar(area, op, x, y, width, height, i + 1 < list.length ? list[i + 1] : -1);
      continue;
    }
    const at = Math.floor(x);
    if (at !== column) { flush(); column = at; }
    if (outcome === 0) ok++; else if (outcome === 1) fail++; else info++;
  }
  flush();
}

function drawBar(area, op, x, y, width, height, next) {
  const { context } = area;
  const outcome = ops.outcome[op];
  let visibleWidth = width;
  if (outcome === NEVER && next >= 0) visibleWidth = Math.max(toX(area, ops.time[next]) - x, 3);
  context.fillStyle = colours.outcomes[outcome];
  if (outcome === NEVER) context.globalAlpha = 0.45;
  context.fillRect(x, y, visibleWidth - (visibleWidth > 4 ? 1 : 0), height);
  context.globalAlpha = 1;
  if (outcome >= 2) {
    // It may still take effect: a tail that fades.
    const tail = context.createLinearGradient(x + visibleWidth, 0, x + visibleWidth + 26, 0);
    tail.addColorStop(0, colours.info);
    tail.addColorStop(1, "transparent");
    context.globalAlpha = 0.45;
    context.fillStyle = tail;
    context.fillRect(x + visibleWidth, y + height / 2 - 1, 26, 2);
    context.globalAlpha = 1;
  }
  const from = Math.max(x, area.left);
  const room = Math.min(x + visibleWidth, area.right) - from - 8;
  if (height >= 13 && room > 22) {
    context.fillStyle = outcome === NEVER ? colours.text : outcome === 1 ? colours["on-fail"] : colours["on-op"];
    context.font = "11px " + colours.mono;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(shorten(context, callText(op), room), from + 4, y + height / 2 + 0.5);
  }
}

function shorten(context, text, room) {
  if (text.length > 200) text = text.slice(0, 200);
  const each = context.measureText("0").width;
  if (text.length * each <= room || context.measureText(text).width <= room) return text;
  const fits = Math.floor(room / each) - 1;
  return fits < 2 ? "" : text.slice(0, fits) + "…";
}

function outline(area, op, colour, width) {
  const x = toX(area, ops.time[op]);
  const right = Math.max(toX(area, ops.outcome[op] === NEVER ? ops.time[op] : ops.end[op]), x + 4);
  if (right < area.left || x > area.right) return;
  area.context.strokeStyle = colour;
  area.context.lineWidth = width;
  area.context.strokeRect(x - 1, barY(rowOf(op)) - 1, right - x + 2, barHeight() + 2);
}

function drawCited(area) {
  const { context } = area;
  for (const op of failing) {
    const x = toX(area, ops.end[op]);
    context.strokeStyle = colours.bad;
    context.setLineDash([4, 3]);
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, timeline.top);
    context.lineTo(x, area.height);
    context.stroke();
    context.setLineDash([]);
  }
  for (const op of cited) {
    if (!shown(op)) continue;
    outline(area, op, colours.bad, failing.has(op) ? 2.5 : 1.5);
    const x = Math.min(Math.max(toX(area, ops.time[op]), area.left), area.right);
    if (toX(area, ops.end[op]) < area.left || toX(area, ops.time[op]) > area.right) continue;
    const y = barY(rowOf(op));
    context.fillStyle = colours.bad;
    context.beginPath();
    context.moveTo(x - 4, y - 6);
    context.lineTo(x + 4, y - 6);
    context.lineTo(x, y);
    context.fill();
  }
}

// The operation at a place of the timeline, or the nearest within a few pixels.
function opAt(event) {
  const area = timeline.area;
  const box = operationsCanvas.getBoundingClientRect();
  const row = Math.floor((event.clientY - box.top - timeline.rowsTop) / timeline.rowHeight);
  if (row < 0 || row >= rows.length || event.clientX - box.left < area.left) return { op: -1, crowd: 0 };
  const time = toTime(area, event.clientX - box.left);
  const reach = (4 / area.plot) * (view.end - view.start);
  const list = rows[row];
  let best = -1, distance = reach, crowd = 0;
  for (let i = Math.max(firstFrom(list, time - reach) - 1, 0); i < list.length && ops.time[list[i]] <= time + reach; i++) {
    const op = list[i];
    if (!shown(op)) continue;
    const away = time < ops.time[op] ? ops.time[op] - time : time > ops.end[op] ? time - ops.end[op] : 0;
    if (away <= reach) crowd++;
    const rank = cited.has(op) ? away / 4 : away;
    if (rank <= distance) { best = op; distance = rank; }
  }
  return { op: best, crowd };
}

function laneAt(event) {
  const area = timeline.area;
  const box = operationsCanvas.getBoundingClientRect();
  const lane = lanes[Math.floor((event.clientY - box.top - timeline.top) / timeline.laneHeight)];
  if (!lane || event.clientY - box.top > timeline.rowsTop) return null;
  const time = toTime(area, event.clientX - box.left);
  const reach = (3 / area.plot) * (view.end - view.start);
  return {
    lane, faults: lane.faults.filter((fault) => fault.began - reach <= time && time <= (fault.ended ?? Infinity) + reach),
    primary: reigns.find((reign) => reign.from <= time && time < reign.to),
  };
}

function hoverOperations(event) {
  const { op, crowd } = opAt(event);
  operationsCanvas.style.cursor = op >= 0 ? "pointer" : "grab";
  if (op >= 0) {
    showTooltip(event, (tooltip) => describe(tooltip, op, crowd));
    return;
  }
  const found = laneAt(event);
  if (!found || (found.faults.length === 0 && !found.primary)) return hideTooltip();
  showTooltip(event, (tooltip) => {
    line(tooltip, clean(found.lane.name), "b");
    if (found.primary?.node === found.lane.name) line(tooltip, "is the primary");
    for (const fault of found.faults) {
      line(tooltip, clean(`${fault.title}: ${fault.summary}`));
      line(tooltip, `${moment(fault.began, 3)} – ${fault.ended === null ? "the end" : moment(fault.ended, 3)} · ${clean(fault.state)}`);
    }
  });
}

function describe(parent, op, crowd) {
  const place = [`#${ops.index[op]}`, `process ${run.processes[ops.process[op]]}`, nodeText(op)].filter(Boolean).join(" · ");
  line(parent, callText(op), "b");
  line(parent, place);
  const end = ops.outcome[op] === NEVER ? "never completed" : `${moment(ops.end[op])} (${duration(ops.end[op] - ops.time[op])})`;
  line(parent, `${moment(ops.time[op])} – ${end}`);
  line(parent, outcomeNames[ops.outcome[op]] + (errorText(op) ? ": " + errorText(op) : "") + (failing.has(op) ? " · impossible from here on" : cited.has(op) ? " · cited by a proof" : ""));
  for (const fault of faultsInForce(ops.time[op], ops.end[op]).slice(0, 4)) line(parent, clean(`in force: ${fault.title} ${fault.summary}`));
  if (crowd > 3) line(parent, `${plural(crowd, "operation")} near here; zoom in to tell them apart`);
}

// The whole run in a strip: how much went on, where the violation is, and the part in view.
let overviewCounts = null;
function drawOverview() {
  const area = prepare(overviewCanvas);
  const { context } = area;
  const whole = (time) => area.left + (time / run.end) * area.plot;
  if (!overviewCounts) {
    overviewCounts = new Float64Array(240);
    for (let op = 0; op < ops.count; op++) overviewCounts[Math.min(239, Math.floor((ops.time[op] / run.end) * 240))]++;
  }
  const most = overviewCounts.reduce((a, b) => Math.max(a, b), 1);
  context.fillStyle = colours.raised;
  context.fillRect(area.left, 4, area.plot, area.height - 8);
  for (const fault of run.faults) {
    if (fault.began === null) continue;
    context.fillStyle = faultColour(fault);
    context.globalAlpha = 0.3;
    context.fillRect(whole(fault.began), 4, Math.max(whole(fault.ended ?? run.end) - whole(fault.began), 1.5), area.height - 8);
    context.globalAlpha = 1;
  }
  context.fillStyle = colours.ok;
  overviewCounts.forEach((number, position) => {
    const height = (number / most) * (area.height - 16);
    context.fillRect(area.left + (position * area.plot) / 240, area.height - 4 - height, area.plot / 240 - 0.5, height);
  });
  context.fillStyle = colours.bad;
  for (const op of failing) {
    const x = whole(ops.end[op]);
    context.fillRect(x - 1, 2, 2, area.height - 4);
    context.beginPath();
    context.moveTo(x - 5, 0);
    context.lineTo(x + 5, 0);
    context.lineTo(x, 7);
    context.fill();
  }
  const from = whole(view.start), to = whole(view.end);
  context.fillStyle = colours.surface;
  context.globalAlpha = 0.62;
  context.fillRect(area.left, 2, from - area.left, area.height - 4);
  context.fillRect(to, 2, area.right - to, area.height - 4);
  context.globalAlpha = 1;
  context.strokeStyle = colours.text;
  context.lineWidth = 1.5;
  context.strokeRect(from, 2.5, Math.max(to - from, 3), area.height - 5);
  context.fillStyle = colours.muted;
  context.font = "11px " + colours.mono;
  context.textAlign = "right";
  context.textBaseline = "middle";
  context.fillText(duration(view.end - view.start), area.left - 8, area.height / 2);
}

function attachOverview() {
  let from = null, grab = null;
  const timeAt = (event) => {
    const width = overviewCanvas.clientWidth;
    const left = width < 560 ? 58 : 92;
    return ((event.clientX - overviewCanvas.getBoundingClientRect().left - left) / (width - 10 - left)) * run.end;
  };
  overviewCanvas.addEventListener("pointerdown", (event) => {
    overviewCanvas.setPointerCapture(event.pointerId);
    const time = timeAt(event);
    const isWhole = view.end - view.start > run.end * 0.999;
    if (!isWhole && time >= view.start && time <= view.end) grab = time - view.start; else from = time;
  });
  overviewCanvas.addEventListener("pointermove", (event) => {
    const time = timeAt(event);
    if (grab !== null) setView(time - grab, time - grab + view.end - view.start);
    else if (from !== null && Math.abs(time - from) > run.end / 500) setView(Math.max(Math.min(from, time), 0), Math.min(Math.max(from, time), run.end));
  });
  const finish = (event) => {
    if (from !== null && Math.abs(timeAt(event) - from) <= run.end / 500) {
      const half = (view.end - view.start) / 2;
      setView(from - half, from + half);
    }
    from = grab = null;
  };
  overviewCanvas.addEventListener("pointerup", finish);
  overviewCanvas.addEventListener("pointercancel", () => { from = grab = null; });
  overviewCanvas.addEventListener("keydown", onKey);
}
