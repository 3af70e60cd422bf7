import FoundationEssentials
import Glibc

/// The folder of one run: `<root>/<name>/<time>-<short id>/`.
public struct RunFolder: Sendable {
    /// The folder itself.
    public let path: String
    /// `Reports`, or what the user chose.
    public let root: String
    public let name: String

    /// Makes the folder of a new run.
    /// - Throws: `RunError` when it cannot be made or written.
    public init(root: String, name: String, seed: UInt64) throws(RunError) {
        var seconds = time(nil)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { number < 10 ? "0\(number)" : "\(number)" }
        let stamp =
            "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))T"
            + "\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))"
        let digits = "000" + String(UInt16.random(in: .min ... .max), radix: 16)
        try self.init(root: root, name: name, run: "\(stamp)-\(digits.suffix(4))")
    }

    /// Makes the folder `<root>/<name>/<run>/`.
    /// - Parameter hasNodes: whether nodes will write their logs there.
    /// - Throws: `RunError` when it cannot be made or written.
    public init(root: String, name: String, run: String, hasNodes: Bool = true) throws(RunError) {
        self.root = Self.absolute(root)
        self.name = name
        path = "\(self.root)/\(name)/\(run)"
        do {
            try FileManager.default.createDirectory(
                atPath: hasNodes ? path + "/nodes" : path, withIntermediateDirectories: true)
        } catch {
            throw RunError(
                "cannot make the run's folder \(path): \(String(cString: strerror(errno))); choose another with --reports"
            )
        }
    }

    /// The path of a file of the run.
    public func file(_ name: String) -> String { "\(path)/\(name)" }

    /// Lets `latest` and `<name>/latest` point here.
    public func markLatest() {
        let run = path.dropFirst(root.count + 1)
        replaceLink(at: "\(root)/latest", to: String(run))
        replaceLink(at: "\(root)/\(name)/latest", to: String(run.dropFirst(name.count + 1)))
    }

    private func replaceLink(at link: String, to target: String) {
        // By rename, so that the link never points nowhere.
        let fresh = "\(link).\(getpid()).new"
        unlink(fresh)
        if symlink(target, fresh) == 0, rename(fresh, link) != 0 { unlink(fresh) }
    }

    /// Writes a whole file.
    /// - Throws: `RunError` naming the file and the reason, as a full disk.
    public func write(_ name: String, _ bytes: some Collection<UInt8>) throws(RunError) {
        let file = file(name)
        func failure() -> RunError {
            let reason = errno
            let remedy = reason == ENOSPC ? "; free some space on that disk" : ""
            return RunError("cannot write \(file): \(String(cString: strerror(reason)))\(remedy)")
        }
        let descriptor = open(file, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        let bytes = Array(bytes)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes {
                Glibc.write(descriptor, $0.baseAddress! + written, bytes.count - written)
            }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            written += count
        }
    }

    private static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/") else { return path }
        guard let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return String(cString: current) + "/" + path
    }
}

/// Polygraph's own failure, or the world's, outside of a node.
public struct RunError: Error, Hashable, CustomStringConvertible {
    public let description: String

    public init(_ description: String) { self.description = description }
}
