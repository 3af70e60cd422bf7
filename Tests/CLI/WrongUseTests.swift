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

    /// Every option that takes a number or a duration, with values that are none, negative ones among them.
    @Test(arguments: [
        (["run", "raft-register", "--time", "-5s"], "expected a duration such as"),
        (["run", "raft-register", "--time", "5"], "expected a duration such as"),
        (["run", "raft-register", "--rate", "-3/s"], "expected a rate above 0 such as"),
        (["run", "raft-register", "--nodes", "-1"], "expected a whole number, 1 to 64"),
        (["plan", "raft-register", "--nodes", "many"], "expected a whole number, 1 to 64"),
        (["plan", "raft-register", "--clients", "0"], "expected a whole number, 1 to 1000"),
        (["plan", "raft-register", "--seed", "-1"], "expected a whole number, 0 to 18446744073709551615"),
        (["plan", "raft-register", "--seed", "18446744073709551616"], "expected a whole number, 0 to"),
        (["plan", "raft-register", "--operations", "-1"], "expected a whole number, 0 to 100000"),
        (["replay", "Reports/latest", "--seed", "x"], "expected a whole number, 0 to"),
        (["shrink", "Reports/latest", "--budget", "-5m"], "expected a duration such as"),
        (["shrink", "Reports/latest", "--repeats", "-2"], "expected a whole number, 1 to 1000"),
        (["check", "x.jsonl", "--time-limit", "-60s"], "expected a duration such as"),
        (["check", "x.jsonl", "--memory-limit", "-1"], "expected a whole number, 1 to"),
        (["check", "x.jsonl", "--permits", "-1"], "expected a whole number, 1 or more"),
        (["verify", "x.jsonl", "y.jsonl", "--permits", "0"], "expected a whole number, 1 or more"),
        (["generate-history", "stack", "--keys", "-1"], "expected a whole number, 1 to"),
        (["generate-history", "stack", "--jitter", "-1"], "expected a whole number, 0 to"),
        (["generate-history", "stack", "--seed", "-1"], "expected a whole number, 0 to"),
    ])
    func `a wrong number is told with what was expected`(arguments: [String], expected: String) async throws {
        let result = try await PolygraphProcess.run(arguments, in: folder.url)
        #expect(result.status == 254 && result.output.isEmpty)
        #expect(result.error.contains(expected), "\(result.error)")
        // The value that is wrong, and not the next word.
        #expect(result.error.contains(arguments[arguments.count - 1]), "\(result.error)")
    }

    @Test func `a register may begin with a negative number`() async throws {
        try folder.write(
            "negative.jsonl",
            """
            {"process":0,"type":"invoke","f":"read","value":null}
            {"process":0,"type":"ok","f":"read","value":-5}

            """)
        let result = try await PolygraphProcess.run(["check", "negative.jsonl", "--init", "-5"], in: folder.url)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    @Test func `a plan says what a swarm leaves out, and where each line of faults is`() async throws {
        let arguments = ["plan", "raft-everything", "--set", "schedule.swarm=true", "--operations", "0"]
        for seed in 1...4 {
            let result = try await PolygraphProcess.run(arguments + ["--seed", "\(seed)"], in: folder.url)
            let json = try await PolygraphProcess.run(arguments + ["--seed", "\(seed)", "--json"], in: folder.url)
            let document = try #require(
                try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any])
            let leftOut = Set(try #require(document["left_out_by_swarm"] as? [Int]))
            let schedule = try #require(document["schedule"] as? [[String: Any]])
            let used = Set(schedule.compactMap { $0["line"] as? Int })
            #expect(!leftOut.isEmpty && leftOut.isDisjoint(with: used))
            func count(_ start: String) -> Int {
                let line = result.output.split(separator: "\n").first { $0.hasPrefix("  " + start) }
                return line.map { $0.split(separator: ",").count } ?? 0
            }
            #expect(count("swarm: this seed leaves out ") == leftOut.count, "\(result.output)")
            #expect(count("swarm: this") + count("does not come in this run: ") + used.count == 31, "\(result.output)")
        }
    }

    @Test func `a plan says of a fault that waits what for and how often, once`() async throws {
        let result = try await PolygraphProcess.run(
            [
                "plan", "raft-register", "--seed", "1", "--operations", "0", "--set",
                "faults=[{kill: primary, when: {primary: changes, times: 5}, for: 2s, every: 5s}, "
                    + "{pause: one, when: {completion: ok, of: write, delay: 5ms}, for: 1s}]",
            ], in: folder.url)
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(
            lines.filter { $0.contains("kill") } == [
                "  after another node leads (5 times at most, 5 s apart or more), for 2 s: kill primary: whoever leads then"
            ], "\(result.output)\(result.error)")
        let pause = lines.filter { $0.contains("pause") }
        #expect(pause.count == 1)
        #expect(
            pause.first?.hasPrefix("  5 ms after the end of an ok write (once at most), for 1 s: pause one: n") == true)
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
