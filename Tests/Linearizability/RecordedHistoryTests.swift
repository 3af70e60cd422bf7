import FoundationEssentials
import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Histories that Jepsen recorded from etcd, with the verdicts that Porcupine's test suite states for them.
@Suite struct RecordedHistoryTests {
    private struct Entry: Decodable {
        var file: String
        var format: String
        var expected: String?
    }

    /// The folder of recorded data: `POLYGRAPH_DATA`, or `shared/data` beside a folder above this file.
    private static let folder: URL? = {
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

    /// A line: `INFO  jepsen.util - PROCESS TAB :TYPE TAB :FUNCTION TAB VALUE`.
    private static func parse(_ text: String) throws -> History {
        var events: [Operation] = []
        func value(_ text: String) -> Value {
            if let number = Int64(text) { return .integer(number) }
            if text.hasPrefix("[") {
                return .list(text.dropFirst().dropLast().split(separator: " ").map { value(String($0)) })
            }
            return .null
        }
        for line in text.split(separator: "\n") {
            let fields = line.split(separator: "\t").map { $0.filter { $0 != "\r" } }
            guard fields.count >= 4, let number = fields[0].split(separator: " ").last, let process = Int(number),
                let kind = Operation.Kind(rawValue: String(fields[1].dropFirst()))
            else { continue }
            let function = String(fields[2].dropFirst())
            events.append(
                Operation(
                    index: events.count, time: Int64(events.count) * 1_000_000, process: .client(process), kind: kind,
                    function: function, value: value(fields[3]),
                    error: kind == .fail && function == "cas" ? "mismatch" : nil))
        }
        return try History(events)
    }

    @Test func etcdLogs() throws {
        guard let folder = Self.folder else {
            print("SKIPPED: recorded histories not found; set POLYGRAPH_DATA to their folder to check them")
            return
        }
        let index = try JSONDecoder().decode(
            [Entry].self, from: Data(contentsOf: folder.appendingPathComponent("index.json")))
        var checked = (valid: 0, invalid: 0)
        for entry in index where entry.format == "jepsen-text-log" {
            let expected: Verdict
            switch entry.expected {
            case "linearizable":
                expected = .valid
                checked.valid += 1
            case "not-linearizable":
                expected = .invalid
                checked.invalid += 1
            default: continue
            }
            let text = try String(contentsOf: folder.appendingPathComponent(entry.file), encoding: .utf8)
            let history = try Self.parse(text)
            for reading in LinearizabilityOptions.FailedCAS.allCases {
                let result = Linearizable(
                    model: CASRegister(), options: LinearizabilityOptions(failedCAS: reading)
                ).check(history)
                #expect(result.verdict == expected, "\(entry.file): \(result.reason)")
                for anomaly in result.anomalies {
                    #expect(
                        anomaly.explanation.last?.contains("A second, independent search found no order") ?? false,
                        "\(entry.file)")
                }
            }
        }
        #expect(checked.valid > 0 && checked.invalid > 0, "\(checked)")
    }
}
