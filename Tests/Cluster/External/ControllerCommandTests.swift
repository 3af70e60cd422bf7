import Foundation
import Testing

@testable import PolygraphCluster

/// Programs that are run on this machine, beside the cluster.
@Suite struct ControllerCommandTests {
    private static let second: Int64 = 1_000_000_000

    private func run(_ words: [String], _ environment: [String: String] = [:], seconds: Int64 = 60) throws
        -> CommandOutcome
    {
        try ControllerCommand(words, environment: environment).run(timeout: seconds * Self.second)
    }

    @Test func `status and output come back, and the environment arrives`() throws {
        let script = "echo $POLYGRAPH_NODE; echo oops >&2; exit 3"
        #expect(
            try run(["sh", "-c", script], ["POLYGRAPH_NODE": "n2"]) == CommandOutcome(status: 3, output: "n2\noops\n"))
        #expect(try run(["true"]) == CommandOutcome(status: 0, output: ""))
        #expect(try run(["sh", "-c", "kill -TERM $$"]).status == 143)
    }

    @Test func `of much output the end is kept`() throws {
        let outcome = try run(["sh", "-c", "seq 1 20000; echo last"])
        #expect(outcome.output.hasSuffix("20000\nlast\n") && outcome.output.utf8.count == 4 << 10)
    }

    @Test func `what takes too long is ended with its children`() throws {
        let mark = "31\(UInt32.random(in: 100_000..<999_999))"
        let outcome = try run(["sh", "-c", "sleep \(mark) & sleep \(mark)"], seconds: 1)
        #expect(outcome.status == nil)
        #expect(TestProgram.eventually { TestProgram.processes(with: mark) == 0 })
    }

    @Test func `what it leaves running is not waited for, and lives on`() throws {
        let mark = "32\(UInt32.random(in: 100_000..<999_999))"
        let outcome = try run(["sh", "-c", "sleep \(mark) & echo $!"])
        let pid = try #require(pid_t(outcome.output.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(outcome.status == 0 && kill(pid, 0) == 0)
        kill(pid, SIGKILL)
    }

    @Test func `a program that is not there is named`() {
        #expect(throws: ClusterError("run no-such-program", "No such file or directory")) {
            try run(["no-such-program"])
        }
    }
}
