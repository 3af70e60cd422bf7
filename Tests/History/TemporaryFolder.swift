import Glibc

/// A folder of the test's own, removed with all that is in it at the end.
struct TemporaryFolder: ~Copyable {
    let path: String

    init() {
        var template = Array("/tmp/polygraph-history-XXXXXX".utf8CString)
        path = String(cString: mkdtemp(&template)!)
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

    deinit {
        if let folder = opendir(path) {
            while let entry = readdir(folder) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name != ".", name != ".." { unlink(file(name)) }
            }
            closedir(folder)
        }
        rmdir(path)
    }
}
