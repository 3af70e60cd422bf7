import Foundation
import Testing

@Suite struct WrongUseTests {
    let folder = try! TemporaryFolder()

    @Test(arguments: [
        (["--nonsense"], "--nonsense"),
        (["run"], "file"),
        (["run", "raft-registre"], "raft-register"),
        (["run", "missing.yaml"], "missing.yaml"),
        (["run", "raft-register", "--time", "soon"], "soon"),
        (["run", "raft-register", "--set", "clients.cuont=3"], "cuont"),
        (["check", "missing.jsonl"], "missing.jsonl"),
        (["check", "missing.jsonl", "--model", "registre"], "registre"),
        (["check", "missing.jsonl", "--time-limit", "never"], "never"),
        (["plan", "missing.yaml"], "missing.yaml"),
        (["list", "everything"], "everything"),
    ])
    func `wrong use ends with 254 and names what is wrong`(arguments: [String], expected: String) async throws {
        let result = try await PolygraphProcess.run(arguments, in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains(expected))
        #expect(result.output.isEmpty)
    }

    @Test(arguments: ["systems", "workloads", "faults", "models", "checkers", "bugs"])
    func `list says one line each`(subject: String) async throws {
        let result = try await PolygraphProcess.run(["list", subject], in: folder.url)
        #expect(result.status == 0)
        let lines = result.output.split(separator: "\n")
        #expect(!lines.isEmpty)
        for line in lines { #expect(line.split(separator: " ", omittingEmptySubsequences: true).count >= 2) }
    }

    @Test(arguments: [["--help"], ["run", "--help"], ["check", "--help"], ["plan", "--help"], ["doctor", "--help"]])
    func `help is help, not an error`(arguments: [String]) async throws {
        let result = try await PolygraphProcess.run(arguments, in: folder.url)
        #expect(result.status == 0)
        #expect(result.output.contains("USAGE"))
    }

    @Test func `every mistake of a workload file is named with file, line and key`() async throws {
        try folder.write(
            "broken.yaml",
            """
            name: broken
            nodes: 3
            system:
              start: ["true"]
            client:
              http:
                read: {get: "http://{{node.address}}:7000/kv/{{key}}"}
            workload: {register: {keys: 3}}
            clients: {count: 3}
            faults:
              - explode: all
              - kill: n9
            time: 10s
            check: linearizable
            """)
        let result = try await PolygraphProcess.run(["run", "broken.yaml"], in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains("broken.yaml:11:"))
        #expect(result.error.contains("explode"))
        #expect(result.error.contains("broken.yaml:12:"))
        #expect(result.error.contains("n9"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("Reports").path))
    }

    @Test func `the same seed plans the same run, byte for byte`() async throws {
        for extra in [[], ["--json"]] {
            let arguments = ["plan", "raft-register", "--operations", "500"] + extra
            let one = try await PolygraphProcess.run(arguments + ["--seed", "7"], in: folder.url)
            let two = try await PolygraphProcess.run(arguments + ["--seed", "7"], in: folder.url)
            let other = try await PolygraphProcess.run(arguments + ["--seed", "8"], in: folder.url)
            #expect(one.status == 0)
            #expect(one.output == two.output)
            #expect(one.output != other.output)
            #expect(one.output.contains("partition"))
        }
    }
}
