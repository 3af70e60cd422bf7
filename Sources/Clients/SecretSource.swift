import Glibc

/// Where something secret is found: a workload file names the place and never holds the secret itself.
public enum SecretSource: Hashable, Sendable, CustomStringConvertible {
    case environment(String)
    case file(String)

    /// Of a secret.
    private static let limit = 64 << 10

    /// In words, without the secret.
    public var description: String {
        switch self {
        case .environment(let name): "environment variable \(name)"
        case .file(let path): "file \(path)"
        }
    }

    /// Reads it; a line break at its end does not belong to it.
    public func read() throws(AccessError) -> String {
        var bytes: [UInt8]
        switch self {
        case .environment(let name):
            guard let value = getenv(name) else {
                throw AccessError("the environment variable \(name) is not set")
            }
            bytes = Array(String(cString: value).utf8)
        case .file(let path): bytes = try Self.contents(of: path)
        }
        if bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        if bytes.last == UInt8(ascii: "\r") { bytes.removeLast() }
        guard !bytes.isEmpty else { throw AccessError("the \(self) is empty") }
        // A line break would end the header that carries it, and begin another.
        guard bytes.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }), let text = String(validating: bytes, as: UTF8.self) else {
            throw AccessError("the \(self) holds more than one line of text, or something that is no text")
        }
        return text
    }

    private static func contents(of path: String) throws(AccessError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw AccessError("cannot read the file \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: limit + 1)
        var length = 0
        while length < bytes.count {
            let start = length
            let count = bytes.withUnsafeMutableBytes {
                Glibc.read(descriptor, $0.baseAddress! + start, $0.count - start)
            }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw AccessError("cannot read the file \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { break }
            length += count
        }
        guard length <= limit else { throw AccessError("the file \(path) is too long for a secret") }
        return Array(bytes[..<length])
    }
}

/// Why requests cannot be given what they need: a missing secret, a certificate that cannot be read. Never holds a
/// secret.
public struct AccessError: Error, Hashable, CustomStringConvertible {
    public let message: String

    public init(_ message: String) { self.message = message }

    public var description: String { message }
}
