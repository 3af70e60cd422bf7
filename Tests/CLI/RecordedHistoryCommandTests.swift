import Foundation
import Testing

/// Histories that other tools recorded, with the verdicts that their sources state, checked as a user checks them.
@Suite struct RecordedHistoryCommandTests {
    private struct Entry: Decodable {
        var file: String
        var model: String
        var expected: String?
        /// The initial value, as the sources write it.
        var initial: String?

        enum CodingKeys: String, CodingKey {
            case file, model, expected
            case initial = "init"
        }
    }

    /// The folder of recorded data: `POLYGRAPH_DATA`, or `shared/data` beside a folder above this file.
    private static let data: URL? = {
        if let path = ProcessInfo.processInfo.environment["POLYGRAPH_DATA"] { return URL(fileURLWithPath: path) }
        var place = URL(fileURLWithPath: #filePath)
        while place.path != "/" {
            place.deleteLastPathComponent()
            let candidate = place.appendingPathComponent("shared/data")
            if FileManager.default.fileExists(atPath: candidate.appendingPathComponent("index.json").path) {
                return candidate
            }
        }
        return nil
    }()

    /// The options for an entry; nil for models of transactions, which are not linearizable objects.
    private static func options(_ entry: Entry) -> [String]? {
        switch entry.model {
        case "cas-register":
            if entry.file.hasPrefix("porcupine/") { return ["--model", "cas-register"] }
            return ["--model", "cas-register", "--nil-read", "any", "--failed-cas", "ignored"]
                + (entry.initial.map { ["--init", $0] } ?? [])
        case "mutex": return ["--model", "mutex"]
        case "counter": return ["--model", "counter"]
        case "set", "set-full": return ["--model", "g-set"]
        default: return entry.model.hasPrefix("kv ") ? ["--model", "string-kv"] : nil
        }
    }

    @Test func `every recorded history has its known verdict`() async throws {
        guard let data = Self.data else {
            print("SKIPPED: recorded histories not found; set POLYGRAPH_DATA to their folder to check them")
            return
        }
        let folder = try TemporaryFolder()
        let index = try JSONDecoder().decode(
            [Entry].self, from: Data(contentsOf: data.appendingPathComponent("index.json")))
        // One process for all histories that are read alike; every line names verdict and file.
        var groups: [[String]: [Entry]] = [:]
        for entry in index where !(entry.expected ?? "").isEmpty {
            if let options = Self.options(entry) { groups[options, default: []].append(entry) }
        }
        var seen: [String: Int] = [:]
        for (options, entries) in groups {
            let paths = entries.map { data.appendingPathComponent($0.file).path }
            let result = try await PolygraphProcess.run(["check"] + paths + options, in: folder.url)
            let lines = result.output.split(separator: "\n").map { $0.split(separator: "\t").map(String.init) }
            if entries.count == 1 {
                #expect(result.status == Self.status(try Self.expected(entries[0], in: data)))
                seen["alone", default: 0] += 1
                continue
            }
            try #require(lines.count == entries.count, "\(result.error)")
            for (entry, line) in zip(entries, lines) {
                let expected = try Self.expected(entry, in: data)
                #expect(line[0] == expected, "\(entry.file): \(line)")
                #expect(line[1].hasSuffix(entry.file))
                seen[expected, default: 0] += 1
            }
        }
        #expect(seen["valid", default: 0] > 50 && seen["invalid", default: 0] > 40, "\(seen)")
    }

    private static func expected(_ entry: Entry, in data: URL) throws -> String {
        if ["invalid", "not-linearizable"].contains(entry.expected) { return "invalid" }
        // A history in which nothing succeeded has an order, but shows nothing.
        let text = try String(contentsOf: data.appendingPathComponent(entry.file), encoding: .utf8)
        return text.contains(":ok") || text.contains("\"ok\"") ? "valid" : "unknown"
    }

    private static func status(_ verdict: String) -> Int32 {
        verdict == "valid" ? 0 : verdict == "invalid" ? 1 : 2
    }
}
