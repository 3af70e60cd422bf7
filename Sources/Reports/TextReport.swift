import PolygraphChecking
import PolygraphHistory

/// The report for a terminal and for `report.txt`: what went wrong first, and what to type next last.
public enum TextReport {
    /// How many anomalies are told in full.
    private static let anomaliesInFull = 5
    /// How many cited operations are listed of one anomaly.
    private static let operationsListed = 20
    /// How many faults are listed.
    private static let faultsListed = 40

    /// The report as lines of at most `width` columns (at least 40), each ended by a line feed. Paths, and commands
    /// in which a single word is longer, are left whole so that they can be copied.
    public static func render(_ record: RunRecord, _ history: History, width: Int = 80, colour: Bool) -> String {
        let page = Page(record, history, Terminal(colour: colour, width: width))
        var lines = page.verdict()
        lines += page.anomalies()
        lines += page.levels()
        lines += page.checks()
        lines += page.faults()
        lines += page.operations()
        lines += page.keys()
        lines += page.measurements()
        lines += page.warnings()
        lines += page.again()
        return lines.joined(separator: "\n") + "\n"
    }

    /// One report on its way.
    private struct Page {
        let record: RunRecord
        let history: History
        let terminal: Terminal
        let log: FaultLog
        let statistics: Statistics

        init(_ record: RunRecord, _ history: History, _ terminal: Terminal) {
            self.record = record
            self.history = history
            self.terminal = terminal
            log = FaultLog(history)
            statistics = Statistics(history)
        }

        func title(_ text: String) -> [String] { ["", terminal.styled(text, .strong)] }

        func verdict() -> [String] {
            let word = record.verdict.rawValue.uppercased()
            var lines = terminal.wrapped(record.headline, indent: "         ", first: word.padded(to: 9))
            if let first = lines.first {
                let style = Terminal.style(of: record.verdict)
                lines[0] = terminal.styled(word, style) + first.dropFirst(word.count)
            }
            lines.append("")
            return lines + terminal.wrapped(record.subtitle(log), indent: "  ").map { terminal.styled($0, .quiet) }
        }

        func anomalies() -> [String] {
            let anomalies = record.anomalies
            guard !anomalies.isEmpty else { return [] }
            var lines = title(anomalies.count == 1 ? "What went wrong" : "What went wrong, \(anomalies.count) times")
            for (number, found) in anomalies.prefix(TextReport.anomaliesInFull).enumerated() {
                if number > 0 { lines.append("") }
                lines += anomaly(found.anomaly, checker: found.checker)
            }
            let rest = anomalies.dropFirst(TextReport.anomaliesInFull)
            if !rest.isEmpty {
                lines.append("")
                lines += terminal.wrapped(
                    "And \(Units.plural(rest.count, "more anomaly", "more anomalies")):", indent: "  ")
                for found in rest.prefix(20) {
                    lines += terminal.wrapped(
                        found.anomaly.heading + ": " + found.anomaly.summary, indent: "      ", first: "    - ")
                }
                if rest.count > 20 { lines.append("    … the other \(rest.count - 20) are in the HTML report.") }
            }
            return lines
        }

        private func anomaly(_ anomaly: Anomaly, checker: String) -> [String] {
            let heading = terminal.wrapped("\(anomaly.heading) (\(checker))", indent: "  ")
            var lines =
                heading.map { terminal.styled($0, .bad) }
                + terminal.wrapped(Sentence.capitalised(anomaly.summary), indent: "  ")
            for (number, step) in anomaly.explanation.enumerated() {
                let mark = "    \(number + 1). "
                lines += terminal.wrapped(step, indent: String(repeating: " ", count: mark.count), first: mark)
            }
            let calls = history.calls(anomaly.operations)
            if !calls.isEmpty {
                var table = TextTable([
                    .init(title: "operation", alignment: .right), .init(title: "from", alignment: .right),
                    .init(title: "to", alignment: .right), .init(title: "by", flexible: true),
                    .init(title: "what", flexible: true), .init(title: "outcome"),
                ])
                for call in calls.prefix(TextReport.operationsListed) {
                    let isFailing = call.invocation.index == anomaly.failedAt
                    let style: Terminal.Style? = isFailing ? .bad : nil
                    table.add([
                        ((isFailing ? "▸ " : "") + "\(call.invocation.index)", style),
                        (Units.moment(call.invocation.time), nil),
                        (call.completion.map { Units.moment($0.time) } ?? "never", nil), (call.place, nil),
                        (call.text, style), (call.outcome.rawValue, nil),
                    ])
                }
                lines.append("")
                lines += table.render(terminal, indent: "    ")
                if calls.count > TextReport.operationsListed {
                    lines.append("    … and \(calls.count - TextReport.operationsListed) more operations")
                }
                let start = calls.map(\.invocation.time).min() ?? 0
                let end = calls.map { $0.completion?.time ?? $0.invocation.time }.max() ?? start
                lines += inForce(from: start, to: end)
            }
            return lines
        }

        func levels() -> [String] {
            var lines: [String] = []
            for result in record.results where !result.levels.isEmpty {
                lines += title("What still holds")
                lines += terminal.wrapped(LevelResult.summary(result.levels), indent: "  ")
                var table = TextTable([
                    .init(title: "level", flexible: true), .init(title: "verdict"),
                    .init(title: "because", flexible: true),
                ])
                for level in result.levels {
                    table.add([
                        (level.level.rawValue, nil), (level.verdict.rawValue, Terminal.style(of: level.verdict)),
                        (level.detail, nil),
                    ])
                }
                lines += table.render(terminal)
                if result.levels.contains(where: { $0.proof != nil }) {
                    lines += terminal.wrapped(
                        record.paths.report == nil
                            ? "The proofs are in the output of --json."
                            : "The proofs are in the HTML report and in results.json.", indent: "  "
                    ).map { terminal.styled($0, .quiet) }
                }
            }
            return lines
        }

        private func inForce(from start: Int64, to end: Int64) -> [String] {
            let faults = log.inForce(from: start, to: end)
            if faults.isEmpty {
                // What another tool's nemesis wrote does not say when a fault ended.
                let isKnown = log.faults.contains { $0.id != nil }
                return isKnown ? ["    No fault was in force meanwhile."] : []
            }
            var lines = ["    In force meanwhile:"]
            for fault in faults.prefix(6) {
                let until = fault.ended.map { "until " + Units.moment($0) } ?? "to the end"
                let when = Units.moment(fault.began ?? 0) + (fault.ended == fault.began ? "" : " " + until)
                lines += terminal.wrapped("\(fault.whatWasDone) (\(when))", indent: "        ", first: "      - ")
            }
            if faults.count > 6 { lines.append("      … and \(faults.count - 6) more") }
            return lines
        }

        func checks() -> [String] {
            guard !record.results.isEmpty else { return title("Checks") + ["  None was made."] }
            var lines = title("Checks")
            var table = TextTable([
                .init(title: "checker", flexible: true), .init(title: "verdict"),
                .init(title: "because", flexible: true),
            ])
            for result in record.results {
                table.add([
                    (result.checker, nil), (result.verdict.rawValue, Terminal.style(of: result.verdict)),
                    (result.reason, nil),
                ])
            }
            lines += table.render(terminal)
            for reading in record.results.compactMap(\.reading) {
                lines += terminal.wrapped("Read with: \(reading).", indent: "    ", first: "  ")
            }
            for result in record.results {
                // What is nothing, what the reading says already, and limits that were not reached are left out.
                let facts = result.plainFacts.filter { fact in
                    fact.value != .integer(0) && fact.name != "initial value"
                        && (result.verdict == .unknown || !fact.name.contains(" limit "))
                }
                let short = facts.filter { !$0.isSentence }.map { "\($0.readable.name) \($0.readable.value)" }
                let sentences = facts.filter(\.isSentence).map { "\($0.name): \($0.shown)" }
                for text in (short.isEmpty ? [] : [short.joined(separator: " · ")]) + sentences {
                    lines += terminal.wrapped("\(result.checker): \(text)", indent: "    ", first: "  ")
                        .map { terminal.styled($0, .quiet) }
                }
            }
            return lines
        }

        func faults() -> [String] {
            guard !log.faults.isEmpty else { return title("Faults") + ["  \(record.noFaults)"] }
            var lines = title("Faults")
            let details = record.paths.report == nil ? "" : " Every detail is in the HTML report."
            let refused = log.refused == 0 ? "" : "\(log.refused) refused, "
            lines += terminal.wrapped(
                "\(log.injected) injected, \(refused)\(log.proved) proved by a measurement.\(details)", indent: "  ")
            lines += FaultLines.render(log.faults.prefix(TextReport.faultsListed), terminal)
            if log.faults.count > TextReport.faultsListed {
                lines.append("  … and \(log.faults.count - TextReport.faultsListed) more in the HTML report")
            }
            return lines
        }

        func operations() -> [String] {
            guard statistics.total.total > 0 else { return title("Operations") + ["  The history has none."] }
            var lines = title("Operations")
            var table = TextTable(
                [.init(title: "function", flexible: true)]
                    + ["ok", "fail", "info", "p50", "p99", "max"].map { .init(title: $0, alignment: .right) })
            for function in statistics.functions {
                table.add(row(function.name, function.tally, function.latency))
            }
            if statistics.functions.count > 1 { table.add(row("all", statistics.total, statistics.latency)) }
            if statistics.hasIntended {
                table.add(["all, from intended", "", "", ""] + cells(statistics.intendedLatency))
            }
            lines += table.render(terminal)
            let latencies = "Latencies are those of ok operations, "
            if !statistics.hasTimes {
                lines += terminal.wrapped("The history has no times, so no rates and no latencies.", indent: "  ")
            } else {
                lines += terminal.wrapped(
                    "\(Units.rate(statistics.total.total, in: statistics.span)) invoked, "
                        + "\(Units.rate(statistics.total.ok, in: statistics.span)) ok. \(latencies)"
                        + (statistics.hasIntended
                            ? "from invocation; \"from intended\" counts from the time the generator wanted them."
                            : "from invocation."),
                    indent: "  ")
            }
            for error in statistics.errors.prefix(5) {
                lines += terminal.wrapped(
                    "\(Units.count(error.count)) × \(error.kind.rawValue): \(error.text)", indent: "      ", first: "  "
                )
            }
            if statistics.errors.count > 5 { lines.append("  … and \(statistics.errors.count - 5) other errors") }
            return lines
        }

        private func row(_ name: String, _ tally: Tally, _ latency: LatencySummary) -> [String] {
            [name, Units.count(tally.ok), Units.count(tally.fail), Units.count(tally.info)] + cells(latency)
        }

        private func cells(_ latency: LatencySummary) -> [String] {
            [latency.quantile(0.5), latency.quantile(0.99), latency.maximum].map {
                statistics.hasTimes ? $0.map(Units.duration) ?? "–" : "–"
            }
        }

        func keys() -> [String] {
            let partitions = record.results.flatMap(\.partitions)
            guard partitions.count > 1 else { return [] }
            let counts = Verdict.allCases.map { verdict in
                "\(Units.count(partitions.count { $0.verdict == verdict })) \(verdict.rawValue)"
            }
            var lines = title("Keys") + ["  " + counts.joined(separator: ", ")]
            let broken = partitions.filter { $0.verdict != .valid }.sorted { left, right in
                if left.verdict != right.verdict { return left.verdict == .invalid }
                return NaturalOrder.precedes(left.key, right.key)
            }
            for partition in broken.prefix(10) {
                let key = partition.key.map(Call.short) ?? "(all)"
                let reason = partition.reason ?? Units.plural(partition.operations, "operation")
                lines += terminal.wrapped(
                    "\(partition.verdict.rawValue) \(key): \(reason)", indent: "      ", first: "  ")
            }
            return lines
        }

        func measurements() -> [String] {
            guard !record.measurements.isEmpty else { return [] }
            let text = record.measurements.map { "\($0.name) \($0.rounded)" }.joined(separator: " · ")
            return title("Measured") + terminal.wrapped(text, indent: "  ")
        }

        func warnings() -> [String] {
            let warnings = record.allWarnings(history, log)
            guard !warnings.isEmpty else { return [] }
            return title("Warnings") + warnings.flatMap { terminal.wrapped($0, indent: "    ", first: "  ! ") }
        }

        func again() -> [String] {
            var lines: [String] = []
            for (name, command) in [("run again", record.rerunCommand), ("check again", record.recheckCommand)]
            where !command.isEmpty {
                lines.append("  \(name):")
                lines += terminal.wrappedCommand(command, indent: "    ")
            }
            if let report = record.paths.report { lines += ["  report:", "    " + SafeText.clean(report)] }
            return lines.isEmpty ? [] : title("Next") + lines
        }
    }
}

extension String {
    /// The text with spaces up to this many columns.
    fileprivate func padded(to columns: Int) -> String {
        self + String(repeating: " ", count: max(0, columns - SafeText.columns(self)))
    }
}
