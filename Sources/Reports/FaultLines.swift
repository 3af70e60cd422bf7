import PolygraphChecking

/// The faults of a run for a terminal: the number by which warnings call it, when, what was done, and below that what
/// proves it. Each takes two lines at most; what does not fit is left to the other reports.
enum FaultLines {
    static func render(_ faults: some Sequence<RecordedFault>, _ terminal: Terminal) -> [String] {
        let rows = faults.map { fault in
            (
                number: fault.id.map { "\($0)" } ?? "–", from: fault.began.map(Units.moment) ?? "–",
                to: fault.began == nil ? "–" : fault.ended.map(Units.moment) ?? "end", fault: fault
            )
        }
        let number = rows.reduce(1) { max($0, SafeText.columns($1.number)) }
        let from = rows.reduce(4) { max($0, SafeText.columns($1.from)) }
        let to = rows.reduce(2) { max($0, SafeText.columns($1.to)) }
        let margin = 2 + number + 2 + from + 2 + to + 2
        func cell(_ text: String) -> String {
            SafeText.truncated(SafeText.clean(text), to: max(terminal.width - margin, 10))
        }
        func start(_ first: String, _ second: String, _ third: String) -> String {
            "  " + right(first, number) + "  " + right(second, from) + "  " + right(third, to) + "  "
        }
        var lines = [terminal.styled(start("#", "from", "to") + cell("what was done, and what proves it"), .quiet)]
        for row in rows {
            lines.append(start(row.number, row.from, row.to) + cell(row.fault.whatWasDone))
            let isGood = row.fault.state == "proved"
            lines.append(
                String(repeating: " ", count: margin)
                    + terminal.styled(cell(row.fault.whatProvesIt), isGood ? .quiet : .doubtful))
        }
        return lines
    }

    private static func right(_ text: String, _ columns: Int) -> String {
        String(repeating: " ", count: max(0, columns - SafeText.columns(text))) + text
    }
}
