// How far the wall clock of each node is from the true time, over the part of the run in view.

const clocksCanvas = byId("clocks");
const clockState = { area: null };

// From each setting of a clock to the next. Nanoseconds; `rate` in parts per million.
const clocks = run.clocks.map(([name, settings]) => ({
  name,
  settings: settings.map(([time, offset, rate, gain, duration, period, amplitude, measured], position) => ({
    time, offset, rate, gain: gain ?? 0, duration: duration ?? 0, period: period ?? 0, amplitude: amplitude ?? 0, measured,
    end: settings[position + 1]?.[0] ?? run.end,
  })),
}));

// The error at a time, without the jumps to and fro.
function steadyError(setting, time) {
  const elapsed = time - setting.time;
  const slewed = setting.duration ? setting.gain * Math.min(1, elapsed / setting.duration) : 0;
  return setting.offset + (elapsed * setting.rate) / 1e6 + slewed;
}
const isAhead = (setting, time) => setting.period > 0 && Math.floor((time - setting.time) / (setting.period / 2)) % 2 === 1;
const clockError = (setting, time) => steadyError(setting, time) + (isAhead(setting, time) ? setting.amplitude : 0);

const settingAt = (clock, time) => clock.settings.findLast((setting) => setting.time <= time);

// Times within the view at which the line of a setting begins, bends or ends.
function bends(setting) {
  const from = Math.max(setting.time, view.start), to = Math.min(setting.end, view.end);
  if (from > to) return [];
  const bend = setting.time + setting.duration;
  return setting.duration && bend > from && bend < to ? [from, bend, to] : [from, to];
}

function clockLimits() {
  let low = 0, high = 0;
  const take = (error) => { low = Math.min(low, error); high = Math.max(high, error); };
  for (const clock of clocks) {
    for (const setting of clock.settings) {
      for (const time of bends(setting)) {
        take(steadyError(setting, time));
        take(steadyError(setting, time) + setting.amplitude);
      }
    }
  }
  if (low === high) { low = -1e6; high = 1e6; }
  const margin = (high - low) * 0.06;
  return { low: low - margin, high: high + margin, least: low, most: high };
}

// Values of the axis: round ones, and the farthest of a side that has none of these and is more than a line of text high.
function clockTicks({ low, high, least, most }, height) {
  const step = niceStep(high - low, Math.max(3, Math.floor(height / 24)));
  const ticks = [];
  for (let count = Math.ceil(low / step); count * step <= high; count++) ticks.push(count * step);
  for (const farthest of [least, most]) {
    const isTold = ticks.some((tick) => tick !== 0 && tick < 0 === farthest < 0);
    if (!isTold && (Math.abs(farthest) / (high - low)) * height >= 12) ticks.push(farthest);
  }
  return ticks;
}

const signedDuration = (nanoseconds) => (nanoseconds > 0 ? "+" : nanoseconds < 0 ? "−" : "") + duration(Math.abs(nanoseconds));

function drawClocks() {
  const area = prepare(clocksCanvas);
  const { context } = area;
  const { top, bottom, height } = frame(area);
  const limits = clockLimits();
  const { low, high } = limits;
  const toY = (error) => bottom - ((error - low) / (high - low)) * height;
  for (const error of clockTicks(limits, height)) {
    valueLine(area, toY(error), error === 0 ? "0" : signedDuration(error));
  }
  clockState.area = area;
  clipped(area, () => {
    clocks.forEach((clock, place) => drawClock(area, clock, colours.lines[place % colours.lines.length], toY));
    drawViolations(area, top, bottom);
    drawCrosshair(area, top, bottom);
    drawBrush(area, top, bottom);
  });
}

function drawClock(area, clock, colour, toY) {
  const { context } = area;
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = 1.75;
  for (const setting of clock.settings) if (setting.amplitude) drawStrobe(area, setting, toY);
  context.beginPath();
  // Until the first fault the clock is right.
  context.moveTo(area.left, toY(0));
  let error = 0;
  for (const setting of clock.settings) {
    context.lineTo(toX(area, setting.time), toY(error));
    context.lineTo(toX(area, setting.time), toY(setting.offset));
    const bend = setting.time + setting.duration;
    if (setting.duration && bend < setting.end) context.lineTo(toX(area, bend), toY(steadyError(setting, bend)));
    error = steadyError(setting, setting.end);
    context.lineTo(toX(area, setting.end), toY(error));
  }
  context.stroke();
  for (const setting of clock.settings) {
    if (setting.measured === null) continue;
    context.beginPath();
    context.arc(toX(area, setting.time), toY(setting.measured), 3, 0, 2 * Math.PI);
    context.fill();
  }
}

// Between the two times that a clock which jumps to and fro shows; the jumps themselves where there is room for them.
function drawStrobe(area, setting, toY) {
  const { context } = area;
  const times = bends(setting);
  if (times.length === 0) return;
  context.globalAlpha = 0.22;
  context.beginPath();
  for (const time of times) context.lineTo(toX(area, time), toY(steadyError(setting, time)));
  for (const time of times.toReversed()) context.lineTo(toX(area, time), toY(steadyError(setting, time) + setting.amplitude));
  context.fill();
  context.globalAlpha = 1;
  const half = setting.period / 2;
  if ((half / (view.end - view.start)) * area.plot < 3) return;
  context.globalAlpha = 0.6;
  context.beginPath();
  const first = Math.floor((times[0] - setting.time) / half);
  for (let number = first; setting.time + number * half < times[times.length - 1]; number++) {
    const from = setting.time + number * half, to = Math.min(from + half, setting.end);
    const jump = number % 2 === 1 ? setting.amplitude : 0;
    context.lineTo(toX(area, from), toY(steadyError(setting, from) + jump));
    context.lineTo(toX(area, to), toY(steadyError(setting, to) + jump));
  }
  context.stroke();
  context.globalAlpha = 1;
}

function hoverClocks(event) {
  if (pointer.time < view.start) return hideTooltip();
  showTooltip(event, (tooltip) => {
    line(tooltip, moment(pointer.time, 3), "b");
    for (const clock of clocks) {
      const setting = settingAt(clock, pointer.time);
      const milliseconds = (setting ? clockError(setting, pointer.time) : 0) / 1e6;
      line(tooltip, `${clean(clock.name)} ${milliseconds > 0 ? "+" : ""}${milliseconds.toLocaleString("en", { maximumFractionDigits: 3 })} ms`);
    }
    nameFaults(tooltip);
  });
}
