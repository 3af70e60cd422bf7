// Which operations are shown: by text, by key, by outcome.

const filter = { text: "", key: "", hidden: new Set(), mask: null, matches: null };
const shown = (op) => filter.mask === null || filter.mask[op] === 1;

// For each text of a table whether it contains the word; operations then need only look up a number.
const hits = (texts, word) => Uint8Array.from(texts, (text) => (text.toLowerCase().includes(word) ? 1 : 0));

function wordTest(word) {
  const number = /^#(\d+)$/.exec(word);
  if (number) {
    const wanted = opWithIndex(Number(number[1]));
    return (op) => op === wanted;
  }
  const tables = [
    [ops.fn, hits(run.functions, word), 0], [ops.key, hits(run.keys, word), 1], [ops.value, hits(run.values, word), 1],
    [ops.result, hits(run.values, word), 2], [ops.node, hits(run.nodes, word), 1], [ops.error, hits(run.errors, word), 1],
  ];
  const outcome = outcomeNames.indexOf(word);
  return (op) => {
    for (const [column, found, offset] of tables) if (column[op] >= offset && found[column[op] - offset]) return true;
    return outcome >= 0 && (ops.outcome[op] === outcome || (outcome === 2 && ops.outcome[op] === NEVER));
  };
}

function applyFilter() {
  let text = filter.text.toLowerCase();
  const tests = [];
  // `process 3` and `p3` name a process; every other word must occur somewhere in the operation.
  text = text.replace(/\b(?:process\s+|p)(\d+)\b/g, (_, digits) => {
    const process = run.processes.indexOf(Number(digits));
    tests.push((op) => ops.process[op] === process);
    return " ";
  });
  for (const word of text.split(/\s+/).filter(Boolean)) tests.push(wordTest(word));
  if (filter.key) {
    const key = run.keys.indexOf(filter.key) + 1;
    tests.push((op) => key > 0 && ops.key[op] === key);
  }
  for (const name of filter.hidden) {
    const outcome = outcomeNames.indexOf(name);
    tests.push((op) => Math.min(ops.outcome[op], 2) !== outcome);
  }
  if (tests.length === 0) {
    filter.mask = null;
    filter.matches = null;
    return;
  }
  filter.mask = new Uint8Array(ops.count);
  const matches = [];
  for (let op = 0; op < ops.count; op++) {
    if (!tests.every((test) => test(op))) continue;
    filter.mask[op] = 1;
    matches.push(op);
  }
  filter.matches = Int32Array.from(matches);
}
