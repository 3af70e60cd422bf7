import Foundation
import Testing

/// Workload files for hosts, and what runs on hosts have recorded.
extension HostsWorld {
    /// A Raft store on the hosts, under faults that the test names.
    /// - Parameters:
    ///   - access: further settings, as `lease: 5s`.
    ///   - system: further lines below `system`.
    func writeRaft(
        hosts: [String]? = nil, access: [String] = [], bug: String? = nil, start: String? = nil, system: [String] = [],
        faults: [String] = [], more: [String] = []
    ) throws {
        let names = hosts ?? (1...count).map { "n\($0)" }
        let command =
            start
            ?? "[\"{{polygraph}}\", sample, raft, --id, \"{{node.index}}\", --data, \"{{data}}\", --client-port, "
            + "\"7000\", --peer-port, \"7001\", --peers, \"{{nodes | addresses}}\""
            + (bug.map { ", --bug, \($0)" } ?? "") + "]"
        let lines =
            [
                "name: own", "hosts: [\(names.joined(separator: ", "))]", "access:", "  config: ssh_config",
            ] + access.map { "  \($0)" } + ["system:", "  start: \(command)"] + system.map { "  \($0)" }
            + [
                "  ready: {http: \"http://{{node.address}}:7000/health\", within: 30s}",
                "  primary: {http: \"http://{{node.address}}:7000/role\", value: \"$.role\", equals: leader}",
                "client:", "  http:", "    definite: \"$.definite\"",
                "    read: {get: \"http://{{node.address}}:7000/kv/{{key}}\", value: \"$.value\", absent: 404}",
                "    write: {put: \"http://{{node.address}}:7000/kv/{{key}}\", json: {value: \"{{value}}\"}}",
                "workload: {register: {keys: 5}}", "clients: {count: 6, rate: 200/s, timeout: 1s}", "quiet: 1s",
                "check: linearizable",
            ] + (faults.isEmpty ? [] : ["faults:"] + faults.map { "  - \($0)" }) + more
        try folder.write("own.yaml", lines.joined(separator: "\n") + "\n")
    }

    /// The folder of the one run of a workload that there is, or of its newest.
    func run(of workload: String = "own") -> URL? {
        let runs = folder.url.appendingPathComponent("Reports/\(workload)")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: runs.path)) ?? []
        return names.filter { $0 != "latest" }.max().map { runs.appendingPathComponent($0) }
    }

    /// Events of the nemesis so far, in the run that is under way or was the last one.
    func nemesisEvents(of workload: String = "own") throws -> [NemesisEvent] {
        guard let file = run(of: workload)?.appendingPathComponent("history.jsonl"),
            let text = try? String(decoding: Data(contentsOf: file), as: UTF8.self)
        else { return [] }
        return text.split(separator: "\n").compactMap { line in
            guard line.contains("\"nemesis\""),
                let event = try? JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            else { return nil }
            return NemesisEvent(event)
        }
    }

    /// Operations that have succeeded so far.
    func okCount(of workload: String = "own") -> Int {
        guard let file = run(of: workload)?.appendingPathComponent("history.jsonl"),
            let text = try? String(decoding: Data(contentsOf: file), as: UTF8.self)
        else { return 0 }
        return text.split(separator: "\n").count { $0.contains("\"type\":\"ok\"") }
    }

    /// Kinds of fault that are in force, with their effects measured.
    func inForce(of workload: String = "own") throws -> Set<String> {
        let events = try nemesisEvents(of: workload).filter { $0.stage == "effect" }
        let undone = Set(events.filter { $0.action == "undo" }.map(\.fault))
        return Set(events.filter { $0.action == "inject" && $0.isProved && !undone.contains($0.fault) }.map(\.function))
    }

    /// A run that was too short or too disturbed to prove much is valid all the same.
    func expectValid(_ result: PolygraphProcess.Result, at place: SourceLocation = #_sourceLocation) {
        let said = result.output.split { $0.isWhitespace }.joined(separator: " ")
        #expect(
            [0, 2].contains(result.status) && said.contains("linearizable valid"), "\(result.output)\(result.error)",
            sourceLocation: place)
    }
}

/// What the nemesis has recorded.
struct NemesisEvent {
    var function: String
    var action: String
    var stage: String
    var fault: Int
    var isProved: Bool
    var value: [String: Any]

    init(_ event: [String: Any]) {
        function = event["f"] as? String ?? ""
        value = event["value"] as? [String: Any] ?? [:]
        action = value["action"] as? String ?? ""
        stage = value["stage"] as? String ?? ""
        fault = value["fault"] as? Int ?? -1
        isProved = value["proved"] as? Bool ?? false
    }
}
