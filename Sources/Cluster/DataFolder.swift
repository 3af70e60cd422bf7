import Glibc

/// The regular files below a node's data directory.
enum DataFolder {
    struct File {
        /// Relative to the folder.
        var path: String
        var size: Int64
    }

    /// Those whose path fits the pattern of fnmatch(3), by path. Symbolic links are not followed.
    static func files(in folder: String, matching pattern: String) -> [File] {
        var found: [File] = []
        var folders = [""]
        while let next = folders.popLast() {
            guard let stream = opendir(next.isEmpty ? folder : folder + "/" + next) else { continue }
            defer { closedir(stream) }
            while let entry = readdir(stream) {
                let name = withUnsafePointer(to: &entry.pointee.d_name) {
                    $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
                }
                if name == "." || name == ".." { continue }
                let path = next.isEmpty ? name : next + "/" + name
                var information = stat()
                guard lstat(folder + "/" + path, &information) == 0 else { continue }
                switch information.st_mode & S_IFMT {
                case S_IFDIR: folders.append(path)
                case S_IFREG where fnmatch(pattern, path, 0) == 0:
                    found.append(File(path: path, size: Int64(information.st_size)))
                default: break
                }
            }
        }
        return found.sorted { $0.path < $1.path }
    }
}
