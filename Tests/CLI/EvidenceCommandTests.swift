import Foundation
import Testing

/// Certificates and cores, from the binary that writes them to the binary that reads them.
@Suite struct EvidenceCommandTests {
    let folder = try! TemporaryFolder()

    private func polygraph(_ arguments: String...) async throws -> PolygraphProcess.Result {
        try await PolygraphProcess.run(arguments, in: folder.url)
    }

    private func generate(_ recipe: String, _ name: String, _ more: String...) async throws {
        let result = try await PolygraphProcess.run(
            ["generate-history", recipe, "--operations", "200", "--output", name] + more, in: folder.url)
        #expect(result.status == 0)
    }

    @Test(arguments: [
        ("register", "register"), ("cas-register", "cas-register"), ("many-keys", "cas-register"),
        ("fifo-queue", "fifo-queue"), ("stack", "stack"), ("equal-times", "register"),
    ])
    func `a certificate is written and holds`(recipe: String, model: String) async throws {
        try await generate(recipe, "history.jsonl")
        let check = try await polygraph("check", "history.jsonl", "--model", model, "--certificate", "order.jsonl")
        #expect(check.status == 0)
        let verify = try await polygraph("verify", "history.jsonl", "order.jsonl")
        #expect(verify.status == 0)
        #expect(verify.output.contains("holds") && verify.output.contains(model))
    }

    @Test func `a tampered certificate does not hold`() async throws {
        try await generate("register", "history.jsonl")
        _ = try await polygraph("check", "history.jsonl", "--model", "register", "--certificate", "order.jsonl")
        let lines = try folder.read("order.jsonl").split(separator: "\n").map(String.init)
        try #require(lines.count == 2)
        let inner = lines[1].dropFirst("{\"order\":[".count).dropLast("]}".count)
        let order = inner.split(separator: ",").map(String.init)
        try #require(order.count == 200)
        var tampered = [
            "reversed": Array(order.reversed()), "one missing": Array(order.dropLast()),
            "one twice": order + [order[0]], "one that does not exist": order + ["1000000"],
        ]
        tampered["two changed over"] = [order[199]] + order[1..<199] + [order[0]]
        for (what, indices) in tampered {
            try folder.write("tampered.jsonl", "\(lines[0])\n{\"order\":[\(indices.joined(separator: ","))]}\n")
            let verify = try await polygraph("verify", "history.jsonl", "tampered.jsonl")
            #expect(verify.status == 1, "\(what)")
            #expect(verify.output.contains("does not hold"), "\(what)")
        }
        try folder.write("empty.jsonl", "\(lines[0])\n")
        #expect(try await polygraph("verify", "history.jsonl", "empty.jsonl").status == 1)
    }

    /// Two histories that are valid under one reading only: the certificate says which, and `verify` needs no option.
    @Test func `a certificate holds all readings`() async throws {
        let event = { (index: Int, process: Int, type: String, function: String, value: String) in
            """
            {"index":\(index),"time":\(index + 1)000000,"process":\(process),"type":"\(type)","f":"\(function)",\
            "value":\(value)}

            """
        }
        try folder.write(
            "nil.jsonl",
            event(0, 0, "invoke", "write", "1") + event(1, 0, "ok", "write", "1")
                + event(2, 0, "invoke", "read", "null") + event(3, 0, "ok", "read", "null"))
        try folder.write(
            "permits.jsonl",
            (0..<3).map {
                event(2 * $0, $0, "invoke", "acquire", "null") + event(2 * $0 + 1, $0, "ok", "acquire", "null")
            }
            .joined())
        for (history, model, option) in [
            ("nil.jsonl", "register", ["--nil-read", "any"]), ("permits.jsonl", "semaphore", ["--permits", "3"]),
        ] {
            let check = try await PolygraphProcess.run(
                ["check", history, "--model", model, "--certificate", "order.jsonl"] + option, in: folder.url)
            #expect(check.status == 0)
            let verify = try await polygraph("verify", history, "order.jsonl")
            #expect(verify.status == 0)
            #expect(verify.output.contains(option[0].dropFirst(2).replacing("-", with: " ") + " \(option[1])"))
            #expect(
                try await PolygraphProcess.run(["verify", history, "order.jsonl"] + option, in: folder.url).status == 0)
        }
    }

    @Test func `verify refuses a certificate of another reading than was asked for`() async throws {
        try await generate("cas-register", "history.jsonl")
        let check = try await polygraph(
            "check", "history.jsonl", "--model", "cas-register", "--certificate", "order.jsonl")
        #expect(check.status == 0)
        let same = [
            "--model", "cas-register", "--init", "null", "--failed-cas", "mismatch", "--nil-read", "value", "--permits",
            "1",
        ]
        #expect(
            try await PolygraphProcess.run(["verify", "history.jsonl", "order.jsonl"] + same, in: folder.url).status
                == 0)
        for (option, other) in [
            ("--model", "register"), ("--init", "0"), ("--failed-cas", "ignored"), ("--nil-read", "any"),
            ("--permits", "2"),
        ] {
            let result = try await polygraph("verify", "history.jsonl", "order.jsonl", option, other)
            #expect(result.status == 254, "\(option)")
            #expect(result.output.isEmpty)
            #expect(result.error.contains("\(option) \(other)"), "\(result.error)")
        }
        for (option, wrong) in [("--model", "registre"), ("--init", "{"), ("--permits", "0")] {
            let result = try await polygraph("verify", "history.jsonl", "order.jsonl", option, wrong)
            #expect(result.status == 254)
            #expect(result.error.contains(wrong))
        }
    }

    @Test func `a certificate of another history does not hold`() async throws {
        try await generate("register", "one.jsonl")
        try await generate("register", "two.jsonl", "--seed", "2")
        _ = try await polygraph("check", "one.jsonl", "--model", "register", "--certificate", "order.jsonl")
        #expect(try await polygraph("verify", "two.jsonl", "order.jsonl").status == 1)
    }

    @Test func `what is no certificate is wrong use`() async throws {
        try await generate("register", "history.jsonl")
        for text in ["", "{}\n", "no JSON\n", "{\"format\":\"polygraph-certificate\",\"version\":2}\n"] {
            try folder.write("wrong.jsonl", text)
            let verify = try await polygraph("verify", "history.jsonl", "wrong.jsonl")
            #expect(verify.status == 254, "\(text)")
            #expect(verify.error.contains("wrong.jsonl"))
        }
        for arguments in [["history.jsonl", "missing"], ["missing", "history.jsonl"], ["history.jsonl", "."]] {
            #expect(try await PolygraphProcess.run(["verify"] + arguments, in: folder.url).status == 254)
        }
    }

    @Test(arguments: [
        ("stale-read", "register"), ("cas-register-invalid", "cas-register"),
        ("cas-register-crashed-invalid", "cas-register"), ("zone-extremes-invalid", "register"),
        ("queue-tight-crashes-invalid", "fifo-queue"), ("queue-squeezed-empties-invalid", "fifo-queue"),
    ])
    func `a core is an invalid history, no longer than its origin`(recipe: String, model: String) async throws {
        try await generate(recipe, "history.jsonl")
        let check = try await polygraph("check", "history.jsonl", "--model", model, "--core", "core.jsonl")
        #expect(check.status == 1)
        let core = try await polygraph("check", "core.jsonl", "--model", model)
        #expect(core.status == 1, "\(core.output)\(core.error)")
        let lines = try folder.read("core.jsonl").split(separator: "\n").count
        #expect(lines > 0)
        #expect(lines <= (try folder.read("history.jsonl").split(separator: "\n").count))
    }

    @Test func `there is no core of a valid history, and no certificate of an invalid one`() async throws {
        try await generate("register", "valid.jsonl")
        try await generate("stale-read", "invalid.jsonl")
        let valid = try await polygraph("check", "valid.jsonl", "--model", "register", "--core", "evidence")
        #expect(valid.status == 0)
        #expect(valid.error.contains("no core"))
        let invalid = try await polygraph("check", "invalid.jsonl", "--model", "register", "--certificate", "evidence")
        #expect(invalid.status == 1)
        #expect(invalid.error.contains("no certificate"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("evidence").path))
    }

    @Test func `evidence that cannot be written is a failure that names the file`() async throws {
        try await generate("register", "valid.jsonl")
        try await generate("stale-read", "invalid.jsonl")
        for (history, option) in [("valid.jsonl", "--certificate"), ("invalid.jsonl", "--core")] {
            for place in ["no/such/folder", "."] {
                let result = try await polygraph("check", history, "--model", "register", option, place)
                #expect(result.status == 255)
                #expect(result.error.contains("cannot write \(place)"))
            }
        }
    }

    @Test(arguments: ["--core", "--certificate"])
    func `evidence is of one history`(option: String) async throws {
        try await generate("register", "history.jsonl")
        let result = try await polygraph("check", "history.jsonl", "history.jsonl", option, "evidence")
        #expect(result.status == 254)
        #expect(result.error.contains(option))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("evidence").path))
    }
}
