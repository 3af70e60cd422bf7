import PolygraphHistory
import Testing

@Suite struct HistoryFileTests {
    private func bytes(_ operations: [Operation]) -> [UInt8] {
        var bytes: [UInt8] = []
        for operation in operations { JSONLines.append(operation, to: &bytes) }
        return bytes
    }

    private func parse(_ bytes: [UInt8]) throws -> History {
        try bytes.withUnsafeBytes { try HistoryFile.parse($0, file: "h.jsonl") }
    }

    @Test func `A file is read back as it was written`() throws {
        var numbers = SeededNumbers(1)
        let operations = numbers.history(operations: 2_000)
        let folder = TemporaryFolder()
        folder.write(bytes(operations), to: "history.jsonl")
        let history = try HistoryFile.read(folder.file("history.jsonl"))
        #expect(Array(history.operations) == operations)
        #expect(history.warnings.isEmpty)
        for position in history.invocations {
            #expect(history.completion(of: position)?.process == operations[position].process)
        }
    }

    @Test func `A file cut off anywhere gives the events before, and a warning`() throws {
        var numbers = SeededNumbers(2)
        var operations = numbers.history(operations: 6)
        operations[3].error = "ß😀 \"quoted\" \u{1}"
        let whole = bytes(operations)
        for length in 1..<whole.count {
            let cut = Array(whole[..<length])
            let complete = cut.count { $0 == 0x0A }
            let endsWithEvent = cut.last == UInt8(ascii: "}") && whole[length] == 0x0A
            if complete == 0, !endsWithEvent {
                #expect(throws: HistoryError.self) { try parse(cut) }
                continue
            }
            let history = try parse(cut)
            #expect(Array(history.operations) == Array(operations[..<(complete + (endsWithEvent ? 1 : 0))]))
            #expect(history.warnings.isEmpty == (cut.last == 0x0A || endsWithEvent), "cut at \(length)")
        }
    }

    @Test func `A tail of zero bytes is a torn line too`() throws {
        var numbers = SeededNumbers(3)
        let operations = numbers.history(operations: 3)
        let history = try parse(bytes(operations) + [UInt8](repeating: 0, count: 4_000))
        #expect(Array(history.operations) == operations)
        #expect(history.warnings.count == 1)
    }

    @Test func `Mistakes are named with their line`() throws {
        var numbers = SeededNumbers(4)
        let operations = numbers.history(operations: 4)
        let lines = bytes(operations).split(separator: 0x0A).map { Array($0) + [0x0A] }

        func error(changing line: Int, to text: [UInt8]) -> HistoryError? {
            var changed = lines
            changed[line - 1] = text
            return #expect(throws: HistoryError.self) { try parse(changed.flatMap { $0 }) }
        }
        for text in ["garbage\n", "{\"index\":2,\"ti\n", "\0\0\0\n"] {
            let error = error(changing: 3, to: Array(text.utf8))
            #expect(error?.line == 3)
            #expect(error?.file == "h.jsonl")
        }
        #expect(
            error(changing: 2, to: Array("{\"f\":\"".utf8) + [0xFF] + Array("\"}\n".utf8))?.message.contains("UTF-8")
                == true)
        #expect(error(changing: 4, to: lines[2])?.message.contains("must be greater than 2") == true)
        // The last line without line feed, but wrong rather than torn.
        #expect(error(changing: lines.count, to: Array("{\"index\":\"x\"".utf8))?.line == lines.count)
    }

    @Test func `A process that runs two operations at once is refused`() throws {
        let one = Operation(index: 0, time: 0, process: .client(1), kind: .invoke, function: "read")
        var two = one
        two.index = 1
        let error = #expect(throws: HistoryError.self) { try parse(bytes([one, two])) }
        #expect(error?.description.hasPrefix("h.jsonl: process 1") == true)
    }

    @Test func `An operation without completion is fine`() throws {
        let history = try parse(
            bytes([Operation(index: 5, time: 0, process: .client(1), kind: .invoke, function: "read")]))
        #expect(history.completion(of: 0) == nil)
        #expect(history.invocations == [0])
    }

    @Test func `Empty lines and carriage returns do no harm`() throws {
        let line = #"{"index":1,"time":1,"process":1,"type":"invoke","f":"r"}"#
        #expect(try parse(Array("\n\(line)\r\n\n  \n".utf8)).operations.count == 1)
    }

    @Test func `Files that cannot be read say why`() throws {
        let folder = TemporaryFolder()
        folder.write([], to: "empty")
        let empty = #expect(throws: HistoryError.self) { try HistoryFile.read(folder.file("empty")) }
        #expect(empty?.message.contains("empty") == true)
        let missing = #expect(throws: HistoryError.self) { try HistoryFile.read(folder.file("missing")) }
        #expect(missing?.description == "\(folder.path)/missing: cannot open it: No such file or directory")
        let directory = #expect(throws: HistoryError.self) { try HistoryFile.read(folder.path) }
        #expect(directory?.message.contains("folder") == true)
    }
}
