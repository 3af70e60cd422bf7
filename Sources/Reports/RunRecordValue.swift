import PolygraphChecking
import PolygraphHistory

// A record as a value and back, for `results.json`; the fields are documented at `ResultsFile`.

/// A `results.json` that is not one, or not of this version.
public struct RunRecordError: Error, Hashable, CustomStringConvertible {
    /// The field that is wrong: `results[0].verdict`.
    public let field: String
    /// What was expected there.
    public let expected: String

    public var description: String { "results.json: \(field): expected \(expected)" }
}

extension RunRecord {
    /// The record as an object.
    public var value: Value {
        [
            "format": .string(ResultsFile.format), "version": .integer(ResultsFile.version),
            "workload": .string(workload), "seed": .optional(seed.map { String($0) }), "started": .string(started),
            "duration": .integer(duration), "verdict": .string(verdict.rawValue),
            "exitCode": .integer(Int64(exitCode)), "interrupted": .bool(interrupted),
            "results": .list(results.map(\.recordValue)),
            "nodes": .list(
                nodes.map {
                    ["name": .string($0.name), "address": .string($0.address), "command": .string($0.command)]
                }),
            "workers": workers.map { .integer(Int64($0)) } ?? .null, "environment": .facts(environment),
            "primaries": .list(primaries.map { ["time": .integer($0.time), "node": .optional($0.node)] }),
            "measurements": .facts(measurements), "warnings": .list(warnings.map(Value.string)),
            "rerunCommand": .string(rerunCommand), "recheckCommand": .string(recheckCommand),
            "workloadText": .string(workloadText),
            "paths": [
                "directory": .optional(paths.directory), "history": .optional(paths.history),
                "report": .optional(paths.report), "workload": .optional(paths.workload),
            ],
        ]
    }

    /// Reads a record back from the object that `value` gives.
    /// - Throws: `RunRecordError` naming the first field that is missing or wrong.
    public init(_ value: Value) throws(RunRecordError) {
        let root = Field(value, "the file")
        guard root["format"].value?.stringValue == ResultsFile.format else {
            throw RunRecordError(field: "format", expected: "\"\(ResultsFile.format)\"")
        }
        guard root["version"].value?.integerValue == ResultsFile.version else {
            throw RunRecordError(
                field: "version", expected: "\(ResultsFile.version), the version this Polygraph writes")
        }
        let paths = root["paths"]
        var seed: UInt64?
        if let text = root["seed"].optionalText {
            guard let number = UInt64(text) else { throw root["seed"].error("a number from 0 to 2⁶⁴-1 as text") }
            seed = number
        }
        self.init(
            workload: try root["workload"].text(), verdict: try root["verdict"].verdict(),
            exitCode: Int(try root["exitCode"].integer()), seed: seed, started: try root["started"].text(),
            duration: try root["duration"].integer(), interrupted: try root["interrupted"].flag(),
            results: try root["results"].map { field throws(RunRecordError) in try CheckResult(field) },
            nodes: try root["nodes"].map { field throws(RunRecordError) in
                NodeRecord(
                    name: try field["name"].text(), address: try field["address"].text(),
                    command: try field["command"].text())
            },
            workers: root["workers"].value?.integerValue.map { Int($0) },
            environment: try root["environment"].facts(),
            primaries: try root["primaries"].map { field throws(RunRecordError) in
                PrimaryChange(time: try field["time"].integer(), node: field["node"].optionalText)
            },
            measurements: try root["measurements"].facts(),
            warnings: try root["warnings"].map { field throws(RunRecordError) in try field.text() },
            rerunCommand: try root["rerunCommand"].text(), recheckCommand: try root["recheckCommand"].text(),
            workloadText: try root["workloadText"].text(),
            paths: RunPaths(
                directory: paths["directory"].optionalText, history: paths["history"].optionalText,
                report: paths["report"].optionalText, workload: paths["workload"].optionalText))
    }
}

extension CheckResult {
    fileprivate var recordValue: Value {
        [
            "checker": .string(checker), "verdict": .string(verdict.rawValue), "reason": .string(reason),
            "anomalies": .list(anomalies.map(\.recordValue)),
            "partitions": .list(
                partitions.map { partition in
                    [
                        "key": partition.key ?? .null, "verdict": .string(partition.verdict.rawValue),
                        "operations": .integer(Int64(partition.operations)), "reason": .optional(partition.reason),
                        "witnessReplayed": .bool(partition.witnessReplayed), "elapsed": .integer(partition.elapsed),
                    ]
                }),
            "facts": .facts(facts),
            "levels": .list(
                levels.map { result in
                    [
                        "level": .string(result.level.rawValue), "verdict": .string(result.verdict.rawValue),
                        "detail": .string(result.detail),
                        "staleness": result.staleness.map(Value.integer) ?? .null,
                        "proof": result.proof?.recordValue ?? .null,
                    ]
                }),
        ]
    }

    fileprivate init(_ field: Field) throws(RunRecordError) {
        self.init(
            checker: try field["checker"].text(), verdict: try field["verdict"].verdict(),
            reason: try field["reason"].text(),
            anomalies: try field["anomalies"].map { field throws(RunRecordError) in try Anomaly(field) },
            partitions: try field["partitions"].map { field throws(RunRecordError) in
                PartitionResult(
                    key: field["key"].present, verdict: try field["verdict"].verdict(),
                    operations: Int(try field["operations"].integer()), reason: field["reason"].optionalText,
                    witnessReplayed: try field["witnessReplayed"].flag(), elapsed: try field["elapsed"].integer())
            },
            facts: try field["facts"].facts(),
            // Results of before there were levels have none.
            levels: try field["levels"].value == nil
                ? [] : field["levels"].map { field throws(RunRecordError) in try LevelResult(field) })
    }
}

extension Anomaly {
    fileprivate var recordValue: Value {
        [
            "name": .string(name), "key": key ?? .null, "summary": .string(summary),
            "explanation": .list(explanation.map(Value.string)),
            "failedAt": failedAt.map { .integer(Int64($0)) } ?? .null,
            "operations": .list(operations.map { .integer(Int64($0)) }),
        ]
    }

    fileprivate init(_ field: Field) throws(RunRecordError) {
        self.init(
            name: try field["name"].text(), key: field["key"].present, summary: try field["summary"].text(),
            explanation: try field["explanation"].map { field throws(RunRecordError) in try field.text() },
            failedAt: field["failedAt"].value?.integerValue.map { Int($0) },
            operations: try field["operations"].map { field throws(RunRecordError) in Int(try field.integer()) })
    }
}

extension LevelResult {
    fileprivate init(_ field: Field) throws(RunRecordError) {
        guard let level = field["level"].optionalText.flatMap(ConsistencyLevel.init(rawValue:)) else {
            throw field["level"].error("the name of a level")
        }
        guard let verdict = field["verdict"].optionalText.flatMap(Verdict.init(rawValue:)) else {
            throw field["verdict"].error("holds, fails or unknown")
        }
        let proof = field["proof"]
        self.init(
            level: level, verdict: verdict, detail: try field["detail"].text(),
            staleness: field["staleness"].value?.integerValue,
            proof: proof.present == nil ? nil : try Anomaly(proof))
    }
}

extension Value {
    fileprivate static func optional(_ text: String?) -> Value { text.map(Value.string) ?? .null }

    fileprivate static func facts(_ facts: [CheckResult.Fact]) -> Value {
        .list(facts.map { ["name": .string($0.name), "value": $0.value] })
    }
}

/// A place in a value that knows its own name, for errors.
private struct Field {
    let value: Value?
    let path: String

    init(_ value: Value?, _ path: String) {
        self.value = value
        self.path = path
    }

    subscript(name: String) -> Field { Field(value?[name], path == "the file" ? name : "\(path).\(name)") }

    /// The value unless it is null.
    var present: Value? { value == .null ? nil : value }
    var optionalText: String? { value?.stringValue }

    func error(_ expected: String) -> RunRecordError { RunRecordError(field: path, expected: expected) }

    func text() throws(RunRecordError) -> String {
        guard let text = value?.stringValue else { throw error("text") }
        return text
    }

    func integer() throws(RunRecordError) -> Int64 {
        guard let number = value?.integerValue else { throw error("a whole number") }
        return number
    }

    func flag() throws(RunRecordError) -> Bool {
        guard let flag = value?.boolValue else { throw error("true or false") }
        return flag
    }

    func verdict() throws(RunRecordError) -> Verdict {
        guard let verdict = value?.stringValue.flatMap(Verdict.init(rawValue:)) else {
            throw error("valid, invalid or unknown")
        }
        return verdict
    }

    func map<Element>(_ read: (Field) throws(RunRecordError) -> Element) throws(RunRecordError) -> [Element] {
        guard let elements = value?.elements else { throw error("a list") }
        var result: [Element] = []
        for (position, element) in elements.enumerated() {
            result.append(try read(Field(element, "\(path)[\(position)]")))
        }
        return result
    }

    func facts() throws(RunRecordError) -> [CheckResult.Fact] {
        try map { field throws(RunRecordError) in
            CheckResult.Fact(try field["name"].text(), field["value"].value ?? .null)
        }
    }
}
