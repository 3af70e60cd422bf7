import PolygraphHistory
import Testing

/// Every history in the recorded data, as it is and damaged.
@Suite struct RecordedFilesTests {
    private func count(_ pattern: String, in bytes: [UInt8]) -> Int {
        String(decoding: bytes, as: UTF8.self).split(separator: pattern, omittingEmptySubsequences: false).count - 1
    }

    @Test func `Every recorded history is read whole, whatever its form`() throws {
        for entry in try RecordedFiles.all() {
            let bytes = RecordedFiles.bytes(entry.path)
            let history = try HistoryFile.read(entry.path)
            let events = Operation.Kind.allCases.reduce(0) { sum, kind in
                sum
                    + count(
                        entry.format.contains("json")
                            ? "\"type\":\"\(kind.rawValue)\"" : ":\(kind.rawValue)", in: bytes)
            }
            #expect(history.operations.count == events, "\(entry.path)")
            #expect(events > 0)
            // What is said to be its form makes no difference where that is right.
            let format: HistoryFormat =
                switch entry.format {
                case "jepsen-json": .elleJSON
                case "jepsen-text-log": .porcupineEtcd
                case let name where name.contains(":key"): .porcupineKV
                default: .edn
                }
            #expect(try Array(HistoryFile.read(entry.path, format: format).operations) == Array(history.operations))
        }
    }

    @Test func `The same history as EDN and as JSON gives the same events`() throws {
        let entries = try RecordedFiles.all()
        var pairs = 0
        for entry in entries where entry.path.hasSuffix(".json") {
            let twin = entry.path.dropLast(5) + ".edn"
            guard entries.contains(where: { $0.path == twin }) else { continue }
            pairs += 1
            let (json, edn) = (try HistoryFile.read(entry.path), try HistoryFile.read(String(twin)))
            #expect(Array(json.operations) == Array(edn.operations), "\(entry.path)")
        }
        #expect(pairs > 3 || entries.isEmpty)
    }

    /// A history, or an error with a place.
    private func read(_ bytes: [UInt8], _ format: HistoryFormat?, _ independent: Bool) {
        do {
            _ = try bytes.withUnsafeBytes {
                try HistoryFile.parse($0, file: "damaged", format: format, independent: independent)
            }
        } catch let error as HistoryError {
            #expect(error.file == "damaged")
            if let line = error.line {
                #expect(line >= 1 && line <= bytes.count(where: { $0 == 0x0A }) + 1)
                #expect(error.column ?? 0 >= 1)
            }
        } catch {
            Issue.record("\(error)")
        }
    }

    @Test func `Damage of any kind is an error with its place, or does no harm`() throws {
        var numbers = SeededNumbers(11)
        let formats: [HistoryFormat?] = [nil, nil, nil, .edn, .elleJSON, .jsonLines, .porcupineEtcd, .porcupineKV]
        for entry in try RecordedFiles.all() {
            let whole = RecordedFiles.bytes(entry.path)
            let bytes = Array(whole.prefix(20_000))
            for _ in 0..<12 {
                var damaged = Array(bytes.prefix(Int.random(in: 1...bytes.count, using: &numbers)))
                read(damaged, formats.randomElement(using: &numbers)!, Bool.random(using: &numbers))
                for _ in 0..<Int.random(in: 1...4, using: &numbers) {
                    let place = Int.random(in: 0..<damaged.count, using: &numbers)
                    damaged[place] =
                        Bool.random(using: &numbers)
                        ? damaged[place] ^ UInt8(1 << Int.random(in: 0..<8, using: &numbers))
                        : Array("()[]{}\"\\;:#_,0-".utf8).randomElement(using: &numbers)!
                }
                read(damaged, formats.randomElement(using: &numbers)!, Bool.random(using: &numbers))
            }
        }
    }

    @Test func `Where the window cuts the text makes no difference, damaged or not`() throws {
        func outcome(_ bytes: [UInt8], _ format: HistoryFormat, _ independent: Bool, _ capacity: Int) -> Outcome {
            do throws(HistoryError) {
                let history = try readHistory(
                    bytes, format: format, independent: independent, capacity: capacity)
                return Outcome(
                    operations: Array(history.operations), warnings: history.warnings,
                    names: history.columns.functionNames, values: history.columns.values.values)
            } catch {
                return Outcome(error: error)
            }
        }
        var numbers = SeededNumbers(12)
        for entry in try RecordedFiles.all() {
            let whole = RecordedFiles.bytes(entry.path)
            let format: HistoryFormat =
                entry.format.contains("json") ? .elleJSON : entry.format.contains("log") ? .porcupineEtcd : .edn
            for _ in 0..<6 {
                var bytes = Array(whole.prefix(Int.random(in: 1...min(3_000, whole.count), using: &numbers)))
                for _ in 0..<Int.random(in: 0...2, using: &numbers) {
                    bytes[Int.random(in: 0..<bytes.count, using: &numbers)] =
                        Array("()[]{}\"\\;:#_,0-\nx\0".utf8).randomElement(using: &numbers)!
                }
                let independent = Int.random(in: 0..<4, using: &numbers) == 0
                let expected = outcome(bytes, format, independent, 1 << 20)
                for capacity in [1, Int.random(in: 2...200, using: &numbers)] {
                    let found = outcome(bytes, format, independent, capacity)
                    #expect(found == expected, "\(entry.path): \(String(decoding: bytes, as: UTF8.self))")
                }
            }
        }
    }

    private struct Outcome: Equatable {
        var operations: [Operation] = []
        var warnings: [String] = []
        var names: [String] = []
        var values: [Value] = []
        var error: HistoryError?
    }
}
