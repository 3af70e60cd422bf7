import Glibc
import PolygraphSSH

/// Packs files of a host for the way to the controller.
enum HostLogs {
    /// - Parameters:
    ///   - patterns: of paths, as glob(3) takes them.
    ///   - limit: bytes of each file that are kept, the last ones.
    /// - Returns: an answer with the packed files' names in `folder.collected`, and the paths of small ones that could not
    ///   be packed, on a full disk perhaps.
    static func collect(_ patterns: [String], limit: Int64, into folder: HostFolder) throws(ClusterError) -> [String] {
        let code = makeFolders(folder.collected)
        guard code == 0 else { throw ClusterError("create \(folder.collected) on", errorText(code)) }
        let programs = HostPrograms()
        var packed: [String] = []
        for file in patterns.flatMap(matches) {
            var information = stat()
            guard stat(file, &information) == 0, information.st_mode & S_IFMT == S_IFREG else { continue }
            let name = name(of: file, in: folder) + ".gz"
            let script =
                "tail -c \(limit) \(ShellQuoting.quote(file)) | gzip -c >\(ShellQuoting.quote(folder.collected + "/" + name))"
            let outcome = try programs.run(["sh", "-c", script])
            if outcome.isSuccess {
                packed.append(name)
            } else if information.st_size <= limit {
                packed.append(file)
            } else {
                throw ClusterError("pack \(file) on", outcome.complaint)
            }
        }
        return ["files"] + packed
    }

    /// What a file is called on the controller.
    static func name(of file: String, in folder: HostFolder) -> String {
        let inside = file.hasPrefix(folder.path + "/") ? file.dropFirst(folder.path.utf8.count + 1) : file[...]
        return inside.split(separator: "/").joined(separator: "_")
    }

    private static func matches(_ pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }
}
