import Glibc

/// A recording of packets in the pcapng format (draft-ietf-opsawg-pcapng), which Wireshark and tcpdump open. It has one
/// interface for each port of the switch, and one for notes.
///
/// Belongs to one thread. Bytes are collected, and written by `flush`.
struct CaptureFile {
    private let descriptor: Int32
    private var bytes: [UInt8] = []
    private let interfaces: Int
    /// Bytes that have reached the file.
    private(set) var written = 0
    /// What the last writing failed with; 0: it did not.
    private(set) var failure: Int32 = 0

    private enum Block {
        static let section: UInt32 = 0x0a0d_0d0a
        static let interface: UInt32 = 1
        static let statistics: UInt32 = 5
        static let packet: UInt32 = 6
    }

    /// Creates the file.
    /// - Parameter ports: the names of the interfaces.
    init(_ path: String, ports: [String]) throws(ClusterError) {
        descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ClusterError("record packets", "\(path): \(errorText(errno))") }
        interfaces = ports.count
        // Byte-order magic, version 1.0, length unknown.
        var section: [UInt8] = []
        CaptureFile.append(word: 0x1a2b_3c4d, &section)
        CaptureFile.append(word: 1, &section)
        section += [UInt8](repeating: 0xff, count: 8)
        appendBlock(Block.section, section)
        for name in ports + ["notes"] {
            var interface: [UInt8] = []
            // Ethernet, no limit to the length of a packet.
            CaptureFile.append(word: 1, &interface)
            CaptureFile.append(word: 0, &interface)
            CaptureFile.append(option: 2, Array(name.utf8), &interface)
            // Times in units of 10^-9 seconds.
            CaptureFile.append(option: 9, [9], &interface)
            CaptureFile.append(option: 0, [], &interface)
            appendBlock(Block.interface, interface)
        }
        bytes.reserveCapacity(1 << 18)
    }

    /// Adds a frame.
    /// - Parameter time: nanoseconds since 1970.
    mutating func append(_ frame: UnsafeRawBufferPointer, interface: Int, time: Int64, comment: String?) {
        let begin = bytes.count
        append(word: Block.packet)
        append(word: 0)
        append(word: UInt32(interface))
        append(word: UInt32(truncatingIfNeeded: time >> 32))
        append(word: UInt32(truncatingIfNeeded: time))
        append(word: UInt32(frame.count))
        append(word: UInt32(frame.count))
        bytes.append(contentsOf: frame)
        while bytes.count % 4 != 0 { bytes.append(0) }
        if let comment {
            CaptureFile.append(option: 1, Array(comment.utf8), &bytes)
            CaptureFile.append(option: 0, [], &bytes)
        }
        append(word: 0)
        finishBlock(begin)
    }

    /// Adds a note: a frame of the Ethernet type for experiments (0x88b5) with the text as contents and as comment.
    mutating func append(note: String, time: Int64) {
        let text = Array(note.utf8.prefix(1500))
        let frame = [UInt8](repeating: 0xff, count: 6) + [2, 0, 0, 0, 0, 0, 0x88, 0xb5] + text
        frame.withUnsafeBytes { append($0, interface: interfaces, time: time, comment: note) }
    }

    /// Adds the number of frames that are missing, at the end of the recording.
    mutating func append(missed: Int, time: Int64) {
        var statistics: [UInt8] = []
        CaptureFile.append(word: UInt32(interfaces), &statistics)
        CaptureFile.append(word: UInt32(truncatingIfNeeded: time >> 32), &statistics)
        CaptureFile.append(word: UInt32(truncatingIfNeeded: time), &statistics)
        // isb_ifdrop
        CaptureFile.append(option: 5, withUnsafeBytes(of: UInt64(missed).littleEndian) { Array($0) }, &statistics)
        CaptureFile.append(option: 0, [], &statistics)
        appendBlock(Block.statistics, statistics)
    }

    var isFull: Bool { bytes.count >= 1 << 17 }

    mutating func flush() {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying { write(descriptor, buffer.baseAddress! + offset, buffer.count - offset) }
            }
            if count <= 0 {
                failure = Int32(-count)
                break
            }
            offset += count
        }
        written += offset
        bytes.removeAll(keepingCapacity: true)
    }

    func close() { Glibc.close(descriptor) }

    private mutating func appendBlock(_ type: UInt32, _ body: [UInt8]) {
        let begin = bytes.count
        append(word: type)
        append(word: 0)
        bytes.append(contentsOf: body)
        append(word: 0)
        finishBlock(begin)
    }

    /// Enters the length of a block at its beginning and at its end.
    private mutating func finishBlock(_ begin: Int) {
        let length = UInt32(bytes.count - begin)
        for index in 0..<4 {
            let byte = UInt8(truncatingIfNeeded: length >> (8 * UInt32(index)))
            bytes[begin + 4 + index] = byte
            bytes[bytes.count - 4 + index] = byte
        }
    }

    private mutating func append(word: UInt32) { CaptureFile.append(word: word, &bytes) }

    // Little-endian, and the magic says so.
    private static func append(word: UInt32, _ bytes: inout [UInt8]) {
        for index in 0..<4 { bytes.append(UInt8(truncatingIfNeeded: word >> (8 * UInt32(index)))) }
    }

    private static func append(option: UInt16, _ value: [UInt8], _ bytes: inout [UInt8]) {
        append(word: UInt32(option) | UInt32(value.count) << 16, &bytes)
        bytes.append(contentsOf: value)
        for _ in 0..<(4 - value.count % 4) % 4 { bytes.append(0) }
    }
}
