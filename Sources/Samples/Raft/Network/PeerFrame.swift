/// What a client wants, on its way to the leader.
enum Operation: Equatable, Sendable {
    case read(key: String)
    case change(Command)
    case changeMembers(MemberChange)
}

/// What became of a request that was given to a leader.
enum Outcome: Equatable, Sendable {
    case answered(Answer)
    /// It was not taken into any log by this delivery.
    case refused
    /// It is in a log, but its leader has lost the lead; it may still be applied.
    case uncertain
}

/// What travels between members: the protocol's messages, requests on their way to the leader, and answers.
enum PeerFrame: Equatable, Sendable {
    /// The first frame of a connection: who speaks, and to whom it believes to speak.
    case hello(from: NodeID, to: NodeID)
    case raft(Envelope)
    case request(number: UInt64, operation: Operation)
    case outcome(number: UInt64, outcome: Outcome)

    /// Longer frames are a mistake or an attack.
    static let maximumSize = 16 << 20

    /// The frame with its length before it.
    var encoded: [UInt8] {
        var writer = ByteWriter()
        writer.write(UInt32(0))
        switch self {
        case .hello(let from, let to):
            writer.write(UInt8(1))
            writer.write(from)
            writer.write(to)
        case .raft(let envelope):
            writer.write(UInt8(2))
            envelope.write(to: &writer)
        case .request(let number, let operation):
            writer.write(UInt8(3))
            writer.write(number)
            switch operation {
            case .read(let key):
                writer.write(UInt8(1))
                writer.write(key)
            case .change(let command):
                writer.write(UInt8(2))
                writer.write(command.encoded)
            case .changeMembers(.add(let node)):
                writer.write(UInt8(3))
                writer.write(node)
            case .changeMembers(.remove(let node)):
                writer.write(UInt8(4))
                writer.write(node)
            }
        case .outcome(let number, let outcome):
            writer.write(UInt8(4))
            writer.write(number)
            outcome.write(to: &writer)
        }
        let size = UInt32(writer.bytes.count - 4)
        for byte in 0..<4 { writer.bytes[byte] = UInt8(truncatingIfNeeded: size >> (8 * UInt32(byte))) }
        return writer.bytes
    }

    /// The first frame in the bytes and its size, or nil where it has not arrived whole.
    static func parse(_ bytes: ArraySlice<UInt8>) throws(DecodingFailure) -> (frame: PeerFrame, size: Int)? {
        guard bytes.count >= 4 else { return nil }
        var header = ByteReader(bytes)
        let size = Int(try header.number(UInt32.self))
        guard size <= maximumSize else { throw DecodingFailure() }
        guard bytes.count >= 4 + size else { return nil }
        let start = bytes.startIndex + 4
        var reader = ByteReader(bytes[start..<(start + size)])
        let frame = try PeerFrame(from: &reader)
        guard reader.isAtEnd else { throw DecodingFailure() }
        return (frame, 4 + size)
    }

    private init(from reader: inout ByteReader) throws(DecodingFailure) {
        switch try reader.number(UInt8.self) {
        case 1: self = .hello(from: try reader.number(), to: try reader.number())
        case 2: self = .raft(try Envelope(from: &reader))
        case 3:
            let number: UInt64 = try reader.number()
            switch try reader.number(UInt8.self) {
            case 1: self = .request(number: number, operation: .read(key: try reader.text()))
            case 2: self = .request(number: number, operation: .change(try Command(decoding: try reader.block())))
            case 3: self = .request(number: number, operation: .changeMembers(.add(try reader.number())))
            case 4: self = .request(number: number, operation: .changeMembers(.remove(try reader.number())))
            default: throw DecodingFailure()
            }
        case 4: self = .outcome(number: try reader.number(), outcome: try Outcome(from: &reader))
        default: throw DecodingFailure()
        }
    }
}

extension Outcome {
    fileprivate func write(to writer: inout ByteWriter) {
        switch self {
        case .refused: writer.write(UInt8(1))
        case .uncertain: writer.write(UInt8(2))
        case .answered(.done): writer.write(UInt8(3))
        case .answered(.mismatch): writer.write(UInt8(4))
        case .answered(.superseded): writer.write(UInt8(5))
        case .answered(.absent): writer.write(UInt8(6))
        case .answered(.value(let value)):
            writer.write(UInt8(7))
            writer.write(value)
        }
    }

    fileprivate init(from reader: inout ByteReader) throws(DecodingFailure) {
        switch try reader.number(UInt8.self) {
        case 1: self = .refused
        case 2: self = .uncertain
        case 3: self = .answered(.done)
        case 4: self = .answered(.mismatch)
        case 5: self = .answered(.superseded)
        case 6: self = .answered(.absent)
        case 7: self = .answered(.value(try reader.text()))
        default: throw DecodingFailure()
        }
    }
}
