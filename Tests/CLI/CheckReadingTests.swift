import Foundation
import Testing

/// The readings and budgets of `polygraph check`: what each option changes.
@Suite struct CheckReadingTests {
    let folder = try! TemporaryFolder()

    /// A history of operations one after the other: function, input, kind of the completion, its value, error.
    private func history(_ operations: [(String, String, String, String, String?)]) throws {
        var text = ""
        for (place, operation) in operations.enumerated() {
            let (function, input, kind, output, error) = operation
            let process = kind == "info" ? 100 + place : place % 2
            text += """
                {"index":\(2 * place),"time":\(place + 1)000000,"process":\(process),"type":"invoke","f":"\(function)",\
                "value":\(input)}
                {"index":\(2 * place + 1),"time":\(place + 1)500000,"process":\(process),"type":"\(kind)",\
                "f":"\(function)","value":\(output)\(error.map { ",\"error\":\"\($0)\"" } ?? "")}

                """
        }
        try folder.write("history.jsonl", text)
    }

    private func check(_ arguments: String...) async throws -> Int32 {
        try await PolygraphProcess.run(["check", "history.jsonl"] + arguments, in: folder.url).status
    }

    @Test func `a failed cas that could have succeeded contradicts only where it is an observation`() async throws {
        for (error, expected) in [
            (nil, ["mismatch": 0, "observes": 1, "ignored": 0]),
            ("mismatch", ["mismatch": 1, "observes": 1, "ignored": 0]),
        ] as [(String?, [String: Int32])] {
            try history([
                ("write", "1", "ok", "1", nil), ("cas", "[1,2]", "fail", "[1,2]", error),
                ("read", "null", "ok", "1", nil),
            ])
            #expect(try await check() == expected["mismatch"])
            for (reading, status) in expected {
                #expect(try await check("--failed-cas", reading) == status, "\(reading), error \(error ?? "none")")
            }
        }
    }

    @Test func `a read of null contradicts a written value only where null is one`() async throws {
        try history([("write", "1", "ok", "1", nil), ("read", "null", "ok", "null", nil)])
        for model in ["register", "cas-register"] {
            #expect(try await check("--model", model) == 1)
            #expect(try await check("--model", model, "--nil-read", "value") == 1)
            #expect(try await check("--model", model, "--nil-read", "any") == 0)
        }
    }

    @Test func `the initial value decides the first read`() async throws {
        try history([("read", "null", "ok", "5", nil), ("write", "1", "ok", "1", nil)])
        #expect(try await check() == 1)
        #expect(try await check("--init", "5") == 0)
        #expect(try await check("--initial", "5") == 0)
        #expect(try await check("--init", "\"5\"") == 1)
        try history([("dequeue", "null", "ok", "7", nil), ("dequeue", "null", "ok", "8", nil)])
        #expect(try await check("--model", "fifo-queue") == 1)
        #expect(try await check("--model", "fifo-queue", "--init", "[7,8]") == 0)
        #expect(try await check("--model", "fifo-queue", "--init", "[8,7]") == 1)
        #expect(try await check("--model", "stack", "--init", "[7]") == 2)
    }

    @Test func `a mistake names the option that it is in`() async throws {
        try history([("acquire", "null", "ok", "null", nil)])
        for (arguments, option) in [
            (["--model", "semaphore", "--permits", "0"], "invalid for '--permits"),
            (["--model", "semaphore", "--permits", "2", "--init", "3"], "--init 3"),
            (["--model", "counter", "--init", "[]"], "--init []"), (["--init", "{"], "--init {"),
        ] {
            let result = try await PolygraphProcess.run(["check", "history.jsonl"] + arguments, in: folder.url)
            #expect(result.status == 254)
            #expect(result.error.contains(option), "\(result.error)")
        }
    }

    @Test func `values that look like tuples of many keys are pointed out`() async throws {
        let tuples = """
            [{:process 0 :type :invoke :f :write :value [1 5]} {:process 0 :type :ok :f :write :value [1 5]}
             {:process 1 :type :invoke :f :read :value [2 nil]} {:process 1 :type :ok :f :read :value [2 nil]}]
            """
        try folder.write("tuples.edn", tuples)
        let plain = try await PolygraphProcess.run(["check", "tuples.edn", "--model", "register"], in: folder.url)
        #expect(plain.output.contains("--independent"))
        let apart = try await PolygraphProcess.run(
            ["check", "tuples.edn", "--model", "register", "--independent"], in: folder.url)
        #expect(apart.status == 0)
        #expect(!apart.output.contains("every value is a list of two"))
        // A cas carries two values, and a queue may hold pairs beside others.
        try folder.write("plain.edn", tuples.replacing(":value [2 nil]", with: ":value nil"))
        let other = try await PolygraphProcess.run(["check", "plain.edn", "--model", "register"], in: folder.url)
        #expect(!other.output.contains("every value is a list of two"))
    }

    @Test func `permits are how many hold a semaphore at once`() async throws {
        try history(Array(repeating: ("acquire", "null", "ok", "null", nil), count: 3))
        for (permits, status) in ["1": 1, "2": 1, "3": 0, "4": 0] as [String: Int32] {
            #expect(try await check("--model", "semaphore", "--permits", permits) == status)
        }
    }

    @Test func `the report names the readings`() async throws {
        try history([("write", "1", "ok", "1", nil)])
        let result = try await PolygraphProcess.run(
            ["check", "history.jsonl", "--init", "5", "--nil-read", "any", "--failed-cas", "ignored"], in: folder.url)
        #expect(result.status == 0)
        #expect(result.output.contains("initial value 5"))
        for option in ["--init 5", "--nil-read any", "--failed-cas ignored"] {
            #expect(result.output.contains(option))
        }
    }

    @Test(arguments: [
        (["--failed-cas", "sometimes"], "--failed-cas"), (["--nil-read", "never"], "--nil-read"),
        (["--init", "{"], "--init"), (["--init", "five"], "--init"),
        (["--init", "5", "--model", "fifo-queue"], "--init"), (["--permits", "0"], "--permits"),
        (["--permits", "many"], "--permits"), (["--memory-limit", "0"], "--memory-limit"),
        (["--memory-limit", "1GB"], "--memory-limit"), (["--time-limit", "0s"], "--time-limit"),
        (["--time-limit", "soon"], "--time-limit"), (["--format", "xml"], "--format"),
        (["--modell", "register"], "--model"),
    ])
    func `a wrong value is wrong use, and the option is named`(arguments: [String], option: String) async throws {
        try history([("write", "1", "ok", "1", nil)])
        let result = try await PolygraphProcess.run(["check", "history.jsonl"] + arguments, in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains(option))
        #expect(result.output.isEmpty)
    }

    @Test func `a call that the model does not have leaves the verdict open, and is named`() async throws {
        try history([("push", "1", "ok", "1", nil)])
        let result = try await PolygraphProcess.run(
            ["check", "history.jsonl", "--model", "fifo-queue"], in: folder.url)
        #expect(result.status == 2)
        #expect(result.output.contains("push"))
    }

    @Test func `a history comes through standard input`() async throws {
        try history([("write", "1", "ok", "1", nil), ("read", "null", "ok", "2", nil)])
        let result = try await PolygraphProcess.run(
            ["check", "-"], in: folder.url, prefix: ["bash", "-c", "\"$0\" \"$@\" < history.jsonl"])
        #expect(result.status == 1)
        #expect(!result.output.contains("polygraph check -"))
        try folder.write("history.jsonl", "")
        let empty = try await PolygraphProcess.run(["check", "-"], in: folder.url)
        #expect(empty.status == 254)
    }

    @Test func `folders and files that are no histories are wrong use`() async throws {
        try Data((0..<4096).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 / 256) }).write(
            to: folder.url.appendingPathComponent("binary"))
        for name in [".", "binary", "missing"] {
            let result = try await PolygraphProcess.run(["check", name], in: folder.url)
            #expect(result.status == 254)
            #expect(result.error.hasPrefix(name))
            #expect(result.output.isEmpty)
        }
    }

    /// A history whose search takes minutes: NP-hard, and large.
    private func hardHistory() async throws {
        let result = try await PolygraphProcess.run(
            ["generate-history", "hamiltonian-path-invalid", "--operations", "2000", "--output", "history.jsonl"],
            in: folder.url)
        #expect(result.status == 0)
    }

    @Test func `out of budget is unknown, and says which budget it was`() async throws {
        try await hardHistory()
        for (arguments, what) in [(["--time-limit", "1ms"], "time limit"), (["--memory-limit", "1"], "memory limit")] {
            let result = try await PolygraphProcess.run(["check", "history.jsonl"] + arguments, in: folder.url)
            #expect(result.status == 2, "\(arguments): \(result.error)")
            #expect(result.output.hasPrefix("UNKNOWN"))
            #expect(
                result.output.split(whereSeparator: \.isWhitespace).joined(separator: " ").contains(what))
        }
    }

    @Test func `an interrupt ends a long check and leaves nothing`() async throws {
        try await hardHistory()
        let names = ["check", "history.jsonl", "--certificate", "order", "--core", "core", "--time-limit", "10m"]
        let running = try PolygraphProcess(names, in: folder.url)
        try await Task.sleep(for: .milliseconds(500))
        #expect(running.process.isRunning)
        running.process.interrupt()
        _ = await running.finish(within: 20)
        // A shell reports this as 130.
        #expect(running.process.terminationReason == .uncaughtSignal)
        #expect(running.process.terminationStatus == SIGINT)
        for name in ["order", "core"] {
            #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent(name).path))
        }
    }

    @Test func `no colour and no wide line where the output is no terminal`() async throws {
        try history([("write", "1", "ok", "1", nil), ("read", "null", "ok", "2", nil)])
        let result = try await PolygraphProcess.run(["check", "history.jsonl"], in: folder.url)
        #expect(!result.output.contains("\u{1B}"))
        for line in result.output.split(separator: "\n") { #expect(line.count <= 80) }
    }
}
