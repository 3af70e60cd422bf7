import Glibc

/// A folder of the test's own, removed with all that is in it at the end; what test processes left that were killed
/// goes with the next one.
struct TemporaryFolder: ~Copyable {
    private static let prefix = "polygraph-history-"
    /// Removes the folders of processes that are gone, once a process.
    private static let swept: Void = {
        for name in names(in: "/tmp") where name.hasPrefix(prefix) {
            let folder = "/tmp/\(name)"
            guard let owner = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }), kill(owner, 0) != 0,
                errno == ESRCH, isOld(folder)
            else { continue }
            remove(folder)
        }
    }()

    let path: String

    init() {
        _ = Self.swept
        var template = Array("/tmp/\(Self.prefix)\(getpid())-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template)!)
    }

    /// Whether nobody touched it for an hour: a process of another container may bear any number.
    private static func isOld(_ folder: String) -> Bool {
        var facts = stat()
        return stat(folder, &facts) == 0 && time(nil) - facts.st_mtim.tv_sec > 3_600
    }

    private static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    private static func remove(_ folder: String) {
        for name in names(in: folder) { unlink("\(folder)/\(name)") }
        rmdir(folder)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    func write(_ bytes: some Collection<UInt8>, to name: String) {
        let stream = fopen(file(name), "w")!
        let bytes = Array(bytes)
        fwrite(bytes, 1, bytes.count, stream)
        fclose(stream)
    }

    func read(_ name: String) -> [UInt8] {
        guard let stream = fopen(file(name), "r") else { return [] }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var part = [UInt8](repeating: 0, count: 65_536)
        while case let count = fread(&part, 1, part.count, stream), count > 0 { bytes += part[..<count] }
        return bytes
    }

    deinit { Self.remove(path) }
}
