import PolygraphChecking
import PolygraphHistory

/// The data that the script of the HTML report draws from.
enum PageData {
    /// Two elements that hold data and are never run: names and faults as JSON, operations packed.
    static func elements(_ record: RunRecord, _ history: History, _ log: FaultLog) -> Markup {
        let data = TimelineData(history, workers: record.workers)
        return .group([
            .element(
                "script", [.id("run-data"), .init("type", "application/json")],
                [.embedded(json(record, history, log, data))]),
            .element(
                "script", [.id("run-operations"), .init("type", "text/plain")],
                [.embedded(Base64.encode(data.packed))]),
        ])
    }

    private static func json(
        _ record: RunRecord, _ history: History, _ log: FaultLog, _ data: TimelineData
    ) -> [UInt8] {
        func texts(_ texts: [String]) -> Value { .list(texts.map(Value.string)) }
        func number(_ number: Int) -> Value { .integer(Int64(number)) }
        let last = history.operations.reduce(Int64(0)) { max($0, $1.time) }
        let value: Value = [
            "count": number(data.count),
            "columns": .list(data.columns.map { [.string($0.name), number($0.bytes)] }),
            "functions": texts(data.functions.all), "keys": texts(data.keys.all), "values": texts(data.values.all),
            "nodes": texts(data.nodes.all), "errors": texts(data.errors.all),
            "processes": .list(data.rows.processes.map(number)), "rows": .list(data.rows.row.map(number)),
            "rowNames": texts(data.rows.names), "members": texts(members(record, log)),
            // A history without events still needs an axis.
            "end": .integer(last == 0 && record.duration == 0 ? 1_000_000_000 : max(last, record.duration)),
            "faults": .list(log.faults.enumerated().map { fault($0.element, position: $0.offset) }),
            "primaries": .list(
                record.primaries.map { [.integer($0.time), $0.node.map(Value.string) ?? .null] }),
            "clocks": ClockTrace(history).value,
            "anomalies": .list(
                record.anomalies.map { found in
                    [
                        "name": .string(found.anomaly.heading),
                        "failedAt": found.anomaly.failedAt.map(number) ?? .null,
                        "operations": .list(found.anomaly.operations.map(number)),
                    ]
                }),
        ]
        var bytes: [UInt8] = []
        JSONWriter.append(value, to: &bytes)
        return escaped(bytes)
    }

    /// The nodes that have a lane of their own: the record's, and those that only faults name.
    private static func members(_ record: RunRecord, _ log: FaultLog) -> [String] {
        var names = record.nodes.map(\.name)
        var known = Set(names)
        for name in log.faults.flatMap(\.targets) + record.primaries.compactMap(\.node)
        where known.insert(name).inserted {
            names.append(name)
        }
        return names
    }

    private static func fault(_ fault: RecordedFault, position: Int) -> Value {
        [
            "title": .string(fault.title), "family": .string(FaultFamily(function: fault.function).rawValue),
            "summary": .string(fault.summary),
            "targets": .list(fault.targets.map(Value.string)), "began": fault.began.map(Value.integer) ?? .null,
            "ended": fault.ended.map(Value.integer) ?? .null, "state": .string(fault.state),
            "row": .integer(Int64(position)),
        ]
    }

    /// JSON that cannot end the element it stands in, nor open a comment: `<` occurs only inside texts, where its
    /// escape means the same.
    private static func escaped(_ json: [UInt8]) -> [UInt8] {
        guard json.contains(UInt8(ascii: "<")) else { return json }
        var result: [UInt8] = []
        result.reserveCapacity(json.count + 64)
        for byte in json {
            if byte == UInt8(ascii: "<") {
                result.append(contentsOf: Array("\\u003c".utf8))
            } else {
                result.append(byte)
            }
        }
        return result
    }
}
