// Controls of the page: filters, links into the timeline, sortable tables, copying, colours.

function refreshFilter() {
  applyFilter();
  const total = filter.matches === null ? ops.count : filter.matches.length;
  byId("matches").textContent = filter.matches === null ? plural(ops.count, "operation") : `${count(total)} of ${count(ops.count)}`;
  byId("next").disabled = byId("previous").disabled = filter.matches === null ? cited.size === 0 : total === 0;
  redraw();
}
function setKey(key) {
  byId("key").value = filter.key = key;
  refreshFilter();
}
function clearFilter() {
  byId("search").value = byId("key").value = filter.text = filter.key = "";
  filter.hidden.clear();
  for (const button of document.querySelectorAll("[data-outcome]")) button.setAttribute("aria-pressed", "true");
  refreshFilter();
}

function wireToolbar() {
  let timer;
  byId("search").addEventListener("input", (event) => {
    clearTimeout(timer);
    timer = setTimeout(() => { filter.text = event.target.value.trim(); refreshFilter(); }, 120);
  });
  byId("search").addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return;
    clearTimeout(timer);
    filter.text = event.target.value.trim();
    refreshFilter();
    stepMatch(event.shiftKey ? -1 : 1);
  });
  byId("key").addEventListener("input", (event) => { filter.key = event.target.value.trim(); refreshFilter(); });
  for (const key of run.keys.slice(0, 1000)) {
    const option = document.createElement("option");
    option.value = key;
    byId("key-list").append(option);
  }
  for (const button of document.querySelectorAll("[data-outcome]")) {
    button.addEventListener("click", () => {
      const name = button.dataset.outcome;
      if (!filter.hidden.delete(name)) filter.hidden.add(name);
      button.setAttribute("aria-pressed", String(!filter.hidden.has(name)));
      refreshFilter();
    });
  }
  byId("zoom-in").addEventListener("click", () => zoom(0.5));
  byId("zoom-out").addEventListener("click", () => zoom(2));
  byId("zoom-fit").addEventListener("click", () => setView(0, run.end));
  byId("previous").addEventListener("click", () => stepMatch(-1));
  byId("next").addEventListener("click", () => stepMatch(1));
  let violation = -1;
  byId("violation")?.addEventListener("click", () => {
    violation = (violation + 1) % run.anomalies.length;
    showAnomaly(violation);
  });
  for (const button of document.querySelectorAll("[data-basis]")) {
    button.addEventListener("click", () => {
      chartState.basis = button.dataset.basis;
      for (const other of document.querySelectorAll("[data-basis]")) other.setAttribute("aria-pressed", String(other === button));
      redraw();
    });
  }
}

const goToTimeline = () => byId("timeline").scrollIntoView();

function wireLinks() {
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a, tr[data-fault]");
    if (!link) return;
    if (link.dataset.fault !== undefined) {
      const fault = run.faults[Number(link.dataset.fault)];
      if (fault.began === null || window.getSelection().toString()) return;
      const end = fault.ended ?? run.end;
      const margin = Math.max((end - fault.began) * 0.2, 1e6);
      setView(fault.began - margin, end + margin);
      goToTimeline();
    } else if (link.dataset.anomaly !== undefined) {
      event.preventDefault();
      showAnomaly(Number(link.dataset.anomaly));
      goToTimeline();
    } else if (link.dataset.key !== undefined) {
      event.preventDefault();
      setKey(link.dataset.key);
      goToTimeline();
    } else if (openOperation(link.getAttribute("href"))) {
      event.preventDefault();
    }
  });
  window.addEventListener("hashchange", () => openOperation(location.hash));
}

// A link such as `#op-17`, from within the page or from outside.
function openOperation(link) {
  const found = /^#op-(\d+)$/.exec(link ?? "");
  if (!found) return false;
  const op = opWithIndex(Number(found[1]));
  if (op < 0) return false;
  if (!shown(op)) clearFilter();
  select(op, { reveal: true });
  goToTimeline();
  return true;
}

function wireTables() {
  const numeric = (text) => (text !== "" && Number.isFinite(Number(text)) ? Number(text) : null);
  for (const table of document.querySelectorAll("table.sortable")) {
    table.querySelectorAll("th").forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const value = (row) => row.cells[column].dataset.sort ?? row.cells[column].textContent;
        const compare = (a, b) => {
          const [x, y] = [value(a), value(b)];
          const [m, n] = [numeric(x), numeric(y)];
          return m !== null && n !== null ? m - n : x.localeCompare(y, "en", { numeric: true });
        };
        const body = table.tBodies[0];
        const all = [...body.rows];
        const sum = all.filter((row) => row.classList.contains("total"));
        const sorted = all.filter((row) => !row.classList.contains("total")).sort((a, b) => (descending ? compare(b, a) : compare(a, b)));
        body.append(...sorted, ...sum);
      });
    });
  }
}

function wireCopying() {
  for (const button of document.querySelectorAll("button.copy")) {
    button.addEventListener("click", async () => {
      const source = button.parentElement.querySelector("pre");
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.textContent = "Copied";
      } catch {
        // A page opened from a file may not be allowed to; then the text is at least chosen.
        getSelection().selectAllChildren(source);
        button.textContent = document.execCommand("copy") ? "Copied" : "Press Ctrl+C";
      }
      setTimeout(() => { button.textContent = "Copy"; }, 1600);
    });
  }
}

function wireColours() {
  const button = byId("theme");
  const names = { auto: "as the system", light: "light", dark: "dark" };
  let theme = "auto";
  try { theme = localStorage.getItem("polygraph-theme") ?? "auto"; } catch { /* A file may have no storage. */ }
  const apply = () => {
    if (theme === "auto") delete document.documentElement.dataset.theme; else document.documentElement.dataset.theme = theme;
    button.textContent = { auto: "◐", light: "☀", dark: "☾" }[theme];
    button.setAttribute("aria-label", "Colours: " + names[theme]);
    readColours();
    redraw();
  };
  button.addEventListener("click", () => {
    theme = { auto: "light", light: "dark", dark: "auto" }[theme];
    try { localStorage.setItem("polygraph-theme", theme); } catch { /* As above. */ }
    apply();
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
  apply();
}

canvases.push({ draw: drawOverview }, { draw: drawOperations }, { draw: drawThroughput }, { draw: drawLatency });
attachOverview();
attachGestures(operationsCanvas, () => timeline.area, {
  hover: hoverOperations,
  tap: (event) => { const { op } = opAt(event); if (op >= 0) select(op); },
});
attachGestures(throughputCanvas, () => chartState.throughput.area, { hover: hoverThroughput });
attachGestures(latencyCanvas, () => chartState.latency.area, {
  hover: hoverLatency,
  tap: (event) => { const op = chartState.latency.asPoints ? pointAt(event) : -1; if (op >= 0) select(op, { reveal: true }); },
});
if (clocksCanvas) {
  canvases.push({ draw: drawClocks });
  attachGestures(clocksCanvas, () => clockState.area, { hover: hoverClocks });
}
wireColours();
wireToolbar();
wireLinks();
wireTables();
wireCopying();
refreshFilter();
for (const entry of canvases) entry.draw();
new ResizeObserver(redraw).observe(operationsCanvas);
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
  for (const entry of canvases) entry.draw();
});
openOperation(location.hash);
document.documentElement.dataset.ready = "true";
