/// One request of HTTP/1.1, as far as a small API needs it.
struct HTTPRequest: Equatable, Sendable {
    var method: String
    /// The decoded segments of the path.
    var path: [String]
    var query: String?
    var body: [UInt8]
    var keepsConnection: Bool

    enum Parsed: Equatable {
        case incomplete
        case request(HTTPRequest, size: Int)
        case bad(status: Int, reason: String)
    }

    static let maximumHeaderSize = 8 << 10
    static let maximumBodySize = 64 << 10

    /// Reads the request at the beginning of the bytes. Strict: what two readers could understand differently is bad.
    static func parse(_ bytes: ArraySlice<UInt8>) -> Parsed {
        guard let headerSize = sizeOfHeader(bytes) else {
            guard bytes.count < maximumHeaderSize else { return .bad(status: 431, reason: "the header is too long") }
            if let first = bytes.first, !isTokenByte(first) {
                return .bad(status: 400, reason: "this is not HTTP")
            }
            return .incomplete
        }
        guard headerSize <= maximumHeaderSize else { return .bad(status: 431, reason: "the header is too long") }
        do throws(HTTPFailure) {
            let header = bytes.prefix(headerSize)
            var (request, fields, minorVersion) = try parseHead(header)
            let length = try fields.contentLength()
            request.keepsConnection = fields.keepsConnection(minorVersion: minorVersion)
            guard minorVersion == 0 || fields.hasHost else { throw HTTPFailure(400, "the Host field is missing") }
            guard bytes.count >= headerSize + length else { return .incomplete }
            request.body = Array(bytes.dropFirst(headerSize).prefix(length))
            return .request(request, size: headerSize + length)
        } catch {
            return .bad(status: error.status, reason: error.reason)
        }
    }

    /// The size of everything up to and with the empty line.
    private static func sizeOfHeader(_ bytes: ArraySlice<UInt8>) -> Int? {
        var index = bytes.startIndex
        while index + 3 < bytes.endIndex {
            if bytes[index + 3] != 10 {
                index += 1
            } else if bytes[index] == 13, bytes[index + 1] == 10, bytes[index + 2] == 13 {
                return index + 4 - bytes.startIndex
            } else {
                index += 1
            }
        }
        return nil
    }

    private static func parseHead(
        _ header: ArraySlice<UInt8>
    ) throws(HTTPFailure) -> (HTTPRequest, HTTPFields, minorVersion: Int) {
        guard !header.contains(where: { $0 == 0 || $0 >= 128 }) else {
            throw HTTPFailure(400, "the header holds bytes outside ASCII")
        }
        var lines = HTTPFields.lines(of: header)[...]
        guard let requestLine = lines.popFirst() else { throw HTTPFailure(400, "there is no request line") }
        let parts = requestLine.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].utf8.allSatisfy(isTokenByte) else {
            throw HTTPFailure(400, "the request line is not METHOD TARGET VERSION")
        }
        let minorVersion: Int
        switch parts[2] {
        case "HTTP/1.1": minorVersion = 1
        case "HTTP/1.0": minorVersion = 0
        default: throw HTTPFailure(parts[2].hasPrefix("HTTP/") ? 505 : 400, "HTTP/1.1 is spoken here")
        }
        let target = parts[1].split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let path = try PercentEncoding.segments(of: target[0])
        let request = HTTPRequest(
            method: String(parts[0]), path: path, query: target.count > 1 ? String(target[1]) : nil, body: [],
            keepsConnection: true)
        return (request, try HTTPFields(lines: lines), minorVersion)
    }

    static func isTokenByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// Why a request cannot be served.
struct HTTPFailure: Error, Equatable {
    var status: Int
    var reason: String

    init(_ status: Int, _ reason: String) {
        self.status = status
        self.reason = reason
    }
}

/// The path of a request target.
enum PercentEncoding {
    /// The segments after the leading slash, with `%41` read as `A`.
    static func segments(of path: Substring) throws(HTTPFailure) -> [String] {
        guard path.hasPrefix("/") else { throw HTTPFailure(400, "the target does not begin with a slash") }
        var segments: [String] = []
        for segment in path.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            segments.append(try decode(segment))
        }
        return segments
    }

    private static func decode(_ text: Substring) throws(HTTPFailure) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst().flatMap(hexadecimal), let low = rest.popFirst().flatMap(hexadecimal)
                else { throw HTTPFailure(400, "a percent sign is not followed by two hexadecimal digits") }
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        guard let decoded = String(validating: bytes, as: UTF8.self) else {
            throw HTTPFailure(400, "the path is not UTF-8")
        }
        return decoded
    }

    static func hexadecimal(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
