// The chosen operation: all there is to know of it, and the ways to its neighbours.

let selected = -1;

function select(op, { reveal = false, remember = true } = {}) {
  selected = op;
  const detail = byId("detail");
  detail.replaceChildren();
  if (op < 0) return redraw();
  if (remember) history.replaceState(null, "", "#op-" + ops.index[op]);

  const title = document.createElement("div");
  title.className = "title";
  line(title, callText(op), "b");
  addButton(title, "‹ earlier", () => stepInRow(-1), "The operation before this one on the same row");
  addButton(title, "later ›", () => stepInRow(1), "The operation after this one on the same row");
  if (ops.key[op]) addButton(title, "only this key", () => setKey(run.keys[ops.key[op] - 1]));
  addButton(title, "close", () => select(-1));
  detail.append(title);

  const facts = document.createElement("dl");
  facts.className = "facts";
  const add = (name, text) => {
    if (text === "") return;
    const pair = document.createElement("div");
    line(pair, name, "dt");
    line(pair, text, "dd");
    facts.append(pair);
  };
  const never = ops.outcome[op] === NEVER;
  add("index", `${ops.index[op]}` + (never ? "" : ` – ${completionIndex(op)}`));
  add("outcome", never ? "info: it never completed" : outcomeNames[ops.outcome[op]]);
  add("process", `${run.processes[ops.process[op]]} (${run.rowNames[rowOf(op)]})`);
  add("node", nodeText(op));
  add("key", keyText(op));
  add("value sent", valueText(op));
  add("value returned", ops.outcome[op] === 0 ? resultText(op) : "");
  add("error", errorText(op));
  add("invoked", moment(ops.time[op], 9));
  add("completed", never ? "never" : moment(ops.end[op], 9));
  add("latency", never ? "" : duration(ops.end[op] - ops.time[op]));
  if (ops.waited[op] === ops.waited[op]) add("intended", `${moment(ops.time[op] - ops.waited[op], 6)}` + (ops.waited[op] > 0 ? `, ${duration(ops.waited[op])} earlier` : ""));
  for (const fault of faultsInForce(ops.time[op], ops.end[op])) add("in force", clean(`${fault.title}: ${fault.summary}`));
  run.anomalies.forEach((anomaly) => {
    if (anomaly.failedAt === ops.index[op]) add("proof", clean(anomaly.name) + ": impossible from here on");
    else if (anomaly.operations.includes(ops.index[op])) add("proof", "cited by " + clean(anomaly.name));
  });
  detail.append(facts);
  if (reveal) showTime(op);
  redraw();
}

function addButton(parent, text, action, title) {
  const button = line(parent, text, "button");
  button.type = "button";
  if (title) button.title = title;
  button.addEventListener("click", action);
}

// Brings the operation into view, near enough to be read.
function showTime(op) {
  const end = ops.outcome[op] === NEVER ? ops.time[op] : ops.end[op];
  const room = Math.max((end - ops.time[op]) * 6, 2e6);
  const isVisible = ops.time[op] > view.start && end < view.end && view.end - view.start < room * 8;
  if (!isVisible) setView(ops.time[op] - room / 2, end + room / 2);
}

// Shows the part of the run that a proof speaks of.
function showAnomaly(number) {
  const anomaly = run.anomalies[number];
  const found = anomaly.operations.concat(anomaly.failedAt ?? []).map(opWithIndex).filter((op) => op >= 0);
  if (found.length === 0) return;
  const last = anomaly.failedAt === null ? found[found.length - 1] : opWithIndex(anomaly.failedAt);
  const start = Math.min(...found.map((op) => ops.time[op]));
  const end = Math.max(...found.map((op) => (ops.outcome[op] === NEVER ? ops.time[op] : ops.end[op])));
  const margin = Math.max((end - start) * 0.15, 1e6);
  clearFilter();
  setView(start - margin, end + margin);
  if (last >= 0) select(last);
}

const nearestShown = (list, from, step) => {
  for (let i = from; i >= 0 && i < list.length; i += step) if (shown(list[i])) return list[i];
  return -1;
};

function stepInRow(step) {
  if (selected < 0) return selectFirst();
  const list = rows[rowOf(selected)];
  const next = nearestShown(list, list.indexOf(selected) + step, step);
  if (next >= 0) select(next, { reveal: true });
}

function stepAcrossRows(step) {
  if (selected < 0) return selectFirst();
  for (let row = rowOf(selected) + step; row >= 0 && row < rows.length; row += step) {
    const list = rows[row];
    const at = firstFrom(list, ops.time[selected]);
    const before = nearestShown(list, at - 1, -1), after = nearestShown(list, at, 1);
    const away = (op) => (op < 0 ? Infinity : Math.abs(ops.time[op] - ops.time[selected]));
    const next = away(before) < away(after) ? before : after;
    if (next >= 0) return select(next, { reveal: true });
  }
}

function selectFirst() {
  for (let op = 0; op < ops.count; op++) if (shown(op) && ops.end[op] >= view.start) return select(op, { reveal: false });
}

// The next operation that the filter lets through, or else the next that a proof cites.
function stepMatch(step) {
  const list = filter.matches ?? Int32Array.from([...cited].sort((a, b) => a - b));
  if (list.length === 0) return;
  let next;
  if (selected < 0) {
    next = step > 0 ? list.find((op) => ops.time[op] >= view.start) ?? list[0] : list[list.length - 1];
  } else if (step > 0) {
    next = list.find((op) => op > selected) ?? list[0];
  } else {
    next = list[list.length - 1];
    for (let i = list.length - 1; i >= 0; i--) if (list[i] < selected) { next = list[i]; break; }
  }
  select(next, { reveal: true });
}
