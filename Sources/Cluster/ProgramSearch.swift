import Glibc

/// Finds the file that a command names.
enum ProgramSearch {
    /// - Parameters:
    ///   - name: a path, or a name that the folders of `path` are searched for.
    ///   - folder: what relative paths are relative to.
    static func find(_ name: String, path: String, folder: String) throws(ClusterError) -> String {
        if name.contains("/") {
            let file = absolutePath(name, in: folder)
            if let problem = problem(with: file) { throw ClusterError("start", problem) }
            return file
        }
        guard !name.isEmpty else { throw ClusterError("start", "the command is empty") }
        var refused: String?
        for part in path.split(separator: ":", omittingEmptySubsequences: false) {
            let file = absolutePath(part.isEmpty ? "." : String(part), in: folder) + "/" + name
            guard let problem = problem(with: file) else { return file }
            if access(file, F_OK) == 0 && !isFolder(file) { refused = refused ?? problem }
        }
        throw ClusterError(
            "start",
            refused ?? "program \(name) not found: it is in none of the folders of PATH (\(path)); "
                + "install it, or give its path")
    }

    /// What keeps a file from being executed, in words; nil where nothing does.
    private static func problem(with file: String) -> String? {
        var information = stat()
        if stat(file, &information) != 0 {
            return errno == ENOENT ? "program \(file) not found" : "program \(file): \(errorText(errno))"
        }
        if information.st_mode & S_IFMT == S_IFDIR { return "\(file) is a folder, not a program" }
        if access(file, X_OK) != 0 {
            return errno == EACCES
                ? "program \(file) is not executable: chmod +x \(file)" : "program \(file): \(errorText(errno))"
        }
        return nil
    }

    /// What an attempt to execute a file that looked executable has failed with.
    static func explain(_ code: Int32, _ file: String) -> String {
        switch code {
        case ENOEXEC: "\(file) is neither a program for this machine nor a script that begins with #!"
        case ENOENT: "\(file) names an interpreter or loader that does not exist"
        default: "\(file): \(errorText(code))"
        }
    }
}
