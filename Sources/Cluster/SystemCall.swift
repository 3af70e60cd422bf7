import CLinux
import Glibc

/// The system's words for an error number.
func errorText(_ code: Int32) -> String {
    String(cString: strerror(code))
}

/// Repeats a system call that a signal has interrupted.
/// - Returns: its result, or the negative errno.
func retrying(_ call: () -> Int) -> Int {
    while true {
        let result = call()
        if result >= 0 { return result }
        let code = errno
        if code != EINTR { return -Int(code) }
    }
}

/// The first bytes of a file, at most `limit`; nil where it cannot be read.
func readFile(_ path: String, limit: Int = 1 << 20) -> [UInt8]? {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return nil }
    defer { close(descriptor) }
    var bytes = [UInt8](repeating: 0, count: 4096)
    var filled = 0
    while filled < limit {
        if filled == bytes.count { bytes.append(contentsOf: [UInt8](repeating: 0, count: bytes.count)) }
        let count = bytes.withUnsafeMutableBytes { room in
            retrying { read(descriptor, room.baseAddress! + filled, room.count - filled) }
        }
        if count < 0 { return nil }
        if count == 0 { break }
        filled += count
    }
    return Array(bytes[..<min(filled, limit)])
}

/// Writes `text` to a file that exists or is created.
/// - Returns: 0, or an errno.
func writeFile(_ path: String, _ text: String, mode: mode_t = 0o644) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    var bytes = text[...]
    return bytes.withUTF8 { buffer in
        var offset = 0
        while offset < buffer.count {
            let count = retrying { write(descriptor, buffer.baseAddress! + offset, buffer.count - offset) }
            if count < 0 { return Int32(-count) }
            offset += count
        }
        return 0
    }
}

/// Creates a folder and those above it.
/// - Returns: 0, or an errno.
func makeFolders(_ path: String, mode: mode_t = 0o755) -> Int32 {
    if mkdir(path, mode) == 0 { return 0 }
    let code = errno
    if code == EEXIST { return isFolder(path) ? 0 : ENOTDIR }
    guard code == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return code }
    let above = makeFolders(String(path[..<slash]), mode: mode)
    if above != 0 { return above }
    return mkdir(path, mode) == 0 || errno == EEXIST ? 0 : errno
}

/// Removes all that is in a folder, without following symbolic links.
/// - Returns: 0, or an errno.
func removeContents(_ folder: String) -> Int32 {
    guard let stream = opendir(folder) else { return errno }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = Glibc.readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
            name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != "." && name != ".." { names.append(name) }
    }
    for name in names {
        let path = folder + "/" + name
        var information = stat()
        guard lstat(path, &information) == 0 else { continue }
        if information.st_mode & S_IFMT == S_IFDIR {
            let code = removeContents(path)
            if code != 0 { return code }
            if rmdir(path) != 0 { return errno }
        } else if unlink(path) != 0 {
            return errno
        }
    }
    return 0
}

func isFolder(_ path: String) -> Bool {
    var information = stat()
    return stat(path, &information) == 0 && information.st_mode & S_IFMT == S_IFDIR
}

/// The path without symbolic links; nil where it does not exist.
func resolvedPath(_ path: String) -> String? {
    guard let resolved = realpath(path, nil) else { return nil }
    defer { free(resolved) }
    return String(cString: resolved)
}

func currentFolder() -> String {
    guard let path = getcwd(nil, 0) else { return "/" }
    defer { free(path) }
    return String(cString: path)
}

/// `path` itself where it is absolute, else below `folder`.
func absolutePath(_ path: String, in folder: String) -> String {
    path.hasPrefix("/") ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path
}

/// Calls `body` with a null-terminated array of C strings.
func withArguments<Result>(
    _ words: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> Result
) -> Result {
    var pointers: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
    pointers.append(nil)
    defer { for pointer in pointers { free(pointer) } }
    return pointers.withUnsafeMutableBufferPointer { body($0.baseAddress!) }
}
