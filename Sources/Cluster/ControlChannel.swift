import Glibc

/// Requests and answers between the controller and a node's agent: lists of words over a stream socket. On the wire:
/// a length of four bytes, then every word with a zero byte behind it.
struct ControlChannel: Sendable {
    let descriptor: Int32

    enum Failure: Error {
        /// The other side is gone.
        case ended
        case system(Int32)
    }

    /// A message as it is on the wire.
    static func frame(_ words: [String]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 4)
        for word in words {
            bytes.append(contentsOf: word.utf8)
            bytes.append(0)
        }
        let length = UInt32(bytes.count - 4)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
        return bytes
    }

    /// How many bytes follow a message's first four.
    static func length(_ head: some Collection<UInt8>) -> Int {
        head.reversed().reduce(0) { $0 << 8 | Int($1) }
    }

    /// The words of a message without its first four bytes.
    static func words(_ body: some Collection<UInt8>) -> [String] {
        body.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
    }

    func send(_ words: [String]) throws(Failure) {
        let bytes = ControlChannel.frame(words)
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying {
                    Glibc.send(
                        descriptor, buffer.baseAddress! + offset, buffer.count - offset, Int32(MSG_NOSIGNAL))
                }
            }
            if count == -Int(EPIPE) || count == -Int(ECONNRESET) { throw .ended }
            if count < 0 { throw .system(Int32(-count)) }
            offset += count
        }
    }

    func receive() throws(Failure) -> [String] {
        let head = try read(4)
        return ControlChannel.words(try read(ControlChannel.length(head)))
    }

    private func read(_ length: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: length)
        var offset = 0
        while offset < length {
            let count = bytes.withUnsafeMutableBytes { buffer in
                retrying { recv(descriptor, buffer.baseAddress! + offset, length - offset, 0) }
            }
            if count == 0 || count == -Int(ECONNRESET) { throw .ended }
            if count < 0 { throw .system(Int32(-count)) }
            offset += count
        }
        return bytes
    }
}
