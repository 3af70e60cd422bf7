import Foundation
import Testing

@Suite struct ExportTests {
    let folder = try! TemporaryFolder()

    private let history = """
        {"index":0,"time":10,"process":0,"type":"invoke","f":"write","key":"k","value":1,"node":"n1"}
        {"index":1,"time":20,"process":0,"type":"info","f":"write","key":"k","value":1,"node":"n1","error":"timed-out"}
        {"index":2,"time":30,"process":"nemesis","type":"info","f":"kill","value":["n1","n2"]}

        """

    private func export(_ arguments: String...) async throws -> PolygraphProcess.Result {
        try await PolygraphProcess.run(["export"] + arguments, in: folder.url)
    }

    @Test func `EDN and back is the same file`() async throws {
        try folder.write("history.jsonl", history)
        for extra in [[], ["--independent"]] {
            let edn = try await PolygraphProcess.run(
                ["export", "history.jsonl", "--format", "edn", "--output", "history.edn"] + extra, in: folder.url)
            #expect(edn.status == 0)
            #expect(edn.output.isEmpty)
            #expect(edn.error.contains("--independent") == extra.isEmpty)
            let back = try await PolygraphProcess.run(
                ["export", "history.edn", "--format", "json-lines"] + extra.map { _ in "--input-independent" },
                in: folder.url)
            #expect(back.status == 0)
            #expect(back.output == history)
            #expect(
                try folder.read("history.edn").contains(extra.isEmpty ? ":key \"k\", :value 1" : ":value [\"k\" 1]"))
        }
    }

    @Test func `what cannot be exported costs no file`() async throws {
        try folder.write("keyless.jsonl", history.replacingOccurrences(of: "\"key\":\"k\",", with: ""))
        try folder.write("precious", "precious")
        for arguments in [
            ["export", "keyless.jsonl", "--format", "edn", "--independent", "--output", "precious"],
            ["export", "keyless.jsonl", "--format", "json-lines", "--independent", "--output", "precious"],
            ["export", "missing.jsonl", "--format", "edn", "--output", "precious"],
            ["export", "keyless.jsonl", "--format", "elle-json", "--output", "precious"],
        ] {
            let result = try await PolygraphProcess.run(arguments, in: folder.url)
            #expect(result.status == 254, "\(arguments)")
            #expect(!result.error.isEmpty)
        }
        #expect(try folder.read("precious") == "precious")
        let result = try await export("keyless.jsonl", "--format", "edn", "--output", "no/such/folder")
        #expect(result.status == 255)
        #expect(result.error.contains("no/such/folder"))
    }
}
