import CLinux
import Glibc

/// Copies between open files at given places.
enum FileCopy {
    private static let blockSize = 1 << 16

    /// Copies all bytes of the range.
    /// - Returns: 0, or an errno.
    static func copy(from source: Int32, to target: Int32, in range: Range<Int64>) -> Int32 {
        withUnsafeTemporaryAllocation(byteCount: blockSize, alignment: 4096) { buffer in
            var offset = range.lowerBound
            while offset < range.upperBound {
                let wanted = min(blockSize, Int(range.upperBound - offset))
                let count = retrying { pread(source, buffer.baseAddress, wanted, off_t(offset)) }
                if count < 0 { return Int32(-count) }
                if count == 0 { return 0 }
                let code = write(buffer.baseAddress!, count, to: target, at: offset)
                if code != 0 { return code }
                offset += Int64(count)
            }
            return 0
        }
    }

    /// Copies the bytes of the range but for holes; `target` must have holes there too.
    /// - Returns: 0, or an errno.
    static func copyData(from source: Int32, to target: Int32, in range: Range<Int64>) -> Int32 {
        var offset = range.lowerBound
        while offset < range.upperBound {
            // SEEK_DATA and SEEK_HOLE, which Glibc shows only to GNU programs.
            let data = lseek(source, off_t(offset), 3)
            if data < 0 { return errno == ENXIO ? 0 : copy(from: source, to: target, in: offset..<range.upperBound) }
            guard Int64(data) < range.upperBound else { return 0 }
            let hole = lseek(source, data, 4)
            let end = hole < 0 ? range.upperBound : min(Int64(hole), range.upperBound)
            let code = copy(from: source, to: target, in: Int64(data)..<end)
            if code != 0 { return code }
            offset = end
        }
        return 0
    }

    /// Writes all of it.
    /// - Returns: 0, or an errno.
    static func write(_ bytes: UnsafeRawPointer, _ count: Int, to target: Int32, at offset: Int64) -> Int32 {
        var written = 0
        while written < count {
            let result = retrying { pwrite(target, bytes + written, count - written, off_t(offset) + off_t(written)) }
            if result <= 0 { return result == 0 ? EIO : Int32(-result) }
            written += result
        }
        return 0
    }

    /// Makes `target` equal to `source` in the range, where bytes that `source` does not have are zero. Writes only
    /// blocks that differ.
    /// - Returns: how many bytes differed, or a negative errno.
    static func match(_ target: Int32, to source: Int32, in range: Range<Int64>) -> Int64 {
        withUnsafeTemporaryAllocation(byteCount: 2 * blockSize, alignment: 4096) { buffer in
            let old = UnsafeMutableRawBufferPointer(rebasing: buffer[..<blockSize])
            let new = UnsafeMutableRawBufferPointer(rebasing: buffer[blockSize...])
            var offset = range.lowerBound
            var differing: Int64 = 0
            while offset < range.upperBound {
                let wanted = min(blockSize, Int(range.upperBound - offset))
                for (descriptor, block) in [(target, old), (source, new)] {
                    let count = readBlock(descriptor, block.baseAddress!, wanted, offset)
                    if count < 0 { return Int64(count) }
                    memset(block.baseAddress! + count, 0, wanted - count)
                }
                if memcmp(old.baseAddress!, new.baseAddress!, wanted) != 0 {
                    for index in 0..<wanted where old[index] != new[index] { differing += 1 }
                    let code = write(new.baseAddress!, wanted, to: target, at: offset)
                    if code != 0 { return -Int64(code) }
                }
                offset += Int64(wanted)
            }
            return differing
        }
    }

    /// As many bytes as there are, up to `count`.
    private static func readBlock(
        _ descriptor: Int32, _ room: UnsafeMutableRawPointer, _ count: Int, _ offset: Int64
    ) -> Int {
        var filled = 0
        while filled < count {
            let result = retrying {
                pread(descriptor, room + filled, count - filled, off_t(offset) + off_t(filled))
            }
            if result < 0 { return result }
            if result == 0 { break }
            filled += result
        }
        return filled
    }
}
