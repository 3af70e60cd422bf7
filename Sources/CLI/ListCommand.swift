import ArgumentParser
import PolygraphModels
import PolygraphNemesis
import PolygraphSamples
import PolygraphWorkloads

struct ListCommand: ParsableCommand {
    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case systems, workloads, faults, models, checkers, bugs
    }

    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "What exists, with one line each.")

    @Argument(help: "One of: \(Subject.allCases.map(\.rawValue).joined(separator: ", ")).")
    var subject: Subject

    @Flag(help: "Of faults: the whole table in Markdown, as in Documentation/faults.md.")
    var markdown = false

    func validate() throws {
        if markdown, subject != .faults { throw ValidationError("--markdown is for `list faults` only") }
    }

    /// Where each can be done stands between its name and what it does.
    private static var faults: [(String, String)] {
        let width = (FaultCatalog.descriptions.map(\.reachWords.count).max() ?? 0) + 2
        return FaultCatalog.descriptions.map { kind in
            let reach = kind.reachWords
            return (kind.name, reach + String(repeating: " ", count: width - reach.count) + kind.summary)
        }
    }

    func run() throws {
        if markdown { return Console.print(FaultTable.markdown, terminator: "") }
        let rows: [(String, String)] =
            switch subject {
            case .systems:
                [
                    ("declared", "any program that a workload file starts and probes: see `system:`"),
                    ("sample raft", "a Raft key-value server with switchable bugs: `polygraph sample raft --help`"),
                ]
            case .workloads: try WorkloadCatalog.all().map { ($0.name, $0.description) }
            case .faults: Self.faults
            case .models: ModelCatalog.entries.map { ($0.name, $0.summary) }
            case .checkers:
                [("linearizable", "some order of the operations, within their intervals, explains every answer")]
            case .bugs: RaftBug.allCases.map { ($0.rawValue, $0.summary) }
            }
        let width = (rows.map(\.0.count).max() ?? 0) + 2
        for (name, line) in rows {
            Console.print(name + String(repeating: " ", count: width - name.count) + line)
        }
    }
}
