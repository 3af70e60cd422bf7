import Glibc

/// Where a password or passphrase is found. Its value is read when it is needed and is in no description.
public enum SSHSecret: Hashable, Sendable, CustomStringConvertible {
    case environment(String)
    /// A file whose first line it is.
    case file(String)

    public var description: String {
        switch self {
        case .environment(let name): "the environment variable \(name)"
        case .file(let path): "the file \(path)"
        }
    }

    /// Its bytes.
    /// - Throws: `SSHError.Kind.configuration` when there is nothing.
    func read(host: String, step: String) throws(SSHError) -> [UInt8] {
        switch self {
        case .environment(let name):
            guard let value = getenv(name) else {
                throw SSHError(
                    .configuration, host: host, step: step, "\(description) is not set",
                    remedy: "Set it before the start.")
            }
            return Array(String(cString: value).utf8)
        case .file(let path):
            guard let bytes = LocalFile.read(HomeFolder.expand(path)) else {
                throw SSHError(
                    .configuration, host: host, step: step, "\(description) cannot be read: \(errorText(errno))")
            }
            var line = Array(bytes.prefix { $0 != UInt8(ascii: "\n") })
            if line.last == UInt8(ascii: "\r") { line.removeLast() }
            return line
        }
    }
}
