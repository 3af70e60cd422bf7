import Glibc

enum Files {
    /// Replaces a file at once: a reader sees the old text or the new one.
    static func replace(_ path: String, _ text: String) {
        write(path + ".new", text)
        rename(path + ".new", path)
    }

    static func write(_ path: String, _ text: String, mode: mode_t = 0o644) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(descriptor >= 0, "\(path): \(errno)")
        var text = text
        text.withUTF8 { precondition(Glibc.write(descriptor, $0.baseAddress, $0.count) == $0.count) }
        close(descriptor)
        chmod(path, mode)
    }

    static func read(_ path: String) -> String { String(decoding: bytes(path), as: UTF8.self) }

    static func bytes(_ path: String) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        var result: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while case let count = Glibc.read(descriptor, &buffer, buffer.count), count > 0 { result += buffer[..<count] }
        return result
    }

    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != "." && name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// How many processes have `word` among their arguments.
    static func processes(with word: String) -> Int {
        names(in: "/proc").filter { name in
            Int32(name) != nil && read("/proc/\(name)/cmdline").split(separator: "\0").contains { $0 == word }
        }.count
    }
}
