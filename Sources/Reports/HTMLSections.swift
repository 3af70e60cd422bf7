import PolygraphChecking
import PolygraphHistory

// The sections below the proof: tables, and the places in which the script draws.

extension HTMLPage {
    /// More rows than this make a page slow; the worst come first, and `results.json` has all.
    private static let keysAtMost = 2_000

    var hasKeys: Bool { record.results.contains { $0.partitions.count > 1 } || statistics.keys.count > 1 }

    func functionSection() -> Markup {
        section(
            "operations", "Operations",
            note: "Latencies are those of ok operations. The intended time is when the generator wanted the "
                + "operation: counted from there, a slow system cannot hide its queue."
        ) {
            table(
                [
                    ("function", false), ("ok", true), ("fail", true), ("info", true), ("p50", true), ("p99", true),
                    ("max", true), ("p50 intended", true), ("p99 intended", true), ("max intended", true),
                ], sortable: true, label: "Operations by function"
            ) {
                for function in statistics.functions {
                    functionRow(function.name, function.tally, function.latency, function.intendedLatency)
                }
                functionRow("all", statistics.total, statistics.latency, statistics.intendedLatency)
            }
            if !statistics.errors.isEmpty {
                element("details") {
                    element("summary") { Units.plural(statistics.errors.count, "kind of error", "kinds of errors") }
                    table([("count", true), ("outcome", false), ("error", false)], label: "Errors") {
                        for error in statistics.errors.prefix(100) {
                            element("tr") {
                                cell(Units.count(error.count), "number")
                                cell(error.kind.rawValue, error.kind.rawValue)
                                cell(String(error.text.prefix(500)), "code")
                            }
                        }
                    }
                }
            }
        }
    }

    private func functionRow(
        _ name: String, _ tally: Tally, _ latency: LatencySummary, _ intended: LatencySummary
    ) -> Markup {
        element("tr", .class(name == "all" ? "total" : "")) {
            cell(name, "code")
            for number in [tally.ok, tally.fail, tally.info] { cell(Units.count(number), sortedBy: Int64(number)) }
            for summary in [latency, intended] {
                for number in [summary.quantile(0.5), summary.quantile(0.99), summary.maximum] {
                    let isKnown = summary == latency || statistics.hasIntended
                    cell(isKnown ? number.map(Units.duration) ?? "–" : "–", sortedBy: number ?? -1)
                }
            }
        }
    }

    func faultSection() -> Markup {
        let refused = log.refused == 0 ? "" : "; \(log.refused) refused"
        return section(
            "faults", "Faults",
            note: log.faults.isEmpty
                ? nil
                : "\(log.injected) took place, \(log.proved) of them proved\(refused). Begun: when the nemesis started "
                    + "on it. In force: measured. Click a row to see it in the timeline."
        ) {
            if log.faults.isEmpty {
                element("p", .class("empty")) { "No fault was injected." }
            } else {
                table(
                    [
                        ("#", true), ("fault", false), ("nodes", false), ("what was done", false), ("begun", true),
                        ("in force from", true), ("to", true), ("state", false), ("proof", false),
                    ], sortable: true, label: "Faults"
                ) {
                    for (position, fault) in log.faults.enumerated() { faultRow(fault, position) }
                }
            }
        }
    }

    private func faultRow(_ fault: RecordedFault, _ position: Int) -> Markup {
        let last = Int64.max
        return element("tr", .init("data-fault", String(position))) {
            cell(fault.id.map(String.init) ?? "–", sortedBy: fault.id ?? -1)
            element("td", .class("kind")) {
                element("span", .class("swatch fault-\(FaultFamily(function: fault.function).rawValue)"))
                fault.title
            }
            cell(fault.targets.joined(separator: " "))
            cell(fault.summary, "wide")
            cell(fault.intended.map(Units.moment) ?? "–", sortedBy: fault.intended ?? last)
            cell(fault.began.map(Units.moment) ?? "never", sortedBy: fault.began ?? last)
            cell(fault.ended.map(Units.moment) ?? (fault.began == nil ? "–" : "the end"), sortedBy: fault.ended ?? last)
            element("td") {
                element("span", .class("state \(fault.state == "proved" ? "good" : "doubtful")")) { fault.state }
            }
            element("td", .class("wide proof")) {
                if let failure = fault.failure { element("div") { failure } }
                for phrase in fault.proofPhrases() { element("div") { phrase } }
                for phrase in fault.proofPhrases(undo: true) { element("div", .class("note")) { "undone: \(phrase)" } }
                if let failure = fault.undoFailure { element("div") { "not undone: \(failure)" } }
            }
        }
    }

    func checkSection() -> Markup {
        section("checks", "Checks") {
            if record.results.isEmpty { element("p", .class("empty")) { "No checker has run." } }
            for result in record.results {
                element("article", .class("card check")) {
                    element("h3") {
                        pill(result.verdict)
                        " \(result.checker)"
                    }
                    element("p") { result.reason }
                    if let reading = result.reading { element("p", .class("note")) { "Read with: \(reading)." } }
                    if !result.plainFacts.isEmpty { facts(result.plainFacts) }
                }
            }
        }
    }

    private func facts(_ facts: [CheckResult.Fact]) -> Markup {
        element("dl", .class("facts")) {
            for fact in facts {
                element("div") {
                    element("dt") { fact.readable.name }
                    element("dd") { fact.readable.value }
                }
            }
        }
    }

    @MarkupBuilder
    func keySection() -> Markup {
        if hasKeys {
            let rows = keyRows()
            section(
                "keys", "Keys",
                note: rows.count > Self.keysAtMost
                    ? "The \(Units.count(Self.keysAtMost)) that matter most of \(Units.count(rows.count)); "
                        + "results.json has all." : nil
            ) {
                .element(
                    "details", rows.count <= 30 ? [.init("open", nil)] : [],
                    [
                        element("summary") { Units.plural(rows.count, "key") },
                        table(
                            [
                                ("key", false), ("checker", false), ("verdict", false), ("operations", true),
                                ("ok", true), ("fail", true), ("info", true), ("time to check", true),
                                ("witness replayed", false), ("reason", false),
                            ], sortable: true, label: "Results by key"
                        ) { for row in rows.prefix(Self.keysAtMost) { keyRow(row) } },
                    ])
            }
        }
    }

    private struct KeyRow {
        var key: Value?
        var checker: String
        var partition: PartitionResult?
        var tally: Tally

        /// Rank of the verdict, then by operations.
        var order: (Int, Int) {
            let rank = partition.map { [.invalid: 0, .unknown: 1, .valid: 2][$0.verdict] ?? 2 } ?? 3
            return (rank, -(partition?.operations ?? tally.total))
        }

        /// Invalid first, each where its name is looked for; then unknown, and the rest, by operations.
        func precedes(_ other: KeyRow) -> Bool {
            if order.0 != other.order.0 { return order.0 < other.order.0 }
            if order.0 != 0, order.1 != other.order.1 { return order.1 < other.order.1 }
            return NaturalOrder.precedes(key, other.key)
        }
    }

    private func keyRows() -> [KeyRow] {
        let tallies = Dictionary(statistics.keys.map { ($0.key, $0.tally) }, uniquingKeysWith: { first, _ in first })
        let checked = record.results.flatMap { result in
            result.partitions.map { partition in
                KeyRow(
                    key: partition.key, checker: result.checker, partition: partition,
                    tally: partition.key.map { tallies[$0] ?? Tally() } ?? statistics.total)
            }
        }
        let known = Set(checked.compactMap(\.key))
        let others = statistics.keys.filter { !known.contains($0.key) }
            .map { KeyRow(key: $0.key, checker: "–", partition: nil, tally: $0.tally) }
        return (checked + others).sorted { $0.precedes($1) }
    }

    private func keyRow(_ row: KeyRow) -> Markup {
        let name = row.key.map(Call.short) ?? "(all)"
        let rank = Int64(row.order.0)
        let operations = row.partition?.operations ?? row.tally.total
        return element("tr") {
            element("td", .class("code"), .init("data-sort", row.key?.integerValue.map { String($0) } ?? name)) {
                if row.key == nil {
                    name
                } else {
                    element(
                        "a", .link(toFragment: "timeline"), .init("data-key", name),
                        .init("title", "Show only this key in the timeline")
                    ) { name }
                }
            }
            cell(row.checker)
            element("td", .init("data-sort", String(rank))) {
                if let partition = row.partition { pill(partition.verdict) } else { "not checked" }
            }
            for number in [operations, row.tally.ok, row.tally.fail, row.tally.info] {
                cell(Units.count(number), sortedBy: Int64(number))
            }
            cell(row.partition.map { Units.duration($0.elapsed) } ?? "–", sortedBy: row.partition?.elapsed ?? -1)
            cell(row.partition?.verdict == .valid ? (row.partition?.witnessReplayed == true ? "yes" : "no") : "–")
            cell(row.partition?.reason ?? "", "wide")
        }
    }

    @MarkupBuilder
    func nodeSection() -> Markup {
        if !record.nodes.isEmpty {
            let tallies = nodeTallies()
            section("nodes", "Nodes") {
                table(
                    [
                        ("node", false), ("address", false), ("ok", true), ("fail", true), ("info", true),
                        ("faults", true), ("times primary", true), ("command", false),
                    ], sortable: true, label: "Nodes"
                ) {
                    for node in record.nodes {
                        let tally = tallies[node.name] ?? Tally()
                        element("tr") {
                            cell(node.name, "code")
                            cell(node.address, "code")
                            for number in [
                                tally.ok, tally.fail, tally.info, log.faults.count { $0.targets.contains(node.name) },
                                record.primaries.count { $0.node == node.name },
                            ] { cell(Units.count(number), sortedBy: Int64(number)) }
                            cell(node.command, "code command")
                        }
                    }
                }
            }
        }
    }

    private func nodeTallies() -> [String: Tally] {
        var tallies: [String: Tally] = [:]
        for position in history.invocations {
            let completion = history.completion(of: position)
            guard let node = history.operations[position].node ?? completion?.node else { continue }
            tallies[node, default: Tally()].add(completion?.kind ?? .info)
        }
        return tallies
    }

    func runSection() -> Markup {
        section("run", "This run") {
            element("div", .class("columns")) {
                element("div") {
                    command("Run the same again", record.rerunCommand)
                    command("Check the history again", record.recheckCommand)
                    if let directory = record.paths.directory { command("The run's folder", directory) }
                }
                element("div") {
                    if !record.environment.isEmpty {
                        element("h3") { "Environment" }
                        facts(record.environment)
                    }
                    if !record.measurements.isEmpty {
                        element("h3") { "Measured" }
                        facts(record.measurements.map(\.withRoundedDuration))
                    }
                }
            }
            if !record.workloadText.isEmpty {
                element("details", .init("open", nil)) {
                    element("summary") { "Workload file" + (record.paths.workload.map { " " + $0 } ?? "") }
                    element("pre", .class("file"), .init("tabindex", "0")) { record.workloadText }
                }
            }
        }
    }

    @MarkupBuilder
    private func command(_ title: String, _ text: String) -> Markup {
        if !text.isEmpty {
            element("h3") { title }
            element("div", .class("copyable")) {
                element("pre", .init("tabindex", "0")) { text }
                element("button", .init("type", "button"), .class("copy"), .label("Copy: \(title)")) { "Copy" }
            }
        }
    }
}
