/// Takes an answer apart as its bytes come in (RFC 9112). It knows nothing of sockets: feed it, and ask.
package struct HTTPResponseParser {
    package static let lineLimit = 16 << 10
    package static let headLimit = 64 << 10
    package static let bodyLimit = 16 << 20
    package static let interimLimit = 16

    private enum State: Equatable {
        case statusLine
        case headers
        /// So many bytes of the body are missing.
        case fixed(Int)
        case chunkSize
        case chunk(Int)
        case chunkEnd
        case trailers
        /// The body ends with the connection.
        case untilClose
        case complete
    }

    private var state = State.statusLine
    private var buffer: [UInt8] = []
    /// Where the unread part of `buffer` begins.
    private var position = 0
    /// Up to where the unread part was searched for the end of its line.
    private var searched = 0
    private var headBytes = 0
    private var interimAnswers = 0

    private var status = 0
    private var body: [UInt8] = []
    private var keepsAlive = false
    private var contentLength: Int?
    private var isChunked = false
    /// Whether the request was HEAD, whose answer has no body whatever its header says.
    private var expectsNoBody = false

    /// Gets ready for the next answer.
    package mutating func begin(expectsNoBody: Bool = false) {
        self = HTTPResponseParser(recycling: buffer)
        self.expectsNoBody = expectsNoBody
    }

    package init() {}

    private init(recycling buffer: [UInt8]) {
        self.buffer = buffer
        self.buffer.removeAll(keepingCapacity: true)
    }

    /// Whether not one byte has come.
    package var isUntouched: Bool { buffer.isEmpty && state == .statusLine && interimAnswers == 0 }

    /// Adds bytes and takes them apart.
    /// - Returns: the answer, once it is complete.
    package mutating func feed(_ bytes: UnsafeRawBufferPointer) throws(HTTPFormatError) -> HTTPResponse? {
        // What has been read is let go, so that memory does not grow with an endless answer.
        buffer.removeFirst(position)
        searched -= position
        position = 0
        buffer.append(contentsOf: bytes)
        return try advance()
    }

    /// Tells that the stream has ended.
    /// - Returns: the answer whose end this is.
    package mutating func end() throws(HTTPFormatError) -> HTTPResponse {
        guard state == .untilClose else {
            throw HTTPFormatError("the connection closed in the middle of the answer")
        }
        return HTTPResponse(status: status, body: body, closes: true)
    }

    private mutating func advance() throws(HTTPFormatError) -> HTTPResponse? {
        while true {
            switch state {
            case .statusLine:
                guard let line = try takeLine() else { return nil }
                try readStatus(line)
                state = .headers
            case .headers:
                guard let line = try takeLine() else { return nil }
                if line.isEmpty { try endOfHeaders() } else { try readHeader(line) }
            case .fixed(let missing):
                let taken = take(missing)
                state = taken == missing ? .complete : .fixed(missing - taken)
                if taken < missing { return nil }
            case .chunkSize:
                guard let line = try takeLine() else { return nil }
                let size = try readChunkSize(line)
                if body.count + size > Self.bodyLimit { throw Self.bodyTooLarge }
                state = size == 0 ? .trailers : .chunk(size)
            case .chunk(let missing):
                let taken = take(missing)
                state = taken == missing ? .chunkEnd : .chunk(missing - taken)
                if taken < missing { return nil }
            case .chunkEnd:
                guard let line = try takeLine() else { return nil }
                guard line.isEmpty else { throw HTTPFormatError("a chunk is longer than it says") }
                state = .chunkSize
            case .trailers:
                guard let line = try takeLine() else { return nil }
                if line.isEmpty { state = .complete }
            case .untilClose:
                _ = take(buffer.count - position)
                if body.count > Self.bodyLimit { throw Self.bodyTooLarge }
                return nil
            case .complete:
                // Bytes after the answer are nobody's: such a connection must not carry another request.
                let closes = !keepsAlive || position < buffer.count
                return HTTPResponse(status: status, body: body, closes: closes)
            }
        }
    }

    private static let bodyTooLarge = HTTPFormatError("the body is larger than \(bodyLimit >> 20) MiB")

    /// Moves up to `count` bytes into the body.
    private mutating func take(_ count: Int) -> Int {
        let taken = min(count, buffer.count - position)
        body.append(contentsOf: buffer[position..<position + taken])
        position += taken
        searched = position
        if position == buffer.count {
            buffer.removeAll(keepingCapacity: true)
            position = 0
            searched = 0
        }
        return taken
    }

    /// The next line without its end (CR LF, or LF alone), or nil while it is incomplete.
    private mutating func takeLine() throws(HTTPFormatError) -> ArraySlice<UInt8>? {
        guard let end = buffer[searched...].firstIndex(of: UInt8(ascii: "\n")) else {
            searched = buffer.count
            if buffer.count - position > Self.lineLimit {
                throw HTTPFormatError("a line of the header is longer than \(Self.lineLimit >> 10) KiB")
            }
            return nil
        }
        headBytes += end + 1 - position
        if headBytes > Self.headLimit, state == .headers || state == .trailers || state == .statusLine {
            throw HTTPFormatError("the header is larger than \(Self.headLimit >> 10) KiB")
        }
        var line = buffer[position..<end]
        if line.last == UInt8(ascii: "\r") { line.removeLast() }
        position = end + 1
        searched = position
        return line
    }

    // MARK: - Lines

    /// `HTTP/1.1 200 OK`
    private mutating func readStatus(_ line: ArraySlice<UInt8>) throws(HTTPFormatError) {
        let bytes = Array(line)
        guard bytes.count >= 12, bytes.starts(with: "HTTP/1.".utf8), bytes[8] == UInt8(ascii: " "),
            bytes[7] == UInt8(ascii: "0") || bytes[7] == UInt8(ascii: "1"),
            bytes.count == 12 || bytes[12] == UInt8(ascii: " "),
            let code = Self.number(bytes[9..<12], radix: 10), (100..<600).contains(code)
        else {
            throw HTTPFormatError("not an HTTP/1.1 answer: it begins with \(Self.quoted(line))")
        }
        status = code
        keepsAlive = bytes[7] == UInt8(ascii: "1")
        contentLength = nil
        isChunked = false
    }

    /// `Name: value`
    private mutating func readHeader(_ line: ArraySlice<UInt8>) throws(HTTPFormatError) {
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex,
            !line[..<colon].contains(where: { $0 <= UInt8(ascii: " ") || $0 == 0x7F }), !line.contains(0)
        else {
            throw HTTPFormatError("not a header line: \(Self.quoted(line))")
        }
        let value = Self.trimmed(line[(colon + 1)...])
        switch Self.lowercased(line[..<colon]) {
        case "content-length":
            guard let length = Self.number(value, radix: 10) else {
                throw HTTPFormatError("Content-Length is no number: \(Self.quoted(value))")
            }
            if length > Self.bodyLimit { throw Self.bodyTooLarge }
            if let earlier = contentLength, earlier != length {
                throw HTTPFormatError("two Content-Length headers that differ: \(earlier) and \(length)")
            }
            contentLength = length
        case "transfer-encoding":
            guard Self.lowercased(value) == "chunked", !isChunked else {
                throw HTTPFormatError("Transfer-Encoding \(Self.quoted(value)) is not understood (only chunked is)")
            }
            isChunked = true
        case "connection":
            for option in value.split(separator: UInt8(ascii: ",")) {
                switch Self.lowercased(Self.trimmed(option)) {
                case "close": keepsAlive = false
                case "keep-alive": keepsAlive = true
                default: break
                }
            }
        default: break
        }
    }

    private mutating func endOfHeaders() throws(HTTPFormatError) {
        if status < 200 {
            // 100 Continue and its kin: the real answer follows.
            guard status != 101 else { throw HTTPFormatError("the server switched protocols (101)") }
            interimAnswers += 1
            if interimAnswers > Self.interimLimit { throw HTTPFormatError("more than 16 interim answers") }
            headBytes = 0
            state = .statusLine
        } else if expectsNoBody || status == 204 || status == 304 {
            state = .complete
        } else if isChunked {
            // Both framings at once is how requests are smuggled; nobody honest sends it.
            if contentLength != nil { throw HTTPFormatError("both Content-Length and Transfer-Encoding") }
            state = .chunkSize
        } else if let contentLength {
            body.reserveCapacity(contentLength)
            state = .fixed(contentLength)
        } else {
            state = .untilClose
        }
    }

    /// `1a3; extension`
    private func readChunkSize(_ line: ArraySlice<UInt8>) throws(HTTPFormatError) -> Int {
        let digits = Self.trimmed(line.prefix { $0 != UInt8(ascii: ";") })
        guard let size = Self.number(digits, radix: 16) else {
            throw HTTPFormatError("not the size of a chunk: \(Self.quoted(line))")
        }
        return size
    }

    // MARK: - Bytes

    /// A number of at most 12 digits without sign, or nil.
    private static func number(_ digits: ArraySlice<UInt8>, radix: Int) -> Int? {
        guard !digits.isEmpty, digits.count <= 12 else { return nil }
        var result = 0
        for digit in digits {
            guard let value = Character(UnicodeScalar(digit)).hexDigitValue, value < radix else { return nil }
            result = result * radix + value
        }
        return result
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var bytes = bytes
        while let first = bytes.first, first == UInt8(ascii: " ") || first == UInt8(ascii: "\t") { bytes.removeFirst() }
        while let last = bytes.last, last == UInt8(ascii: " ") || last == UInt8(ascii: "\t") { bytes.removeLast() }
        return bytes
    }

    private static func lowercased(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }

    private static func quoted(_ bytes: ArraySlice<UInt8>) -> String {
        let text = bytes.prefix(60).map { (0x20..<0x7F).contains($0) ? String(UnicodeScalar($0)) : "\\x\(hex($0))" }
        return "\"\(text.joined())\(bytes.count > 60 ? "…" : "")\""
    }

    private static func hex(_ byte: UInt8) -> String { (byte < 16 ? "0" : "") + String(byte, radix: 16) }
}
