import Glibc
import Testing

@testable import PolygraphSamples

@Suite struct LogFileTests {
    private func sample() -> (bytes: [UInt8], ends: [Int], entries: [LogEntry]) {
        var bytes = LogFile.header(baseIndex: 7, baseTerm: 2)
        var ends = [bytes.count]
        let entries = (0..<6).map {
            LogEntry(term: 3 + $0 / 2, command: Array(repeating: UInt8($0), count: Int($0) * 5))
        }
        for (position, entry) in entries.enumerated() {
            LogFile.append([entry], from: 8 + LogIndex(position), to: &bytes)
            ends.append(bytes.count)
        }
        return (bytes, ends, entries)
    }

    @Test func `a log cut at any byte keeps exactly its whole records`() throws {
        let (bytes, ends, entries) = sample()
        for size in ends[0]...bytes.count {
            let (log, whole) = try LogFile.parse(Array(bytes[..<size]))
            let expected = ends.lastIndex { $0 <= size }!
            #expect(whole == ends[expected])
            #expect(log == RaftLog(baseIndex: 7, baseTerm: 2, entries: Array(entries[..<expected])))
        }
    }

    @Test func `a changed bit anywhere in the records is damage that no crash explains`() {
        let (bytes, ends, _) = sample()
        for position in ends[0]..<bytes.count {
            for bit in 0..<8 {
                var damaged = bytes
                damaged[position] ^= 1 << UInt8(bit)
                #expect(throws: RaftError.self, "bit \(bit) of byte \(position)") { try LogFile.parse(damaged) }
            }
        }
    }

    @Test func `blocks that were never written end the log before them, wherever they begin`() throws {
        let (bytes, ends, entries) = sample()
        for position in ends[0]..<bytes.count {
            for end in [bytes.count, min(position + 64, bytes.count)] {
                var torn = bytes
                for unwritten in position..<end { torn[unwritten] = 0 }
                if torn == bytes { continue }
                let first = (position..<end).first { bytes[$0] != 0 }!
                let intact = ends.lastIndex { $0 <= first }!
                let (log, whole) = try LogFile.parse(torn)
                #expect(log == RaftLog(baseIndex: 7, baseTerm: 2, entries: Array(entries[..<intact])))
                #expect(whole == ends[intact])
            }
        }
    }

    @Test func `with the bug a torn record is taken for an entry, and what is whole is read the same`() throws {
        let (bytes, ends, entries) = sample()
        let whole = try LogFile.parse(bytes, trusting: true)
        #expect(whole.log == RaftLog(baseIndex: 7, baseTerm: 2, entries: entries))
        // Everything but the last two bytes, of which one is the end mark.
        let torn = try LogFile.parse(Array(bytes.dropLast(2)), trusting: true)
        var last = entries[5]
        last.command[last.command.count - 1] = 0
        #expect(torn.log == RaftLog(baseIndex: 7, baseTerm: 2, entries: entries[..<5] + [last]))
        #expect(torn.wholeBytes == bytes.count - 2)
        #expect(try LogFile.parse(Array(bytes[..<(ends[5] + 20)]), trusting: true).log.lastIndex == 12)
    }

    @Test func `a damaged header is refused`() {
        let (bytes, ends, _) = sample()
        for position in 0..<ends[0] {
            var damaged = bytes
            damaged[position] ^= 0x40
            #expect(throws: RaftError.self) { try LogFile.parse(damaged) }
        }
        #expect(throws: RaftError.self) { try LogFile.parse([]) }
    }

    @Test func `a record with an earlier index replaces what follows`() throws {
        var (bytes, _, entries) = sample()
        let other = LogEntry(term: 9, command: [1])
        LogFile.append([other], from: 10, to: &bytes)
        #expect(try LogFile.parse(bytes).log == RaftLog(baseIndex: 7, baseTerm: 2, entries: entries[..<2] + [other]))
    }

    @Test func `the checksum is CRC-32`() {
        // The check value of the standard's catalogue.
        #expect(Checksum.crc32(Array("123456789".utf8)) == 0xCBF4_3926)
    }
}

@Suite struct StorageTests {
    private func entry(_ number: Int) -> LogEntry { LogEntry(term: 1, command: Array("command \(number)".utf8)) }

    @Test func `what was written is there after a restart, and a torn tail is cut off for good`() throws {
        let directory = try TemporaryDirectory()
        var expected = RaftLog()
        do {
            let storage = try Storage(directory: directory.path)
            #expect(try storage.recover() == DurableState())
            try storage.perform([.hardState(term: 4, vote: 2), .append(firstIndex: 1, entries: (1...5).map(entry))])
            try storage.perform([.append(firstIndex: 4, entries: [entry(40)])])
            expected.append([entry(1), entry(2), entry(3), entry(40)])
        }
        let whole = try #require(try Files.read(directory.path + "/log"))
        // Every possible tear of the last record; each recovery must leave a log that can be appended to.
        let lastRecord = 12 + 17 + entry(40).command.count
        for lost in 1...lastRecord {
            try Files.replace("log", in: directory.path, with: Array(whole.dropLast(lost)))
            let storage = try Storage(directory: directory.path)
            let state = try storage.recover()
            // The torn record replaced entries 4 and 5, so without it they are back, as before that write.
            #expect(state.log.lastIndex == 5)
            #expect(state.term == 4)
            #expect(state.vote == 2)
            try storage.perform([.append(firstIndex: 4, entries: [entry(41)])])
            let again = try LogFile.parse(try #require(try Files.read(directory.path + "/log")))
            #expect(again.log.lastIndex == 4)
            #expect(again.log[4] == entry(41))
        }
        try Files.replace("log", in: directory.path, with: whole)
        #expect(try Storage(directory: directory.path).recover().log == expected)
    }

    @Test func `a checkpoint replaces the log, also when a crash comes between snapshot and log`() throws {
        let directory = try TemporaryDirectory()
        let snapshot = Snapshot(index: 4, term: 1, members: [1, 2], state: [1, 2, 3])
        let oldLog: [UInt8]
        do {
            let storage = try Storage(directory: directory.path)
            _ = try storage.recover()
            try storage.perform([.append(firstIndex: 1, entries: (1...6).map(entry))])
            oldLog = try #require(try Files.read(directory.path + "/log"))
            try storage.perform([
                .checkpoint(
                    Checkpoint(snapshot: snapshot, baseIndex: 3, baseTerm: 1, entries: (4...6).map(entry)))
            ])
            try storage.perform([.append(firstIndex: 7, entries: [entry(7)])])
        }
        do {
            let state = try Storage(directory: directory.path).recover()
            #expect(state.snapshot == snapshot)
            #expect(state.log == RaftLog(baseIndex: 3, baseTerm: 1, entries: (4...7).map(entry)))
        }
        try Files.replace("log", in: directory.path, with: oldLog)
        do {
            let state = try Storage(directory: directory.path).recover()
            #expect(state.snapshot == snapshot)
            #expect(state.log.lastIndex == 6)
        }
        // A snapshot of another history replaces the log.
        var shortLog = LogFile.header(baseIndex: 0, baseTerm: 0)
        LogFile.append([entry(1), entry(2)], from: 1, to: &shortLog)
        try Files.replace("log", in: directory.path, with: shortLog)
        #expect(try Storage(directory: directory.path).recover().log == RaftLog(baseIndex: 4, baseTerm: 1))
    }

    @Test func `a directory serves one process at a time, and damage is refused`() throws {
        let directory = try TemporaryDirectory()
        do {
            let storage = try Storage(directory: directory.path)
            _ = try storage.recover()
            #expect(throws: RaftError.self) { try Storage(directory: directory.path) }
            try storage.perform([.hardState(term: 1, vote: nil)])
        }
        try Files.replace("hard-state", in: directory.path, with: [1, 2, 3])
        #expect(throws: RaftError.self) { try Storage(directory: directory.path).recover() }
    }
}

/// A directory of its own, removed with everything in it.
final class TemporaryDirectory {
    let path: String

    init() throws {
        var template = Array("/tmp/polygraph-raft-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw BrokenPromise("cannot create a temporary directory") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    deinit { Self.remove(path) }

    private static func remove(_ path: String) {
        if let directory = opendir(path) {
            while let item = readdir(directory) {
                let name = withUnsafePointer(to: &item.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { remove(path + "/" + name) }
            }
            closedir(directory)
        }
        _ = Glibc.remove(path)
    }
}
