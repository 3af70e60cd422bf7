import Testing

@testable import PolygraphHistory

@Suite struct HistoryExportTests {
    private func export(_ history: History, _ format: HistoryFormat, independent: Bool = false) throws -> [UInt8] {
        var bytes: [UInt8] = []
        try HistoryExport.write(history, as: format, independent: independent) { bytes += $0 }
        return bytes
    }

    private func history(_ seed: UInt64, keyed: Bool) throws -> History {
        var numbers = SeededNumbers(seed)
        var operations = numbers.history(operations: 40)
        for position in operations.indices {
            let value = numbers.value()
            operations[position].value =
                position % 5 == 0 ? [["append", value, 1], ["r", "x", .null], ["w", 3, value]] : value
            operations[position].function = Bool.random(using: &numbers) ? "read" : numbers.text()
            operations[position].node = Bool.random(using: &numbers) ? numbers.text() : nil
            operations[position].error = [nil, "timed-out", numbers.text()].randomElement(using: &numbers)!
            operations[position].key = keyed ? numbers.value(depth: 2) : nil
        }
        return try History(operations)
    }

    @Test(arguments: 0..<80) func `JSON Lines to EDN and back is the same history`(seed: UInt64) throws {
        for keyed in [false, true] {
            let history = try history(seed, keyed: keyed)
            for independent in keyed ? [false, true] : [false] {
                let edn = try export(history, .edn, independent: independent)
                for capacity in [64, 1 << 20] {
                    let back = try readHistory(edn, format: .edn, independent: independent, capacity: capacity)
                    #expect(Array(back.operations) == Array(history.operations), "seed \(seed)")
                    #expect(try export(back, .jsonLines) == export(history, .jsonLines))
                    #expect(back.warnings.isEmpty)
                }
                #expect(try detectFormat(edn) == .edn)
            }
        }
    }

    @Test func `Recorded histories stay the same through both forms`() throws {
        for entry in try RecordedFiles.all() {
            let history = try HistoryFile.read(entry.path)
            for format in [HistoryFormat.edn, .jsonLines] {
                let back = try readHistory(try export(history, format))
                #expect(Array(back.operations) == Array(history.operations), "\(entry.path)")
            }
        }
    }

    @Test func `The form that Jepsen prints`() throws {
        let history = try History([
            Operation(
                index: 0, time: 5, process: .client(1), kind: .invoke, function: "txn", key: "k",
                value: [["append", 3, 1], ["r", 3, .null]]),
            Operation(
                index: 1, time: 6, process: .nemesis, kind: .info, function: "start", value: ["0": "n1", "a": 1.5]),
            Operation(
                index: 2, time: 7, process: .client(1), kind: .fail, function: "odd name", key: "k", value: "a\n\u{1}",
                node: "n1", error: "timed-out"),
        ])
        #expect(
            String(decoding: try export(history, .edn), as: UTF8.self) == #"""
                {:index 0, :time 5, :type :invoke, :process 1, :f :txn, :key "k", :value [[:append 3 1] [:r 3 nil]]}
                {:index 1, :time 6, :type :info, :process :nemesis, :f :start, :value {0 "n1", "a" 1.5}}
                {:index 2, :time 7, :type :fail, :process 1, :f "odd name", :key "k", :value "a\n\u0001", :node "n1", :error :timed-out}

                """#)
        #expect(
            String(decoding: try export(history, .edn, independent: true), as: UTF8.self)
                .contains(#":value ["k" [[:append 3 1] [:r 3 nil]]]}"#))
        #expect(throws: HistoryError.self) { try export(history, .elleJSON) }
        #expect(throws: HistoryError.self) { try export(history, .jsonLines, independent: true) }
        let keyless = try History([Operation(index: 0, time: 0, process: .client(1), kind: .invoke, function: "r")])
        #expect(throws: HistoryError.self) { try export(keyless, .edn, independent: true) }
    }
}
