/// The format of the log on disk: a header, then records that are only ever appended.
///
/// A record is `length, CRC-32, index, term, command`. One whose index is not after the last replaces everything from
/// that index on, so that taking entries back needs no second kind of write. The first record that is cut short or
/// does not match its checksum ends the log: it was being written when the power went, and nobody was told of it.
enum LogFile {
    private static let magic: UInt64 = 0x3130_5446_4152_4750
    private static let headerSize = 28
    private static let recordHeaderSize = 8
    /// Longer than any command; a length beyond it is garbage.
    private static let maximumRecord = 1 << 24

    static func header(baseIndex: LogIndex, baseTerm: Term) -> [UInt8] {
        var writer = ByteWriter()
        writer.write(magic)
        writer.write(baseIndex)
        writer.write(baseTerm)
        writer.write(Checksum.crc32(writer.bytes))
        return writer.bytes
    }

    static func append(_ entries: [LogEntry], from firstIndex: LogIndex, to bytes: inout [UInt8]) {
        for (offset, entry) in entries.enumerated() {
            var payload = ByteWriter()
            payload.bytes.reserveCapacity(16 + entry.command.count)
            payload.write(firstIndex + LogIndex(offset))
            payload.write(entry.term)
            payload.bytes.append(contentsOf: entry.command)
            var record = ByteWriter()
            record.write(UInt32(payload.bytes.count))
            record.write(Checksum.crc32(payload.bytes))
            bytes.append(contentsOf: record.bytes)
            bytes.append(contentsOf: payload.bytes)
        }
    }

    /// The log in a file's bytes, and how many of them are whole.
    ///
    /// - Throws: where not even the header is right: it is put in place whole, so the file is not ours or is damaged.
    static func parse(_ bytes: [UInt8]) throws(RaftError) -> (log: RaftLog, wholeBytes: Int) {
        guard let (baseIndex, baseTerm) = try? parseHeader(bytes) else {
            throw RaftError("the log file has no valid header: it is damaged or of another program")
        }
        var log = RaftLog(baseIndex: baseIndex, baseTerm: baseTerm)
        var position = headerSize
        while let (index, entry, end) = try? parseRecord(bytes, at: position) {
            guard index > log.baseIndex, index <= log.lastIndex + 1 else { break }
            log.truncate(from: index)
            log.append(entry)
            position = end
        }
        return (log, position)
    }

    private static func parseHeader(_ bytes: [UInt8]) throws(DecodingFailure) -> (LogIndex, Term) {
        guard bytes.count >= headerSize else { throw DecodingFailure() }
        var reader = ByteReader(bytes[..<headerSize])
        guard try reader.number(UInt64.self) == magic else { throw DecodingFailure() }
        let baseIndex: LogIndex = try reader.number()
        let baseTerm: Term = try reader.number()
        guard try reader.number(UInt32.self) == Checksum.crc32(bytes[..<(headerSize - 4)]) else {
            throw DecodingFailure()
        }
        return (baseIndex, baseTerm)
    }

    private static func parseRecord(
        _ bytes: [UInt8], at position: Int
    ) throws(DecodingFailure) -> (index: LogIndex, entry: LogEntry, end: Int) {
        var header = ByteReader(bytes[position...])
        let length = Int(try header.number(UInt32.self))
        let checksum: UInt32 = try header.number()
        let start = position + recordHeaderSize
        guard length >= 16, length <= maximumRecord, bytes.count - start >= length else { throw DecodingFailure() }
        let payload = bytes[start..<(start + length)]
        guard Checksum.crc32(payload) == checksum else { throw DecodingFailure() }
        var reader = ByteReader(payload)
        let index: LogIndex = try reader.number()
        let term: Term = try reader.number()
        return (index, LogEntry(term: term, command: Array(payload.dropFirst(16))), start + length)
    }
}
