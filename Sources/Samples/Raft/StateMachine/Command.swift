/// One request to change the store, with the identity that makes its retries harmless.
struct Command: Equatable, Sendable {
    enum Change: Equatable, Sendable {
        case put(value: String)
        case compareAndSet(from: String, to: String)
    }

    /// Who asks, and the number of the request; numbers of one client only grow.
    var client: String
    var request: UInt64
    var key: String
    /// Values are JSON scalars in canonical text, so that numbers of any size stay exact.
    var change: Change
    /// When the request arrived, by the wall clock of the node that it was sent to; `trust-clock-ordering` only.
    var stamp: Nanoseconds?

    private static let putKind: UInt8 = 1
    private static let compareAndSetKind: UInt8 = 2
    private static let stamped: UInt8 = 0x10

    var encoded: [UInt8] {
        var writer = ByteWriter()
        var kind = Self.putKind
        if case .compareAndSet = change { kind = Self.compareAndSetKind }
        if let stamp {
            writer.write(kind | Self.stamped)
            writer.write(stamp)
        } else {
            writer.write(kind)
        }
        writer.write(client)
        writer.write(request)
        writer.write(key)
        switch change {
        case .put(let value): writer.write(value)
        case .compareAndSet(let from, let to):
            writer.write(from)
            writer.write(to)
        }
        return writer.bytes
    }

    init(client: String, request: UInt64, key: String, change: Change, stamp: Nanoseconds? = nil) {
        self.client = client
        self.request = request
        self.key = key
        self.change = change
        self.stamp = stamp
    }

    init(decoding bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        let kind: UInt8 = try reader.number()
        if kind & Self.stamped != 0 { stamp = try reader.number() }
        client = try reader.canonicalText()
        request = try reader.number()
        key = try reader.canonicalText()
        switch kind & ~Self.stamped {
        case Self.putKind: change = .put(value: try reader.canonicalText())
        case Self.compareAndSetKind:
            change = .compareAndSet(from: try reader.canonicalText(), to: try reader.canonicalText())
        default: throw DecodingFailure()
        }
        guard reader.isAtEnd else { throw DecodingFailure() }
    }
}

extension ByteReader {
    /// A text as `JSONFields` makes it: printable ASCII.
    fileprivate mutating func canonicalText() throws(DecodingFailure) -> String {
        let text = try text()
        guard text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }) else { throw DecodingFailure() }
        return text
    }
}

/// What the store says to a request.
enum Answer: Equatable, Sendable {
    case done
    case mismatch
    /// A later request of the same client was applied before; what became of this one is no longer known.
    case superseded
    case value(String)
    case absent
}
