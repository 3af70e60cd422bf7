import Foundation
import Testing

@Suite struct CheckTests {
    let folder = try! TemporaryFolder()

    private let valid = """
        {"index":0,"time":10,"process":0,"type":"invoke","f":"write","key":"k","value":1,"node":"n1"}
        {"index":1,"time":20,"process":0,"type":"ok","f":"write","key":"k","value":1,"node":"n1"}
        {"index":2,"time":30,"process":1,"type":"invoke","f":"read","key":"k","value":null,"node":"n2"}
        {"index":3,"time":40,"process":1,"type":"ok","f":"read","key":"k","value":1,"node":"n2"}

        """
    private var stale: String {
        valid.replacingOccurrences(
            of: "\"ok\",\"f\":\"read\",\"key\":\"k\",\"value\":1",
            with: "\"ok\",\"f\":\"read\",\"key\":\"k\",\"value\":null")
    }

    private func check(_ name: String, _ text: String) async throws -> PolygraphProcess.Result {
        try folder.write(name, text)
        return try await PolygraphProcess.run(["check", name, "--model", "register"], in: folder.url)
    }

    @Test func `a valid history ends with 0`() async throws {
        let result = try await check("valid.jsonl", valid)
        #expect(result.status == 0)
        #expect(result.output.contains("VALID"))
    }

    @Test func `an invalid history ends with 1, and the anomaly has a name`() async throws {
        let result = try await check("stale.jsonl", stale)
        #expect(result.status == 1)
        #expect(result.output.contains("INVALID"))
        #expect(result.output.lowercased().contains("stale read"))
    }

    @Test func `a torn last line is dropped with a warning`() async throws {
        let result = try await check("torn.jsonl", valid + "{\"index\":4,\"time\":50,\"pro")
        #expect(result.status == 0)
        #expect((result.output + result.error).contains("the last one"))
    }

    @Test func `an operation without completion may have happened or not`() async throws {
        let open =
            "{\"index\":0,\"time\":1,\"process\":9,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"k\",\"value\":1}\n"
        let read = valid.split(separator: "\n").suffix(2).joined(separator: "\n") + "\n"
        #expect(try await check("open.jsonl", open + read).status == 0)
    }

    @Test func `a history in which nothing succeeded shows nothing`() async throws {
        let open =
            "{\"index\":0,\"time\":1,\"process\":9,\"type\":\"invoke\",\"f\":\"write\",\"key\":\"k\",\"value\":1}\n"
        #expect(try await check("nothing.jsonl", open).status == 2)
    }

    @Test func `a long value is told in few lines, and whole in JSON`() async throws {
        let long = String(repeating: "x", count: 50_000)
        let text = stale.replacingOccurrences(of: "\"value\":1", with: "\"value\":\"\(long)\"")
        let result = try await check("long.jsonl", text)
        #expect(result.status == 1)
        #expect(result.output.contains("more)…"))
        #expect(result.output.split(separator: "\n").count < 200)
        let json = try await PolygraphProcess.run(
            ["check", "long.jsonl", "--model", "register", "--json"], in: folder.url)
        #expect(json.output.contains(long))
    }

    @Test func `what is to be said of many histories is said once`() async throws {
        let untimed = valid.replacing(/"time":\d+,/, with: "")
        for name in ["a.jsonl", "b.jsonl", "c.jsonl"] { try folder.write(name, untimed) }
        let result = try await PolygraphProcess.run(
            ["check", "a.jsonl", "b.jsonl", "c.jsonl", "--model", "register"], in: folder.url)
        #expect(result.status == 0)
        #expect(result.error.contains("3 histories, as a.jsonl: ") && result.error.contains("no event has a time"))
        #expect(result.error.split(separator: "\n").count == 1)
    }

    @Test func `of many histories what still holds is in the JSON`() async throws {
        try folder.write("a.jsonl", stale)
        try folder.write("b.jsonl", valid)
        let files = ["check", "a.jsonl", "b.jsonl", "--model", "register"]
        let lines = try await PolygraphProcess.run(files, in: folder.url)
        #expect(lines.status == 1)
        #expect(lines.output.split(separator: "\n").map { $0.prefix(8) } == ["invalid\t", "valid\tb."])
        let json = try await PolygraphProcess.run(files + ["--json"], in: folder.url)
        let documents = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [[String: Any]]
        let results = try #require(documents?.first?["results"] as? [[String: Any]])
        #expect((results.first?["levels"] as? [Any])?.isEmpty == false)
    }

    @Test func `an empty history is wrong use, and says so`() async throws {
        let result = try await check("empty.jsonl", "")
        #expect(result.status == 254)
        #expect(result.error.contains("empty.jsonl") && result.error.contains("empty"))
    }

    @Test func `a history that is not UTF-8 is wrong use, with the line`() async throws {
        var bytes = Data(valid.utf8)
        bytes.append(contentsOf: Array("{\"index\":4,\"time\":50,\"process\":1,\"type\":\"invoke\",\"f\":\"".utf8))
        bytes.append(contentsOf: [0xFF, 0xFE])
        bytes.append(contentsOf: Array("\"}\n".utf8))
        bytes.append(contentsOf: Array(valid.utf8))
        try bytes.write(to: folder.url.appendingPathComponent("latin.jsonl"))
        let result = try await PolygraphProcess.run(["check", "latin.jsonl"], in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains("latin.jsonl:5"))
    }

    @Test func `garbage in the middle is wrong use, with line and column`() async throws {
        let result = try await check("garbage.jsonl", valid + "{\"index\":4 oops}\n" + valid)
        #expect(result.status == 254)
        #expect(result.error.contains("garbage.jsonl:5:"))
    }

    @Test func `of many files the worst exit code wins`() async throws {
        try folder.write("a.jsonl", valid)
        try folder.write("b.jsonl", stale)
        let result = try await PolygraphProcess.run(
            ["check", "a.jsonl", "b.jsonl", "missing.jsonl", "--model", "register"], in: folder.url)
        #expect(result.status == 1)
        #expect(result.output.split(separator: "\n").count == 2)
        #expect(result.error.contains("missing.jsonl"))
    }

    @Test func `json is one document`() async throws {
        try folder.write("stale.jsonl", stale)
        let result = try await PolygraphProcess.run(
            ["check", "stale.jsonl", "--model", "register", "--json"], in: folder.url)
        #expect(result.status == 1)
        let document = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any]
        #expect(document?["verdict"] as? String == "invalid")
    }

    @Test func `json of many files is one array, with what could not be read`() async throws {
        try folder.write("a.jsonl", valid)
        try folder.write("b.jsonl", stale)
        let result = try await PolygraphProcess.run(
            ["check", "a.jsonl", "missing.jsonl", "b.jsonl", "--model", "register", "--json"], in: folder.url)
        #expect(result.status == 1)
        let documents = try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [[String: Any]]
        #expect(documents?.map { $0["verdict"] as? String } == ["valid", nil, "invalid"])
        #expect((documents?[1]["error"] as? String)?.contains("missing.jsonl") == true)
    }

    @Test func `histories of other tools are known by their content, or by name`() async throws {
        let texts = [
            "edn": """
            [{:process 0, :type :invoke, :f :write, :value 1}
             {:process 0, :type :ok, :f :write, :value 1}
             {:process 1, :type :invoke, :f :read, :value nil}
             {:process 1, :type :ok, :f :read, :value 2}]
            """,
            "elle-json": """
            [{"process":0,"type":"invoke","f":"write","value":1},{"process":0,"type":"ok","f":"write","value":1},
            {"process":1,"type":"invoke","f":"read","value":null},{"process":1,"type":"ok","f":"read","value":2}]
            """,
            "porcupine-etcd": """
            INFO  jepsen.util - 0\t:invoke\t:write\t1
            INFO  jepsen.util - 0\t:ok\t:write\t1
            INFO  jepsen.util - 1\t:invoke\t:read\tnil
            INFO  jepsen.util - 1\t:ok\t:read\t2
            """,
        ]
        for (format, text) in texts {
            try folder.write(format, text)
            for extra in [[], ["--format", format]] {
                let result = try await PolygraphProcess.run(
                    ["check", format, "--model", "register"] + extra, in: folder.url)
                #expect(result.status == 1, "\(format): \(result.error)")
            }
            let right = text.replacingOccurrences(of: "read\t2", with: "read\t1").replacingOccurrences(
                of: "value 2", with: "value 1"
            ).replacingOccurrences(of: "\"value\":2", with: "\"value\":1")
            try folder.write(format, right)
            #expect(
                try await PolygraphProcess.run(["check", format, "--model", "register"], in: folder.url).status == 0)
        }
        let wrong = try await PolygraphProcess.run(["check", "edn", "--format", "json-lines"], in: folder.url)
        #expect(wrong.status == 254)
        #expect(wrong.error.contains("edn:1:1"))
        #expect(try await PolygraphProcess.run(["check", "edn", "--format", "xml"], in: folder.url).status == 254)
    }
}
