/// The format of the log on disk: a header, then records that are only ever appended.
///
/// A record is `length of the payload, its CRC-32, CRC-32 of these two`, and the payload `index, term, command, end
/// mark`. A record whose index is not after the last replaces everything from that index on, so that taking entries
/// back needs no second kind of write.
///
/// A record that was being written when the power went ends the log: nobody was told of it. It is cut short, or blocks
/// of it never reached the disk and read as zeros. A record that is wrong in any other way had been acknowledged and
/// was damaged later. What it said cannot be had from this disk any more, and a node that went on without it would
/// break its promise; so such a log is refused.
enum LogFile {
    private static let magic: UInt64 = 0x3230_5446_4152_4750
    private static let headerSize = 28
    private static let recordHeaderSize = 12
    /// The payload of an empty command.
    private static let minimumPayload = 17
    /// Longer than any payload; a length beyond it is garbage.
    private static let maximumPayload = 1 << 24
    /// Makes the last byte of a whole record one that is not zero.
    private static let endMark: UInt8 = 0xA5
    /// No whole payload holds so many zeros in a row: texts have none, and numbers are not all zero.
    private static let unwrittenRun = 16

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
            payload.bytes.reserveCapacity(minimumPayload + entry.command.count)
            payload.write(firstIndex + LogIndex(offset))
            payload.write(entry.term)
            payload.bytes.append(contentsOf: entry.command)
            payload.write(endMark)
            var record = ByteWriter()
            record.write(UInt32(payload.bytes.count))
            record.write(Checksum.crc32(payload.bytes))
            record.write(Checksum.crc32(record.bytes))
            bytes.append(contentsOf: record.bytes)
            bytes.append(contentsOf: payload.bytes)
        }
    }

    /// The log in a file's bytes, and how many of them are whole.
    ///
    /// - Parameter trusting: with `torn-log`, checksums are not looked at, and a record that is cut short is filled
    ///   up with zeros, as by a reader that does not ask how much it got.
    /// - Throws: where the file is damaged in a way that no crash explains.
    static func parse(_ bytes: [UInt8], trusting: Bool = false) throws(RaftError) -> (log: RaftLog, wholeBytes: Int) {
        guard let (baseIndex, baseTerm) = try? parseHeader(bytes) else {
            throw RaftError("the log file has no valid header: it is damaged or of another program")
        }
        var log = RaftLog(baseIndex: baseIndex, baseTerm: baseTerm)
        var position = headerSize
        reading: while position < bytes.count {
            let record = trusting ? readTrusting(bytes[position...]) : read(bytes[position...])
            switch record {
            case .whole(let index, let entry, let size) where index > log.baseIndex && index <= log.lastIndex + 1:
                log.truncate(from: index)
                log.append(entry)
                position += size
            case .torn: break reading
            case .whole, .damaged:
                if trusting { break reading }
                throw RaftError(
                    "the log file is damaged \(position) bytes after its beginning, behind entry \(log.lastIndex)")
            }
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

    // MARK: Records

    private enum Record {
        case whole(index: LogIndex, LogEntry, size: Int)
        /// It never reached the disk as a whole.
        case torn
        case damaged
    }

    private static func read(_ rest: ArraySlice<UInt8>) -> Record {
        guard rest.count >= recordHeaderSize else { return .torn }
        let header = rest.prefix(recordHeaderSize)
        var reader = ByteReader(header)
        guard let length = try? Int(reader.number(UInt32.self)), let checksum = try? reader.number(UInt32.self),
            let headerChecksum = try? reader.number(UInt32.self), headerChecksum == Checksum.crc32(header.dropLast(4)),
            length >= minimumPayload, length <= maximumPayload
        else {
            // Blocks are longer than a header: one that is missing from here on is so in what follows, too.
            let following = rest.dropFirst(recordHeaderSize).prefix(unwrittenRun)
            let isUnwritten = header.prefix(8).allSatisfy { $0 == 0 } || following.allSatisfy { $0 == 0 }
            return isUnwritten ? .torn : .damaged
        }
        let payload = rest.dropFirst(recordHeaderSize).prefix(length)
        guard payload.count == length else { return .torn }
        guard Checksum.crc32(payload) == checksum else {
            return payload.last == 0 || holdsUnwritten(payload) ? .torn : .damaged
        }
        return record(payload)
    }

    private static func readTrusting(_ rest: ArraySlice<UInt8>) -> Record {
        var reader = ByteReader(rest)
        guard let length = try? Int(reader.number(UInt32.self)), rest.count >= recordHeaderSize + 16,
            length >= minimumPayload, length <= maximumPayload
        else { return .torn }
        let payload = rest.dropFirst(recordHeaderSize).prefix(length)
        let missing = [UInt8](repeating: 0, count: length - payload.count)
        if case .whole(let index, let entry, _) = record(payload + missing) {
            return .whole(index: index, entry, size: recordHeaderSize + payload.count)
        }
        return .torn
    }

    private static func record(_ payload: ArraySlice<UInt8>) -> Record {
        var reader = ByteReader(payload)
        guard let index = try? reader.number(LogIndex.self), let term = try? reader.number(Term.self) else {
            return .damaged
        }
        let command = Array(payload.dropFirst(16).dropLast())
        return .whole(index: index, LogEntry(term: term, command: command), size: recordHeaderSize + payload.count)
    }

    private static func holdsUnwritten(_ payload: ArraySlice<UInt8>) -> Bool {
        var run = 0
        for byte in payload {
            run = byte == 0 ? run + 1 : 0
            if run >= unwrittenRun { return true }
        }
        return false
    }
}
