// The part of the run in view, shared by everything that is drawn, and the gestures that change it.

const view = { start: 0, end: run.end };
const SHORTEST_VIEW = 2000;
const canvases = [];
let colours = {};
let pending = false;

function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["page", "surface", "raised", "text", "muted", "line", "accent", "ok", "fail", "info", "bad", "on-op", "on-fail",
    "network", "name", "process", "resource", "clock", "disk", "membership", "other", "mono", "sans"]) {
    colours[name] = style.getPropertyValue("--" + name).trim();
  }
  colours.lines = Array.from({ length: 8 }, (_, i) => style.getPropertyValue("--line-" + i).trim());
  colours.outcomes = [colours.ok, colours.fail, colours.info, colours.info];
}
const faultColour = (fault) => colours[fault.family];

function redraw() {
  if (pending) return;
  pending = true;
  requestAnimationFrame(() => {
    pending = false;
    for (const entry of canvases) entry.draw();
  });
}

function setView(start, end) {
  const span = Math.min(Math.max(end - start, SHORTEST_VIEW), run.end);
  const first = Math.min(Math.max(start, 0), run.end - span);
  view.start = first;
  view.end = first + span;
  redraw();
}
const zoom = (factor, centre = (view.start + view.end) / 2) =>
  setView(centre - (centre - view.start) * factor, centre + (view.end - centre) * factor);
const pan = (share) => setView(view.start + (view.end - view.start) * share, view.end + (view.end - view.start) * share);

// A canvas with one pixel a device pixel; returns the place to draw in.
function prepare(canvas, height) {
  const width = canvas.clientWidth;
  const tall = height ?? canvas.clientHeight;
  const ratio = window.devicePixelRatio || 1;
  if (height !== undefined) canvas.style.height = height + "px";
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(tall * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(tall * ratio);
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, tall);
  const left = width < 560 ? 58 : 92;
  return { context, width, height: tall, left, right: width - 10, plot: width - 10 - left };
}
const toX = (area, time) => area.left + ((time - view.start) / (view.end - view.start)) * area.plot;
const toTime = (area, x) => view.start + ((x - area.left) / area.plot) * (view.end - view.start);

// 1, 2 or 5 times a power of ten, so that about that many steps fit.
function niceStep(span, steps) {
  const raw = span / Math.max(steps, 1);
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].find((factor) => factor * power >= raw) * power;
}

function drawTimeAxis(area, top, bottom, labelY) {
  const { context } = area;
  const step = niceStep(view.end - view.start, area.plot / 110);
  const decimals = Math.max(0, Math.min(9, Math.ceil(-Math.log10(step / 1e9) - 1e-9)));
  context.font = "11px " + colours.mono;
  context.textAlign = "center";
  context.textBaseline = "middle";
  for (let time = Math.ceil(view.start / step) * step; time <= view.end; time += step) {
    const x = toX(area, time);
    context.fillStyle = colours.line;
    context.fillRect(Math.round(x), top, 1, bottom - top);
    if (labelY === undefined) continue;
    const label = (time / 1e9).toFixed(decimals) + " s";
    const half = context.measureText(label).width / 2;
    context.fillStyle = colours.muted;
    context.fillText(label, Math.min(Math.max(x, area.left + half), area.right - half), labelY);
  }
}

function drawBands(area, top, bottom) {
  const { context } = area;
  for (const fault of run.faults) {
    if (fault.began === null) continue;
    const from = Math.max(toX(area, fault.began), area.left);
    const to = Math.min(toX(area, fault.ended ?? run.end), area.right);
    if (to < area.left || from > area.right) continue;
    context.globalAlpha = 0.11;
    context.fillStyle = faultColour(fault);
    context.fillRect(from, top, Math.max(to - from, 1.5), bottom - top);
    context.globalAlpha = 1;
  }
}

const pointer = { time: null };
function drawCrosshair(area, top, bottom) {
  if (pointer.time === null || pointer.time < view.start || pointer.time > view.end) return;
  area.context.fillStyle = colours.muted;
  area.context.globalAlpha = 0.6;
  area.context.fillRect(Math.round(toX(area, pointer.time)), top, 1, bottom - top);
  area.context.globalAlpha = 1;
}
const brush = { from: null, to: null };
function drawBrush(area, top, bottom) {
  if (brush.from === null) return;
  const from = toX(area, Math.min(brush.from, brush.to));
  const to = toX(area, Math.max(brush.from, brush.to));
  area.context.globalAlpha = 0.2;
  area.context.fillStyle = colours.accent;
  area.context.fillRect(from, top, to - from, bottom - top);
  area.context.globalAlpha = 1;
}

// Drag moves, Shift+drag chooses, two fingers or the wheel zoom. A plain wheel zooms only after a click into the
// drawing: before that it belongs to the page.
function attachGestures(canvas, getArea, { hover, tap }) {
  const fingers = new Map();
  let moved = false;
  const timeAt = (event) => toTime(getArea(), event.clientX - canvas.getBoundingClientRect().left);
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event.clientX);
    moved = false;
    if (event.shiftKey && fingers.size === 1) brush.from = brush.to = timeAt(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!fingers.has(event.pointerId)) {
      pointer.time = timeAt(event);
      hover(event);
      redraw();
      return;
    }
    const before = [...fingers.values()];
    const previous = fingers.get(event.pointerId);
    if (Math.abs(event.clientX - previous) < 3 && !moved) return;
    moved = true;
    hideTooltip();
    if (brush.from !== null) {
      brush.to = timeAt(event);
      redraw();
    } else if (fingers.size === 1) {
      const shift = ((previous - event.clientX) / getArea().plot) * (view.end - view.start);
      fingers.set(event.pointerId, event.clientX);
      setView(view.start + shift, view.end + shift);
    } else if (fingers.size === 2) {
      fingers.set(event.pointerId, event.clientX);
      const after = [...fingers.values()];
      const box = canvas.getBoundingClientRect();
      const centre = toTime(getArea(), (after[0] + after[1]) / 2 - box.left);
      zoom(Math.max(Math.abs(before[0] - before[1]), 20) / Math.max(Math.abs(after[0] - after[1]), 20), centre);
    }
  });
  const finish = (event) => {
    if (!fingers.delete(event.pointerId)) return;
    if (brush.from !== null) {
      const [from, to] = [brush.from, brush.to].sort((a, b) => a - b);
      brush.from = brush.to = null;
      if (to > from) setView(from, to);
      redraw();
    } else if (!moved && event.type === "pointerup") {
      tap?.(event);
    }
  };
  canvas.addEventListener("pointerup", finish);
  canvas.addEventListener("pointercancel", finish);
  canvas.addEventListener("pointerleave", () => {
    pointer.time = null;
    hideTooltip();
    redraw();
  });
  canvas.addEventListener("wheel", (event) => {
    const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
    if (!sideways && !event.ctrlKey && !event.metaKey && document.activeElement !== canvas) return;
    event.preventDefault();
    if (sideways) pan((event.deltaX || event.deltaY) / getArea().plot);
    else zoom(Math.exp(Math.max(-60, Math.min(60, event.deltaY)) * 0.006), timeAt(event));
  }, { passive: false });
  canvas.addEventListener("dblclick", (event) => zoom(event.shiftKey ? 3 : 1 / 3, timeAt(event)));
  canvas.addEventListener("keydown", onKey);
}

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const step = event.shiftKey && ["ArrowLeft", "ArrowRight"].includes(event.key);
  const actions = {
    ArrowLeft: () => (step ? stepInRow(-1) : pan(-0.15)), ArrowRight: () => (step ? stepInRow(1) : pan(0.15)),
    ArrowUp: () => stepAcrossRows(-1), ArrowDown: () => stepAcrossRows(1),
    "+": () => zoom(0.6), "=": () => zoom(0.6), "-": () => zoom(1 / 0.6), "0": () => setView(0, run.end),
    Home: () => setView(0, view.end - view.start), End: () => setView(run.end - (view.end - view.start), run.end),
    n: () => stepMatch(1), p: () => stepMatch(-1), Escape: () => { select(-1); event.target.blur(); },
  };
  if (!actions[event.key]) return;
  event.preventDefault();
  actions[event.key]();
}

function showTooltip(event, build) {
  const tooltip = byId("tooltip");
  tooltip.replaceChildren();
  build(tooltip);
  tooltip.hidden = false;
  const box = tooltip.getBoundingClientRect();
  const x = event.clientX + 16 + box.width > innerWidth ? event.clientX - box.width - 14 : event.clientX + 16;
  const y = event.clientY + 18 + box.height > innerHeight ? event.clientY - box.height - 12 : event.clientY + 18;
  tooltip.style.transform = `translate(${Math.max(6, x)}px, ${Math.max(6, y)}px)`;
}
function hideTooltip() { byId("tooltip").hidden = true; }
function line(parent, text, tag = "div") {
  const child = document.createElement(tag);
  child.textContent = text;
  parent.append(child);
  return child;
}
