import FoundationEssentials
import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Histories from the test suites of other checkers, with the verdicts that their sources state for them.
@Suite struct RecordedHistoryTests {
    private struct Entry: Decodable {
        var file: String
        var model: String?
        var format: String
        var expected: String?
        var `init`: Initial?

        /// A number, a word, or nil.
        enum Initial: Decodable {
            case number(Int64)
            case word(String)

            init(from decoder: any Decoder) throws {
                let container = try decoder.singleValueContainer()
                if let number = try? container.decode(Int64.self) {
                    self = .number(number)
                } else {
                    self = .word(try container.decode(String.self))
                }
            }

            var value: Value {
                switch self {
                case .number(let number): .integer(number)
                case .word(let word): Int64(word).map { .integer($0) } ?? .null
                }
            }
        }
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

    /// The model of an entry and how its source reads histories; nil for what is no linearizability.
    private static func reading(_ entry: Entry) -> (model: any Model, failedCAS: LinearizabilityOptions.FailedCAS)? {
        let initial = entry.`init`?.value ?? .null
        switch entry.model {
        case "cas-register" where entry.format == "jepsen-text-log":
            return (CASRegister(initial: initial), .mismatch)
        case "cas-register": return (CASRegister(initial: initial, nilRead: .any), .ignored)
        case "mutex": return (OwnerlessMutex(), .mismatch)
        case "counter": return (Counter(), .mismatch)
        case "set", "set-full": return (GrowOnlySet(), .mismatch)
        case let name? where name.hasPrefix("kv "): return (StringMap(), .mismatch)
        default: return nil
        }
    }

    @Test func everyHistoryHasItsKnownVerdict() throws {
        guard let folder = Self.folder else {
            print("SKIPPED: recorded histories not found; set POLYGRAPH_DATA to their folder to check them")
            return
        }
        let index = try JSONDecoder().decode(
            [Entry].self, from: Data(contentsOf: folder.appendingPathComponent("index.json")))
        var checked = (valid: 0, invalid: 0)
        for entry in index {
            let expected: Verdict
            switch entry.expected {
            case "linearizable", "valid": expected = .valid
            case "not-linearizable", "invalid": expected = .invalid
            default: continue
            }
            guard let (model, failedCAS) = Self.reading(entry) else { continue }
            if expected == .valid { checked.valid += 1 } else { checked.invalid += 1 }
            let history = try HistoryFile.read(folder.appendingPathComponent(entry.file).path)
            let result = Linearizable(model: model, options: LinearizabilityOptions(failedCAS: failedCAS))
                .check(history)
            #expect(result.verdict == expected, "\(entry.file): \(result.reason)")
            for anomaly in result.anomalies {
                #expect(
                    anomaly.explanation.contains { $0.contains("A second, independent search found no order") },
                    "\(entry.file)")
            }
        }
        #expect(checked.valid >= 75 && checked.invalid >= 50, "\(checked)")
    }
}
