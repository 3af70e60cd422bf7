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

    var encoded: [UInt8] {
        var writer = ByteWriter()
        switch change {
        case .put: writer.write(UInt8(1))
        case .compareAndSet: writer.write(UInt8(2))
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

    init(client: String, request: UInt64, key: String, change: Change) {
        self.client = client
        self.request = request
        self.key = key
        self.change = change
    }

    init(decoding bytes: [UInt8]) throws(DecodingFailure) {
        var reader = ByteReader(bytes)
        let kind: UInt8 = try reader.number()
        client = try reader.text()
        request = try reader.number()
        key = try reader.text()
        switch kind {
        case 1: change = .put(value: try reader.text())
        case 2: change = .compareAndSet(from: try reader.text(), to: try reader.text())
        default: throw DecodingFailure()
        }
        guard reader.isAtEnd else { throw DecodingFailure() }
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
