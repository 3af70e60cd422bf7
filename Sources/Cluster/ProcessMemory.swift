import CLinux
import Glibc

/// Another process's memory, its code included. Stays with the program that the process ran when it was opened: after
/// it has executed another one, reading ends at once.
struct ProcessMemory {
    private let descriptor: Int32

    /// nil where the process is gone or out of reach; errno says which.
    init?(process: Int32) {
        descriptor = open("/proc/\(process)/mem", O_RDWR | O_CLOEXEC)
        if descriptor < 0 { return nil }
    }

    func close() { Glibc.close(descriptor) }

    /// `count` bytes; nil where they cannot be read or the program is gone.
    func read(_ address: UInt64, count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        let result = bytes.withUnsafeMutableBytes { buffer in
            retrying { pread(descriptor, buffer.baseAddress, count, off_t(Int64(bitPattern: address))) }
        }
        return result == count ? bytes : nil
    }

    func readNumber(_ address: UInt64) -> UInt64? {
        read(address, count: 8)?.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
    }

    /// - Returns: whether all was written; not where the kernel keeps this way from writing to code.
    func write(_ address: UInt64, _ bytes: [UInt8]) -> Bool {
        let result = bytes.withUnsafeBytes { buffer in
            retrying { pwrite(descriptor, buffer.baseAddress, bytes.count, off_t(Int64(bitPattern: address))) }
        }
        return result == bytes.count
    }

    /// The same by way of a stopped thread of the process, where the kernel allows debuggers only.
    func write(_ address: UInt64, _ bytes: [UInt8], through thread: Int32) -> Bool {
        if write(address, bytes) { return true }
        let start = address & ~7
        let end = (address + UInt64(bytes.count) + 7) & ~7
        guard var words = read(start, count: Int(end - start)) else { return false }
        words.replaceSubrange(Int(address - start)..<(Int(address - start) + bytes.count), with: bytes)
        for offset in stride(from: 0, to: words.count, by: 8) {
            let word = words.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self) }
            if lab_trace_poke(thread, start + UInt64(offset), word) != 0 { return false }
        }
        return true
    }
}
