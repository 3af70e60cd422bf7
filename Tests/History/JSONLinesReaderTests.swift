import Testing

@testable import PolygraphHistory

/// The quick way through usual lines against the way that reads each line whole.
@Suite struct JSONLinesReaderTests {
    /// What reading every line by itself gives: the events, or the line of the first mistake.
    private func plainly(_ bytes: [UInt8]) -> Result<[Operation], HistoryError> {
        var operations: [Operation] = []
        for (number, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
            do throws(HistoryError) {
                let operation = try Array(line).withUnsafeBufferPointer { (line) throws(HistoryError) in
                    try JSONLines.decode(UnsafeRawBufferPointer(line), number: number + 1)
                }
                if let last = operations.last, operation.index <= last.index {
                    return .failure(HistoryError("order", line: number + 1, column: 1))
                }
                operations.append(operation)
            } catch {
                return .failure(error)
            }
        }
        return .success(operations)
    }

    private func read(_ bytes: [UInt8], capacity: Int) -> Result<History, HistoryError> {
        do throws(HistoryError) {
            return .success(try readHistory(bytes, format: .jsonLines, capacity: capacity))
        } catch {
            return .failure(error)
        }
    }

    /// Lines as other programs write them: fields in any order, with spaces, with escapes, with what is new.
    private func line(_ operation: Operation, _ numbers: inout SeededNumbers) -> [UInt8] {
        var bytes: [UInt8] = []
        JSONLines.append(operation, to: &bytes)
        guard Int.random(in: 0..<3, using: &numbers) == 0, let value = try? JSONParser.parse(bytes),
            let fields = value.fields
        else { return bytes }
        let colon = [":", ": ", " : "].randomElement(using: &numbers)!
        let comma = [",", ", ", " ,\t"].randomElement(using: &numbers)!
        var parts = fields.map { name, value in "\"\(name)\"\(colon)\(value)" }
        if Bool.random(using: &numbers) { parts.append("\"new\"\(colon){\"a\":[1,\"]}\"]}") }
        parts.shuffle(using: &numbers)
        return Array("{\(parts.joined(separator: comma))}\(Bool.random(using: &numbers) ? "\r\n" : "\n")".utf8)
    }

    private func operations(_ numbers: inout SeededNumbers) -> [Operation] {
        var operations = numbers.history(operations: 30)
        for position in operations.indices {
            switch Int.random(in: 0..<8, using: &numbers) {
            case 0: operations[position].value = numbers.value()
            case 1: operations[position].value = [.integer(Int64(position % 5)), .integer(-3)]
            case 2: operations[position].key = numbers.value(depth: 1)
            case 3: operations[position].error = numbers.text()
            case 4: operations[position].node = numbers.text()
            case 5: operations[position].value = .bool(Bool.random(using: &numbers))
            case 6: operations[position].value = .null
            default: break
            }
        }
        return operations
    }

    @Test(arguments: 0..<60) func `Both ways give the same events`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let operations = operations(&numbers)
        let bytes = operations.flatMap { line($0, &numbers) }
        for capacity in [1, 100, 1_000, 1 << 20] {
            let history = try read(bytes, capacity: capacity).get()
            #expect(Array(history.operations) == operations)
        }
    }

    @Test(arguments: 0..<60) func `Both ways refuse the same bytes at the same place`(seed: UInt64) throws {
        var numbers = SeededNumbers(seed)
        let whole = operations(&numbers).flatMap { line($0, &numbers) }
        var refused = 0
        for _ in 0..<60 {
            var bytes = whole
            for _ in 0..<Int.random(in: 1...2, using: &numbers) {
                bytes[Int.random(in: 0..<bytes.count, using: &numbers)] = UInt8.random(
                    in: .min ... .max, using: &numbers)
            }
            bytes.append(0x0A)
            switch (plainly(bytes), read(bytes, capacity: 300)) {
            case (.success(let expected), .success(let history)): #expect(Array(history.operations) == expected)
            case (.failure(let expected), .failure(let error)):
                refused += 1
                // An event that makes no sense after those before it is refused first, and has no line.
                if let line = error.line {
                    #expect(line == expected.line && error.column == expected.column, "\(error) / \(expected)")
                }
            case (.success, .failure(let error)): #expect(error.line == nil, "\(error)")
            case (.failure(let error), .success): Issue.record("taken although \(error)")
            }
        }
        #expect(refused > 0)
    }

    @Test func `Values that are spelled differently and are the same have one id`() throws {
        let lines = [#"[1,2]"#, #"[1, 2]"#, #"[ 1,2]"#, #"[1,2 ]"#].enumerated().map { position, value in
            #"{"index":\#(position),"time":0,"process":\#(position),"type":"invoke","f":"cas","value":\#(value)}"#
        }
        let history = try read(Array(lines.joined(separator: "\n").utf8), capacity: 64).get()
        #expect(Set(history.columns.valueIDs).count == 1)
        #expect(history.columns.values.id(of: [1, 2]) == history.columns.valueIDs[0])
        #expect(history.columns.values.id(of: [2, 1]) == nil)
        let pair = try #require(history.columns.values.pair(history.columns.valueIDs[0]))
        #expect(history.columns.values[pair.0] == 1 && history.columns.values[pair.1] == 2)
    }
}
