import Glibc
import PolygraphHistory
import Synchronization
import Testing

@Suite struct JournalTests {
    @Test func `Everything appended is in the file after close`() throws {
        let folder = TemporaryFolder()
        var numbers = SeededNumbers(1)
        let operations = numbers.history(operations: 20_000)
        let journal = try Journal(path: folder.file("history.jsonl"))
        for operation in operations { journal.append(operation) }
        try journal.close()
        try journal.close()
        #expect(try Array(HistoryFile.read(journal.path).operations) == operations)
        var bytes: [UInt8] = []
        for operation in operations { JSONLines.append(operation, to: &bytes) }
        // Byte for byte: the reader would forgive an empty line.
        #expect(folder.read("history.jsonl") == bytes)
    }

    @Test func `Everything appended is in the file after a flush, while it is open`() throws {
        let folder = TemporaryFolder()
        var numbers = SeededNumbers(2)
        let operations = numbers.history(operations: 300)
        let journal = try Journal(path: folder.file("history.jsonl"))
        for count in stride(from: 100, through: operations.count, by: 100) {
            for operation in operations[(count - 100)..<count] { journal.append(operation) }
            journal.flush()
            #expect(try Array(HistoryFile.read(journal.path).operations) == Array(operations[..<count]))
        }
        try journal.close()
    }

    @Test func `Events reach the file by themselves`() throws {
        let folder = TemporaryFolder()
        let journal = try Journal(path: folder.file("history.jsonl"))
        journal.append(Operation(index: 0, time: 0, process: .client(0), kind: .invoke, function: "read"))
        // Ends when the event is there; the test's own time limit is the only clock.
        while folder.read("history.jsonl").isEmpty { usleep(5_000) }
        #expect(try HistoryFile.read(journal.path).operations.count == 1)
        try journal.close()
    }

    @Test func `Letting go of a journal closes it`() throws {
        let folder = TemporaryFolder()
        var numbers = SeededNumbers(3)
        let operations = numbers.history(operations: 10)
        do {
            let journal = try Journal(path: folder.file("history.jsonl"))
            for operation in operations { journal.append(operation) }
        }
        #expect(try Array(HistoryFile.read(folder.file("history.jsonl")).operations) == operations)
    }

    @Test func `A full disk is told, with the file and what to do`() throws {
        let told = Mutex<[HistoryError]>([])
        let journal = try Journal(path: "/dev/full") { error in told.withLock { $0.append(error) } }
        #expect(journal.failure == nil)
        for index in 0..<5_000 {
            journal.append(Operation(index: index, time: 0, process: .nemesis, kind: .info, function: "kill"))
        }
        journal.flush()
        #expect(journal.failure?.description.hasPrefix("/dev/full: cannot write the history: No space left") == true)
        #expect(journal.failure?.message.contains("free some space") == true)
        journal.append(Operation(index: 5_000, time: 0, process: .nemesis, kind: .info, function: "kill"))
        #expect(throws: HistoryError.self) { try journal.close() }
        #expect(told.withLock { $0.count } == 1)
    }

    @Test func `A history is never overwritten, and a missing folder is told`() throws {
        let folder = TemporaryFolder()
        folder.write(Array("x".utf8), to: "history.jsonl")
        let taken = #expect(throws: HistoryError.self) { try Journal(path: folder.file("history.jsonl")) }
        #expect(taken?.message.contains("never overwritten") == true)
        #expect(folder.read("history.jsonl") == Array("x".utf8))
        let missing = #expect(throws: HistoryError.self) { try Journal(path: folder.file("no/history.jsonl")) }
        #expect(missing?.message.contains("create its folder") == true)
    }

    @Test func `After SIGKILL the file is a prefix of the history`() async throws {
        let folder = TemporaryFolder()
        let path = folder.file("history.jsonl")
        await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
            let journal = try Journal(path: path)
            var numbers = SeededNumbers(4)
            let operations = numbers.history(operations: 30_000)
            for operation in operations[..<20_000] { journal.append(operation) }
            journal.flush()
            for operation in operations[20_000...] { journal.append(operation) }
            kill(getpid(), SIGKILL)
        }
        var numbers = SeededNumbers(4)
        let operations = numbers.history(operations: 30_000)
        let history = try HistoryFile.read(path)
        #expect(history.operations.count >= 20_000)
        #expect(Array(history.operations) == Array(operations[..<history.operations.count]))
    }
}
