import PolygraphChecking
import PolygraphHistory

/// `results.json`: what a run found, for programs.
///
/// Fields of the object:
///
/// | field | what |
/// |---|---|
/// | `format`, `version` | `"polygraph-results"` and 1; the version rises when a field changes its meaning |
/// | `workload`, `seed`, `started` | name; decimal digits as a string (64 bits are too many for most readers of JSON) or null; ISO 8601 |
/// | `duration` | nanoseconds |
/// | `verdict`, `exitCode`, `interrupted` | `valid`, `invalid` or `unknown`; as the command ended; true or false |
/// | `headline` | the verdict in one sentence |
/// | `results` | one object a checker: `checker`, `verdict`, `reason`, `anomalies`, `partitions`, `facts`, `levels` |
/// | `results[].anomalies[]` | `name`, `key`, `summary`, `explanation` (sentences), `failedAt` (index of an invocation or null), `operations` (indices of invocations) |
/// | `results[].partitions[]` | `key`, `verdict`, `operations`, `reason`, `witnessReplayed`, `elapsed` (nanoseconds) |
/// | `results[].levels[]` | what still holds of a history that is not valid: `level`, `verdict` (`holds`, `fails`, `unknown`), `detail`, `staleness` (nanoseconds or null), `proof` (as an anomaly, or null) |
/// | `statistics` | `operations`, `ok`, `fail`, `info`, `span` (nanoseconds), `functions` (the same by name, with latencies), `latency` and `intendedLatency` (`p50`, `p95`, `p99`, `max` of ok operations in nanoseconds) |
/// | `faults` | one object a fault: `fault`, `function`, `kind`, `targets`, `summary`, `state`, `began`, `ended` (nanoseconds or null), `proved`, `proof` |
/// | `nodes` | `name`, `address`, `command` |
/// | `workers` | number or null: process p ran on worker p mod workers |
/// | `primaries` | `time` (nanoseconds), `node` (name or null) |
/// | `environment`, `measurements`, `facts` | lists of `{name, value}`, in order |
/// | `warnings` | sentences |
/// | `rerunCommand`, `recheckCommand`, `workloadText` | text |
/// | `paths` | `directory`, `history`, `report`, `workload`: text or null |
///
/// `headline`, `statistics` and `faults` follow from the history and are ignored when a record is read back.
public enum ResultsFile {
    /// The name of the format, the field `format`.
    static let format = "polygraph-results"
    /// The version of the format, the field `version`.
    static let version: Int64 = 1

    /// The file's bytes: JSON, indented for people, with a line feed at the end.
    public static func render(_ record: RunRecord, _ history: History) -> [UInt8] {
        var fields = record.value.fields ?? [:]
        fields["headline"] = .string(record.headline)
        fields["statistics"] = Statistics(history).value
        fields["faults"] = .list(FaultLog(history).faults.map(\.value))
        var bytes: [UInt8] = []
        appendIndented(.object(fields), indent: 0, to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// Compact where that fits a line, one element a line otherwise.
    private static func appendIndented(_ value: Value, indent: Int, to bytes: inout [UInt8]) {
        let start = bytes.count
        JSONWriter.append(value, to: &bytes)
        guard bytes.count - start > 100 else { return }
        switch value {
        case .list(let elements) where !elements.isEmpty:
            bytes.removeSubrange(start...)
            // A list of plain numbers is not easier to read with one number a line.
            guard elements.contains(where: { $0.elements != nil || $0.fields != nil || $0.stringValue != nil }) else {
                return JSONWriter.append(value, to: &bytes)
            }
            bytes.append(UInt8(ascii: "["))
            for (position, element) in elements.enumerated() {
                startLine(position, indent + 1, &bytes)
                appendIndented(element, indent: indent + 1, to: &bytes)
            }
            endLine(indent, &bytes)
            bytes.append(UInt8(ascii: "]"))
        case .object(let fields) where !fields.isEmpty:
            bytes.removeSubrange(start...)
            bytes.append(UInt8(ascii: "{"))
            for (position, field) in fields.sorted(by: { $0.key < $1.key }).enumerated() {
                startLine(position, indent + 1, &bytes)
                JSONWriter.appendQuoted(field.key, to: &bytes)
                bytes.append(contentsOf: [UInt8(ascii: ":"), UInt8(ascii: " ")])
                appendIndented(field.value, indent: indent + 1, to: &bytes)
            }
            endLine(indent, &bytes)
            bytes.append(UInt8(ascii: "}"))
        default: break
        }
    }

    private static func startLine(_ position: Int, _ indent: Int, _ bytes: inout [UInt8]) {
        if position > 0 { bytes.append(UInt8(ascii: ",")) }
        endLine(indent, &bytes)
    }

    private static func endLine(_ indent: Int, _ bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\n"))
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: 2 * indent))
    }
}

extension Statistics {
    fileprivate var value: Value {
        [
            "operations": .integer(Int64(total.total)), "ok": .integer(Int64(total.ok)),
            "fail": .integer(Int64(total.fail)), "info": .integer(Int64(total.info)), "span": .integer(span),
            "latency": latency.value, "intendedLatency": hasIntended ? intendedLatency.value : .null,
            "functions": .object(
                Dictionary(
                    functions.map { function in
                        let value: Value = [
                            "ok": .integer(Int64(function.tally.ok)), "fail": .integer(Int64(function.tally.fail)),
                            "info": .integer(Int64(function.tally.info)), "latency": function.latency.value,
                            "intendedLatency": hasIntended ? function.intendedLatency.value : .null,
                        ]
                        return (function.name, value)
                    }, uniquingKeysWith: { first, _ in first })),
        ]
    }
}

extension LatencySummary {
    fileprivate var value: Value {
        func number(_ nanoseconds: Int64?) -> Value { nanoseconds.map(Value.integer) ?? .null }
        return [
            "p50": number(quantile(0.5)), "p95": number(quantile(0.95)), "p99": number(quantile(0.99)),
            "max": number(maximum),
        ]
    }
}

extension RecordedFault {
    fileprivate var value: Value {
        [
            "fault": id.map(Value.integer) ?? .null, "function": .string(function),
            "kind": kind.map(Value.string) ?? .null, "targets": .list(targets.map(Value.string)),
            "summary": .string(summary), "state": .string(state), "began": began.map(Value.integer) ?? .null,
            "ended": ended.map(Value.integer) ?? .null, "proved": proved.map(Value.bool) ?? .null,
            "proof": .object(proof),
        ]
    }
}
