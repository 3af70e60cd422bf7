/// Files of a host. Calls block; one thread uses it at a time. It has a channel of its own, and a connection can have
/// several.
public final class SFTPClient {
    let channel: SFTPChannel
    let connection: SSHConnection
    /// For transfers.
    public let host: String

    /// - Parameter timeout: for the start of the host's sftp.
    public init(_ connection: SSHConnection, timeout: Duration = .seconds(10)) throws(SSHError) {
        self.connection = connection
        host = connection.destination.name
        channel = try SFTPChannel(connection, by: Deadline(after: timeout))
    }

    /// What there is under a path; nil when there is nothing.
    public func attributes(of path: String, timeout: Duration = .seconds(10)) throws(SSHError) -> SFTPAttributes? {
        try attributes(of: path, by: Deadline(after: timeout))
    }

    func attributes(of path: String, by deadline: Deadline) throws(SSHError) -> SFTPAttributes? {
        let step = "look at \(path)"
        let answer = try channel.call(.stat, by: deadline, step) { $0.append(string: path) }
        if let (code, _) = SFTPChannel.status(answer), code == SFTPMessage.Status.noSuchFile { return nil }
        try check(answer, step, path, by: deadline, isStatus: false)
        var reader = WireReader(answer.body)
        guard answer.kind == .attributes, let attributes = SFTPAttributes(&reader) else {
            throw channel.nonsense(step)
        }
        return attributes
    }

    /// Makes a folder and those above it, where they are missing.
    public func makeDirectories(
        _ path: String, permissions: UInt32 = 0o755, timeout: Duration = .seconds(10)
    ) throws(SSHError) {
        let deadline = Deadline(after: timeout)
        var folder = path.hasPrefix("/") ? "/" : ""
        for part in path.split(separator: "/") {
            folder += (folder.isEmpty || folder.hasSuffix("/") ? "" : "/") + part
            if let there = try attributes(of: folder, by: deadline) {
                guard there.isDirectory else {
                    throw SSHError(
                        .file, host: host, step: "make the folder \(path)", "\(folder) is there and is no folder")
                }
                continue
            }
            let step = "make the folder \(folder)"
            let answer = try channel.call(.makeDirectory, by: deadline, step) { message in
                message.append(string: folder)
                message.append(uint32: SFTPMessage.hasPermissions)
                message.append(uint32: permissions)
            }
            // Somebody else may have made it in the meantime.
            if let (code, _) = SFTPChannel.status(answer), code == SFTPMessage.Status.failure,
                try attributes(of: folder, by: deadline)?.isDirectory == true
            {
                continue
            }
            try check(answer, step, folder, by: deadline)
        }
    }

    /// Removes a file; nothing is done when there is none.
    public func remove(_ path: String, timeout: Duration = .seconds(10)) throws(SSHError) {
        let deadline = Deadline(after: timeout)
        let step = "remove \(path)"
        let answer = try channel.call(.remove, by: deadline, step) { $0.append(string: path) }
        if let (code, _) = SFTPChannel.status(answer), code == SFTPMessage.Status.noSuchFile { return }
        try check(answer, step, path, by: deadline)
    }

    /// Gives a file another name; what had that name is replaced at once where the server can do that.
    public func rename(_ path: String, to other: String, timeout: Duration = .seconds(10)) throws(SSHError) {
        try rename(path, to: other, by: Deadline(after: timeout))
    }

    func rename(_ path: String, to other: String, by deadline: Deadline) throws(SSHError) {
        let step = "rename \(path) to \(other)"
        if channel.extensions.contains("posix-rename@openssh.com") {
            let answer = try channel.call(.extended, by: deadline, step) { message in
                message.append(string: "posix-rename@openssh.com")
                message.append(string: path)
                message.append(string: other)
            }
            return try check(answer, step, other, by: deadline)
        }
        // The protocol's own way does not replace.
        _ = try channel.call(.remove, by: deadline, step) { $0.append(string: other) }
        let answer = try channel.call(.rename, by: deadline, step) { message in
            message.append(string: path)
            message.append(string: other)
        }
        try check(answer, step, other, by: deadline)
    }

    /// Opens a file and gives its handle.
    func open(
        _ path: String, _ flags: UInt32, permissions: UInt32?, by deadline: Deadline, _ step: String
    ) throws(SSHError) -> [UInt8] {
        let answer = try channel.call(.open, by: deadline, step) { message in
            message.append(string: path)
            message.append(uint32: flags)
            message.append(uint32: permissions == nil ? 0 : SFTPMessage.hasPermissions)
            if let permissions { message.append(uint32: permissions) }
        }
        try check(answer, step, path, by: deadline, isStatus: false)
        var reader = WireReader(answer.body)
        guard answer.kind == .handle, let handle = reader.string() else { throw channel.nonsense(step) }
        return Array(handle)
    }

    /// Closes a handle; a failure to write may come only here.
    func close(_ handle: [UInt8], by deadline: Deadline, _ step: String, _ path: String) throws(SSHError) {
        let answer = try channel.call(.close, by: deadline, step) { message in
            message.append(uint32: UInt32(handle.count))
            message.append(contentsOf: handle)
        }
        try check(answer, step, path, by: deadline)
    }

    /// Sets the permissions of an open file.
    func setPermissions(
        _ handle: [UInt8], _ permissions: UInt32, by deadline: Deadline, _ step: String, _ path: String
    ) throws(SSHError) {
        let answer = try channel.call(.setHandleStatus, by: deadline, step) { message in
            message.append(uint32: UInt32(handle.count))
            message.append(contentsOf: handle)
            message.append(uint32: SFTPMessage.hasPermissions)
            message.append(uint32: permissions)
        }
        try check(answer, step, path, by: deadline)
    }

    /// Throws what a status says that is not "ok".
    func check(
        _ answer: SFTPChannel.Answer, _ step: String, _ path: String, by deadline: Deadline, isStatus: Bool = true
    ) throws(SSHError) {
        guard let (code, words) = SFTPChannel.status(answer) else {
            if isStatus { throw channel.nonsense(step) }
            return
        }
        if code != SFTPMessage.Status.ok { throw failure(code, words, step, path, by: deadline) }
    }

    /// The error for a status. OpenSSH's server says "Failure" of a full disk, which is asked for then.
    func failure(
        _ code: UInt32, _ words: String, _ step: String, _ path: String, by deadline: Deadline
    ) -> SSHError {
        switch code {
        case SFTPMessage.Status.noSuchFile:
            return SSHError(
                .file, host: host, step: step, "there is no such file or folder",
                remedy: "Correct the name, or make the folder first.")
        case SFTPMessage.Status.permissionDenied:
            return SSHError(
                .file, host: host, step: step, "\(connection.destination.user) may not do that",
                remedy: "Choose a place where the user may write, or log in as another one.")
        default:
            if code == SFTPMessage.Status.failure, let known = diskTrouble(step, path, by: deadline) { return known }
            return SSHError(
                .file, host: host, step: step,
                "the server says \"\(words.isEmpty ? "status \(code)" : words)\"",
                remedy: "See whether there is something else under this name on the host.")
        }
    }

    /// What is wrong with the file system of a path, where that can be seen.
    private func diskTrouble(_ step: String, _ path: String, by deadline: Deadline) -> SSHError? {
        guard channel.extensions.contains("statvfs@openssh.com") else { return nil }
        let folder = SFTPClient.folder(of: path)
        do throws(SSHError) {
            let answer = try channel.call(.extended, by: deadline, "look at the disk") { message in
                message.append(string: "statvfs@openssh.com")
                message.append(string: folder)
            }
            guard answer.kind == .extendedReply else { return nil }
            var reader = WireReader(answer.body)
            // Block size, fragment size, blocks, free and available blocks, files, free and available files, number,
            // flags, longest name.
            let numbers = (0..<11).map { _ in reader.uint64() ?? 0 }
            if numbers[9] & 1 != 0 {
                return SSHError(
                    .file, host: host, step: step, "the host's file system is read-only there",
                    remedy: "Choose another place, or mount it anew: findmnt -T \(ShellQuoting.quote(folder))")
            }
            // What was wanted may be larger than the little that is left.
            let isFull = numbers[4] &* numbers[1] < 1 << 18 || (numbers[5] > 0 && numbers[7] == 0)
            guard isFull else { return nil }
            return SSHError(
                .file, host: host, step: step, "no space is left on the host's disk",
                remedy: "Make room there: df -h \(ShellQuoting.quote(folder))")
        } catch { return nil }
    }

    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}
