import Glibc

/// The socket at which a host's helper listens.
enum HostSocket {
    static func listen(_ path: String) throws(ClusterError) -> Int32 {
        unlink(path)
        let descriptor = try open(path)
        let before = umask(0o177)
        let code = with(path) { bind(descriptor, $0, $1) } == 0 && Glibc.listen(descriptor, 4) == 0 ? 0 : errno
        umask(before)
        guard code == 0 else {
            close(descriptor)
            throw ClusterError("listen at \(path) on", errorText(code))
        }
        return descriptor
    }

    /// Connects to it; nil where nobody listens.
    static func connect(_ path: String) throws(ClusterError) -> Int32? {
        let descriptor = try open(path)
        if with(path, { Glibc.connect(descriptor, $0, $1) }) == 0 { return descriptor }
        let code = errno
        close(descriptor)
        if code == ENOENT || code == ECONNREFUSED { return nil }
        throw ClusterError("reach the helper at \(path) on", errorText(code))
    }

    private static func open(_ path: String) throws(ClusterError) -> Int32 {
        guard path.utf8.count < 108 else {
            throw ClusterError("open \(path) on", "the path is too long for a socket; choose a shorter `access.folder`")
        }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ClusterError("open a socket on", errorText(errno)) }
        return descriptor
    }

    private static func with(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        return withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
    }
}
