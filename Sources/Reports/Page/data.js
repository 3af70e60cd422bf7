// The operations and faults of the run, unpacked into flat arrays. Times are nanoseconds since the run began.

const byId = (id) => document.getElementById(id);
const run = JSON.parse(byId("run-data").textContent);
const outcomeNames = ["ok", "fail", "info", "info"];
const NEVER = 3;

function decodeBase64(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

// Each column is a list of variable-length integers, seven bits a byte, the lowest first.
function unpackColumns() {
  const bytes = decodeBase64(byId("run-operations").textContent);
  const columns = {};
  let at = 0;
  for (const [name, length] of run.columns) {
    const numbers = new Float64Array(run.count);
    const stop = at + length;
    for (let i = 0; at < stop; i++) {
      let byte = bytes[at++];
      let number = byte & 127;
      for (let scale = 128; byte > 127; scale *= 128) {
        byte = bytes[at++];
        number += (byte & 127) * scale;
      }
      numbers[i] = number;
    }
    columns[name] = numbers;
  }
  return columns;
}

const signed = (number) => (number % 2 ? -(number + 1) / 2 : number / 2);

const ops = (() => {
  const raw = unpackColumns();
  const count = run.count;
  const index = new Float64Array(count);
  const time = new Float64Array(count);
  const end = new Float64Array(count);
  const waited = new Float64Array(count);
  for (let i = 0; i < count; i++) {
    index[i] = signed(raw.index[i]) + (i ? index[i - 1] : 0);
    time[i] = signed(raw.time[i]) + (i ? time[i - 1] : 0);
    end[i] = raw.outcome[i] === NEVER ? run.end : time[i] + signed(raw.duration[i]);
    waited[i] = raw.waited[i] === 0 ? NaN : signed(raw.waited[i] - 1);
  }
  const whole = (numbers) => Int32Array.from(numbers);
  return {
    count, index, time, end, waited,
    completion: raw.completion, outcome: Uint8Array.from(raw.outcome), process: whole(raw.process),
    fn: whole(raw.function), key: whole(raw.key), value: whole(raw.value), result: whole(raw.result),
    node: whole(raw.node), error: whole(raw.error),
    hasIntended: raw.waited.some((number) => number > 0),
  };
})();

// The operations of each row, in the order of time.
const rows = (() => {
  const sizes = new Int32Array(run.rowNames.length);
  for (let i = 0; i < ops.count; i++) sizes[run.rows[ops.process[i]]]++;
  const lists = Array.from(sizes, (size) => new Int32Array(size));
  sizes.fill(0);
  for (let i = 0; i < ops.count; i++) {
    const row = run.rows[ops.process[i]];
    lists[row][sizes[row]++] = i;
  }
  return lists;
})();
const rowOf = (op) => run.rows[ops.process[op]];

// Position of the first entry of a row that begins at that time or later.
function firstFrom(list, time) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ops.time[list[middle]] < time) low = middle + 1; else high = middle;
  }
  return low;
}

// The operation whose invocation or completion has that index in the history, or -1.
function opWithIndex(index) {
  let low = 0, high = ops.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ops.index[middle] < index) low = middle + 1; else high = middle;
  }
  if (low < ops.count && ops.index[low] === index) return low;
  for (let op = low - 1; op >= 0; op--) if (ops.completion[op] && completionIndex(op) === index) return op;
  return -1;
}
const completionIndex = (op) => ops.index[op] + signed(ops.completion[op]);

const cited = new Set();
const failing = new Set();
for (const anomaly of run.anomalies) {
  for (const index of anomaly.operations) {
    const op = opWithIndex(index);
    if (op >= 0) cited.add(op);
  }
  const op = anomaly.failedAt === null ? -1 : opWithIndex(anomaly.failedAt);
  if (op >= 0) { cited.add(op); failing.add(op); }
}

// Characters that would not show, or would turn the line around, as something visible.
const clean = (text) => text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g, (character) => {
  const code = character.charCodeAt(0);
  return code < 32 ? String.fromCharCode(0x2400 + code) : "⟨U+" + code.toString(16).toUpperCase().padStart(4, "0") + "⟩";
});

const keyText = (op) => (ops.key[op] ? clean(run.keys[ops.key[op] - 1]) : "");
const valueText = (op) => (ops.value[op] ? clean(run.values[ops.value[op] - 1]) : "");
const nodeText = (op) => (ops.node[op] ? clean(run.nodes[ops.node[op] - 1]) : "");
const errorText = (op) => (ops.error[op] ? clean(run.errors[ops.error[op] - 1]) : "");
function resultText(op) {
  const result = ops.result[op];
  if (result > 1) return clean(run.values[result - 2]);
  return result === 1 ? valueText(op) : ops.outcome[op] === 0 ? "null" : "";
}

// `read 3 → 2`, `write 3 ← 5`, `cas 3: 1 → 2`, with or without the key 3; as the tables write it.
function callText(op, withKey = true) {
  const name = clean(run.functions[ops.fn[op]]);
  const start = name + (withKey && ops.key[op] ? " " + keyText(op) : "");
  const value = valueText(op);
  if (name === "cas") {
    const pair = /^\[([^,\[\]{}"]+),([^,\[\]{}"]+)\]$/.exec(value);
    if (pair) return `${start}${ops.key[op] && withKey ? ":" : ""} ${pair[1]} → ${pair[2]}`;
  }
  const saysMore = ops.outcome[op] === 0 && ops.result[op] !== 1 && !(ops.result[op] === 0 && !value && name !== "read");
  return start + (value ? (ops.key[op] && withKey ? " ← " : " ") + value : "") + (saysMore ? " → " + resultText(op) : "");
}

const faultsInForce = (from, to) =>
  run.faults.filter((fault) => fault.began !== null && fault.began <= to && from <= (fault.ended ?? Infinity));

const count = (number) => number.toLocaleString("en");
const plural = (number, noun) => `${count(number)} ${noun}${number === 1 ? "" : "s"}`;

function duration(nanoseconds) {
  const size = Math.abs(nanoseconds);
  const digits = (number) => String(Number(number.toPrecision(3)));
  if (size < 1e3) return `${Math.round(nanoseconds)} ns`;
  if (size < 1e6) return `${digits(nanoseconds / 1e3)} µs`;
  if (size < 1e9) return `${digits(nanoseconds / 1e6)} ms`;
  if (size < 60e9) return `${digits(nanoseconds / 1e9)} s`;
  const seconds = Math.round(nanoseconds / 1e9);
  return `${Math.floor(seconds / 60)} min` + (seconds % 60 ? ` ${seconds % 60} s` : "");
}
const moment = (nanoseconds, decimals = 6) => (nanoseconds / 1e9).toFixed(decimals) + " s";
