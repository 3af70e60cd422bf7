import CLinux
import Glibc

/// The paths that a supervised call names, as the process that makes it means them. Names that are no UTF-8 are left to
/// the kernel.
struct SupervisedPaths {
    /// The data directory, without symbolic links.
    let folder: String

    /// Relative to the data directory; nil for every path that is not in it, and for the data directory itself.
    func path(of call: lab_supervised_call, folder descriptor: UInt64, _ address: UInt64) -> String? {
        guard let text = SupervisedPaths.text(call.thread, address), !text.isEmpty else { return nil }
        if text.hasPrefix("/") { return relative(text) }
        let number = Int32(truncatingIfNeeded: descriptor)
        let link = number == -100 ? "/proc/\(call.thread)/cwd" : "/proc/\(call.thread)/fd/\(number)"  // AT_FDCWD
        guard let base = SupervisedPaths.link(link) else { return nil }
        return relative(base + "/" + text)
    }

    /// Of a descriptor of another process; "" for the data directory itself.
    func path(thread: Int32, descriptor: Int32) -> String? {
        guard let path = SupervisedPaths.link("/proc/\(thread)/fd/\(descriptor)") else { return nil }
        return path == folder ? "" : relative(path)
    }

    private func relative(_ path: String) -> String? {
        var parts: [Substring] = []
        for part in path.split(separator: "/") {
            if part == "." { continue }
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        let whole = "/" + parts.joined(separator: "/")
        guard whole.hasPrefix(folder + "/") else { return nil }
        return String(whole.dropFirst(folder.count + 1))
    }

    private static func link(_ path: String) -> String? {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
            let length = readlink(path, buffer.baseAddress!, buffer.count)
            guard length > 0 else { return nil }
            return String(validating: UnsafeRawBufferPointer(buffer)[..<length], as: UTF8.self)
        }
    }

    /// A C string in another process's memory, of at most PATH_MAX bytes.
    private static func text(_ thread: Int32, _ address: UInt64) -> String? {
        withUnsafeTemporaryAllocation(byteCount: Int(PATH_MAX), alignment: 16) { buffer in
            var filled = 0
            while filled < buffer.count {
                // Page by page: what follows may not be mapped.
                let next = address + UInt64(filled)
                let room = min(buffer.count - filled, 4096 - Int(next % 4096))
                let count = lab_memory_read(thread, next, buffer.baseAddress! + filled, UInt64(room))
                guard count > 0 else { return nil }
                let fresh = buffer[filled..<(filled + Int(count))]
                if let end = fresh.firstIndex(of: 0) { return String(validating: buffer[..<end], as: UTF8.self) }
                filled += Int(count)
            }
            return nil
        }
    }
}
