import FoundationEssentials
import Glibc
import PolygraphSSH

/// Paths of this machine as people write them.
enum LocalPath {
    /// Absolute: `~` is the user's home folder, and what is relative begins at the working directory.
    static func resolved(_ path: String) -> String {
        let path = HomeFolder.expand(path)
        if path.hasPrefix("/") { return path }
        let rest = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
        let folder = FileManager.default.currentDirectoryPath
        return folder.hasSuffix("/") ? folder + rest : "\(folder)/\(rest)"
    }

    /// With `~` for the user's home folder, so that it means the same to the same user on another machine.
    static func abbreviated(_ path: String) -> String {
        let home = HomeFolder.path
        return home.count > 1 && path.hasPrefix(home + "/") ? "~" + path.dropFirst(home.count) : path
    }
}

extension NodeReader {
    /// A file of this machine, by its absolute path.
    /// - Parameter mustExist: whether one that cannot be read is a mistake.
    func localFile(_ what: String, mustExist: Bool) -> String? {
        guard let word = string(what) else { return nil }
        if word.isEmpty || word.utf8.contains(0) {
            expected(what)
            return nil
        }
        let path = LocalPath.resolved(word)
        guard mustExist else { return path }
        if Glibc.access(path, R_OK) != 0 {
            fail("\(path) cannot be read: \(String(cString: strerror(errno)))")
            return nil
        }
        var isFolder = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder {
            fail("\(path) is a folder; expected \(what)")
            return nil
        }
        return path
    }
}
