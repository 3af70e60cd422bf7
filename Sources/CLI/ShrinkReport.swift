import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner

/// What a search for the smallest schedule came to, for people and programs.
struct ShrinkReport {
    let run: String
    let folder: String
    let outcome: ScheduleShrinker.Outcome
    /// How many runs were made.
    let runs: Int
    /// Nanoseconds.
    let elapsed: Int64
    /// How many runs showed each anomaly.
    let anomalies: [String: Int]
    let isInterrupted: Bool
    let failure: RunError?

    var exitCode: Int32 { outcome.isReproduced ? 1 : 2 }

    private var seen: String {
        anomalies.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.key) (\($0.value))" }
            .joined(separator: ", ")
    }

    private var headline: String {
        guard outcome.isReproduced else {
            return "NOT REPRODUCED  the schedule did not fail in \(outcome.rows.first?.tally.runs ?? 0) runs; more "
                + "--repeats or --exact may help"
        }
        switch outcome.smallest.faults.count {
        case 0: return "NO FAULT NEEDED  it fails without any"
        case 1: return "ONE FAULT  is enough"
        case let count: return "\(count) FAULTS  are left"
        }
    }

    var text: String {
        var lines = [headline, ""]
        for fault in outcome.isReproduced ? outcome.smallest.faults : [] {
            let when =
                fault.trigger == nil
                ? Quantity.describe(duration: fault.start) + " to " + Quantity.describe(duration: fault.end)
                : "for " + Quantity.describe(duration: fault.end - fault.start)
            lines.append("  \(fault.id + 1)  \(when): \(fault.summary)")
        }
        if outcome.isReproduced, !outcome.smallest.faults.isEmpty { lines.append("") }
        let cells = outcome.rows.map { row in
            (row.what, "\(row.tally.failures) of \(row.tally.runs)", Self.range(row.tally))
        }
        let width = (cells.map(\.0.count) + [8]).max() ?? 8
        func line(_ what: String, _ fails: String, _ range: String) -> String {
            "  " + what + String(repeating: " ", count: width - what.count + 2) + fails
                + String(repeating: " ", count: max(1, 11 - fails.count)) + range
        }
        lines.append(line("schedule", "failed", "rate (95 % sure)"))
        lines += cells.map { line($0.0, $0.1, $0.2) }
        lines.append("")
        lines.append(
            "  \(runs) runs in \(Quantity.describe(duration: elapsed))" + (seen.isEmpty ? "" : "; shown: \(seen)"))
        if isInterrupted {
            lines.append("  Interrupted: this is the best so far.")
        } else if !outcome.isComplete, outcome.isReproduced {
            lines.append("  The time was up before everything was tried: this is the best so far.")
        }
        if let failure { lines.append("  A run could not be made: \(failure.description)") }
        if outcome.isReproduced {
            lines.append("")
            lines.append("  run it:")
            lines.append(
                "    " + ["polygraph", "replay", folder + "/smallest"].map(ShellWord.quoted).joined(separator: " "))
        }
        return lines.joined(separator: "\n")
    }

    /// `55 % to 100 %`
    private static func range(_ tally: FailureTally) -> String {
        guard tally.runs > 0 else { return "not tried" }
        let interval = tally.interval()
        func percent(_ rate: Double) -> String { "\(Int((rate * 100).rounded())) %" }
        if tally.failures == 0 { return "at most \(percent(interval.upperBound))" }
        if tally.failures == tally.runs { return "at least \(percent(interval.lowerBound))" }
        return "\(percent(interval.lowerBound)) to \(percent(interval.upperBound))"
    }

    var json: String {
        let rows: [Value] = outcome.rows.map { row in
            let interval = row.tally.interval()
            return [
                "schedule": .string(row.what), "failures": .integer(Int64(row.tally.failures)),
                "runs": .integer(Int64(row.tally.runs)), "lowest": .double(interval.lowerBound),
                "highest": .double(interval.upperBound),
            ]
        }
        let smallest: Value = [
            "plan": .string(folder + "/smallest/plan.json"), "time_ns": .integer(outcome.smallest.duration),
            "schedule": .list(outcome.smallest.faults.map(\.value)),
        ]
        let value: Value = [
            "format": "polygraph-shrink/1", "run": .string(run), "folder": .string(folder),
            "reproduced": .bool(outcome.isReproduced), "complete": .bool(outcome.isComplete),
            "interrupted": .bool(isInterrupted), "runs": .integer(Int64(runs)), "elapsed": .integer(elapsed),
            "anomalies": .object(anomalies.mapValues { .integer(Int64($0)) }), "rows": .list(rows),
            "smallest": outcome.isReproduced ? smallest : .null,
        ]
        return value.description
    }
}
