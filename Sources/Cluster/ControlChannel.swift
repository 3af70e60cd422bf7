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

    func send(_ words: [String]) throws(Failure) {
        var bytes = [UInt8](repeating: 0, count: 4)
        for word in words {
            bytes.append(contentsOf: word.utf8)
            bytes.append(0)
        }
        let length = UInt32(bytes.count - 4)
        for index in 0..<4 { bytes[index] = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index))) }
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
        let length = (0..<4).reduce(0) { $0 | Int(head[$1]) << (8 * $1) }
        let body = try read(length)
        return body.split(separator: 0, omittingEmptySubsequences: false).dropLast().map {
            String(decoding: $0, as: UTF8.self)
        }
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
