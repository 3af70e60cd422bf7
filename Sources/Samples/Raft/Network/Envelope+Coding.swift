/// The protocol's messages as bytes.
extension Envelope {
    func write(to writer: inout ByteWriter) {
        writer.write(from)
        writer.write(to)
        writer.write(term)
        switch message {
        case .preVote(let lastIndex, let lastTerm): writer.write(kind: 1, lastIndex, lastTerm)
        case .preVoteGranted(let campaign): writer.write(kind: 2, campaign)
        case .vote(let lastIndex, let lastTerm): writer.write(kind: 3, lastIndex, lastTerm)
        case .voteGranted: writer.write(kind: 4)
        case .append(let previousIndex, let previousTerm, let entries, let commit):
            writer.write(kind: 5, previousIndex, previousTerm, commit)
            writer.write(UInt32(entries.count))
            for entry in entries {
                writer.write(entry.term)
                writer.write(entry.command)
            }
        case .appended(let index): writer.write(kind: 6, index)
        case .appendRefused(let previousIndex, let hint): writer.write(kind: 7, previousIndex, hint)
        case .heartbeat(let round, let commit): writer.write(kind: 8, round, commit)
        case .heartbeatAnswer(let round): writer.write(kind: 9, round)
        case .snapshotPart(let part, let offset, let isLast):
            writer.write(kind: 10, part.index, part.term, offset)
            writer.write(UInt8(isLast ? 1 : 0))
            writer.write(part.members)
            writer.write(part.state)
        case .snapshotWanted(let index, let offset): writer.write(kind: 11, index, offset)
        }
    }

    init(from reader: inout ByteReader) throws(DecodingFailure) {
        from = try reader.number()
        to = try reader.number()
        term = try reader.number()
        switch try reader.number(UInt8.self) {
        case 1: message = .preVote(lastIndex: try reader.number(), lastTerm: try reader.number())
        case 2: message = .preVoteGranted(campaign: try reader.number())
        case 3: message = .vote(lastIndex: try reader.number(), lastTerm: try reader.number())
        case 4: message = .voteGranted
        case 5:
            let previousIndex: LogIndex = try reader.number()
            let previousTerm: Term = try reader.number()
            let commit: LogIndex = try reader.number()
            let count: UInt32 = try reader.number()
            var entries: [LogEntry] = []
            for _ in 0..<count {
                entries.append(LogEntry(term: try reader.number(), command: try reader.block()))
            }
            message = .append(
                previousIndex: previousIndex, previousTerm: previousTerm, entries: entries, commit: commit)
        case 6: message = .appended(index: try reader.number())
        case 7: message = .appendRefused(previousIndex: try reader.number(), hint: try reader.number())
        case 8: message = .heartbeat(round: try reader.number(), commit: try reader.number())
        case 9: message = .heartbeatAnswer(round: try reader.number())
        case 10:
            let index: LogIndex = try reader.number()
            let term: Term = try reader.number()
            let offset: UInt64 = try reader.number()
            let isLast = try reader.number(UInt8.self) == 1
            let part = Snapshot(index: index, term: term, members: try reader.block(), state: try reader.block())
            message = .snapshotPart(part, offset: offset, isLast: isLast)
        case 11: message = .snapshotWanted(index: try reader.number(), offset: try reader.number())
        default: throw DecodingFailure()
        }
    }
}

extension ByteWriter {
    fileprivate mutating func write(kind: UInt8, _ numbers: UInt64...) {
        write(kind)
        for number in numbers { write(number) }
    }
}
