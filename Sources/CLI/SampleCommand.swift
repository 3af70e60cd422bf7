import ArgumentParser
import PolygraphSamples

struct SampleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sample",
        abstract: "Run one node of a sample system, correct or with a bug switched on.",
        subcommands: [SampleRaftCommand.self])
}

struct SampleRaftCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "raft",
        abstract: "A replicated key-value server: Raft between the nodes, HTTP and JSON for clients.",
        discussion: "Bugs that --bug switches on:\n"
            + RaftBug.allCases.map { "  \($0.rawValue): \($0.summary)" }.joined(separator: "\n"))

    @Argument(parsing: .captureForPassthrough, help: "See the options below.")
    var arguments: [String] = []

    func run() throws {
        if arguments.contains(where: { $0 == "--help" || $0 == "-h" }) {
            return Console.print(RaftCommandLine.usage + "\n\n" + Self.configuration.discussion)
        }
        try RaftServer.run(RaftCommandLine.parse(arguments))
    }
}
