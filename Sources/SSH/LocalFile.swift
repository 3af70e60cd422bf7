import Glibc

/// Whole small files of this machine.
enum LocalFile {
    /// Its bytes; nil with `errno` when it cannot be read.
    static func read(_ path: String) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                return nil
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: buffer[..<count])
        }
    }

    /// Adds one line at the end, in a file and folder that are made where missing, readable by the user only.
    /// - Returns: 0, or an error number.
    static func append(line: String, to path: String) -> Int32 {
        if let slash = path.lastIndex(of: "/") { mkdir(String(path[..<slash]), 0o700) }
        let descriptor = open(path, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return errno }
        defer { close(descriptor) }
        var bytes = Array((line + "\n").utf8)
        let size = lseek(descriptor, 0, SEEK_END)
        var last: UInt8 = 10
        if size > 0, pread(descriptor, &last, 1, size - 1) == 1, last != 10 { bytes.insert(10, at: 0) }
        return Glibc.write(descriptor, bytes, bytes.count) == bytes.count ? 0 : errno
    }
}

/// The user's home folder, and names that begin with `~`.
public enum HomeFolder {
    public static let path: String = {
        if let home = getenv("HOME") { return String(cString: home) }
        guard let entry = getpwuid(getuid()), let folder = entry.pointee.pw_dir else { return "/" }
        return String(cString: folder)
    }()

    static let userName: String = {
        guard let entry = getpwuid(geteuid()), let name = entry.pointee.pw_name else {
            return getenv("USER").map { String(cString: $0) } ?? "root"
        }
        return String(cString: name)
    }()

    /// The same name with the home folder in place of a `~` at its beginning.
    public static func expand(_ name: String) -> String {
        if name == "~" { return path }
        return name.hasPrefix("~/") ? path + name.dropFirst() : name
    }
}
