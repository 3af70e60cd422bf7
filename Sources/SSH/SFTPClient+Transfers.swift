import Glibc

/// What a transfer came to.
public struct SFTPTransfer: Hashable, Sendable {
    /// The file's size.
    public let size: UInt64
    /// How much of it was there from an earlier attempt.
    public let resumedFrom: UInt64

    public init(size: UInt64, resumedFrom: UInt64) {
        self.size = size
        self.resumedFrom = resumedFrom
    }
}

extension SFTPClient {
    /// Bytes in one request; all servers take this much.
    private static let piece = 32_768
    /// Requests under way at once, so that the line is never idle.
    private static let depth = 64

    /// Where a file is until it is whole; beside the file, so that it can be renamed.
    static func partialName(_ path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return ".\(path).polygraph-part" }
        return path[...slash] + "." + path[path.index(after: slash)...] + ".polygraph-part"
    }

    /// Copies a file of this machine to the host. It gets its name when it is whole. What an earlier attempt has left
    /// is used where its hash is the right one (the host needs `sha256sum` for that). Two uploads to one path at the
    /// same time are not to be.
    /// - Parameter progress: told how many bytes of how many are there, on the calling thread.
    public func upload(
        _ local: String, to remote: String, permissions: UInt32 = 0o644, timeout: Duration,
        progress: ((_ done: UInt64, _ size: UInt64) -> Void)? = nil
    ) throws(SSHError) -> SFTPTransfer {
        let deadline = Deadline(after: timeout)
        let step = "upload \(local) to \(remote)"
        let source = try LocalSource(path: local, host: host, step: step)
        let partial = SFTPClient.partialName(remote)
        var start: UInt64 = 0
        if let there = try attributes(of: partial, by: deadline), there.size > 0, there.size <= source.size,
            try source.hash(upTo: there.size) == hash(of: partial, first: there.size, by: deadline)
        {
            start = there.size
        }
        var flags = SFTPMessage.writeFlag | SFTPMessage.createFlag
        if start == 0 { flags |= SFTPMessage.truncateFlag }
        let handle = try open(partial, flags, permissions: 0o600, by: deadline, step)
        progress?(start, source.size)
        try write(source, from: start, handle, partial, by: deadline, step, progress)
        try setPermissions(handle, permissions, by: deadline, step, partial)
        try close(handle, by: deadline, step, partial)
        try rename(partial, to: remote, by: deadline)
        return SFTPTransfer(size: source.size, resumedFrom: start)
    }

    private func write(
        _ source: LocalSource, from start: UInt64, _ handle: [UInt8], _ path: String, by deadline: Deadline,
        _ step: String, _ progress: ((UInt64, UInt64) -> Void)?
    ) throws(SSHError) {
        var offset = start
        var done = start
        // The sizes of the requests that are not answered, in the order in which they were sent.
        var open: [UInt32: Int] = [:]
        var messages: [UInt8] = []
        messages.reserveCapacity(SFTPClient.depth / 2 * (SFTPClient.piece + 64))
        var refusal: (UInt32, String)?
        while offset < source.size || !open.isEmpty {
            // In bundles: every one wakes a thread.
            if refusal == nil, offset < source.size, open.count <= SFTPClient.depth / 2 {
                messages.removeAll(keepingCapacity: true)
                while offset < source.size, open.count < SFTPClient.depth {
                    let count = Int(min(UInt64(SFTPClient.piece), source.size - offset))
                    let (number, begin) = channel.begin(.write, &messages)
                    messages.append(uint32: UInt32(handle.count))
                    messages.append(contentsOf: handle)
                    messages.append(uint64: offset)
                    messages.append(uint32: UInt32(count))
                    try source.append(count, at: offset, to: &messages)
                    channel.end(&messages, begin)
                    open[number] = count
                    offset += UInt64(count)
                }
                channel.send(messages)
            }
            if open.isEmpty { break }
            let answer = try channel.receive(by: deadline, step)
            guard let count = open.removeValue(forKey: answer.number) else { continue }
            guard let (code, words) = SFTPChannel.status(answer) else { throw channel.nonsense(step) }
            if code != SFTPMessage.Status.ok {
                if refusal == nil { refusal = (code, words) }
                continue
            }
            done += UInt64(count)
            progress?(done, source.size)
        }
        if let (code, words) = refusal {
            let error = failure(code, words, step, path, by: deadline)
            try? close(handle, by: deadline, step, path)
            // What does not fit must not keep the disk full; otherwise it is kept for another attempt.
            if error.reason.hasPrefix("no space") { try? remove(path) }
            throw error
        }
    }

    /// Copies a file of the host to this machine, as `upload` does the other way round.
    public func download(
        _ remote: String, to local: String, permissions: UInt32 = 0o644, timeout: Duration,
        progress: ((_ done: UInt64, _ size: UInt64) -> Void)? = nil
    ) throws(SSHError) -> SFTPTransfer {
        let deadline = Deadline(after: timeout)
        let step = "download \(remote) to \(local)"
        guard let there = try attributes(of: remote, by: deadline) else {
            throw SSHError(.file, host: host, step: step, "there is no such file on the host")
        }
        guard !there.isDirectory else {
            throw SSHError(.file, host: host, step: step, "it is a folder on the host")
        }
        let partial = SFTPClient.partialName(local)
        let target = try LocalTarget(path: partial, host: host, step: step)
        var start: UInt64 = 0
        if target.size > 0, target.size <= there.size,
            try LocalSource(path: partial, host: host, step: step).hash(upTo: target.size)
                == hash(of: remote, first: target.size, by: deadline)
        {
            start = target.size
        }
        try target.cut(to: start)
        let handle = try open(remote, SFTPMessage.readFlag, permissions: nil, by: deadline, step)
        progress?(start, there.size)
        let size = try read(target, from: start, size: there.size, handle, by: deadline, step, progress)
        try close(handle, by: deadline, step, remote)
        try target.finish(as: local, permissions: permissions)
        return SFTPTransfer(size: size, resumedFrom: start)
    }

    /// Reads in the order of the file, so that what is there after a break is its beginning.
    /// - Returns: the size, which is less when the file became shorter meanwhile.
    private func read(
        _ target: LocalTarget, from start: UInt64, size: UInt64, _ handle: [UInt8], by deadline: Deadline,
        _ step: String, _ progress: ((UInt64, UInt64) -> Void)?
    ) throws(SSHError) -> UInt64 {
        var asked = start
        var done = start
        var open: Set<UInt32> = []
        // Answers by the place they were asked for, until those before them are there.
        var places: [UInt32: UInt64] = [:]
        var early: [UInt64: ArraySlice<UInt8>] = [:]
        var end = size
        var messages: [UInt8] = []
        func ask(_ offset: UInt64, _ count: UInt64) {
            let (number, begin) = channel.begin(.read, &messages)
            messages.append(uint32: UInt32(handle.count))
            messages.append(contentsOf: handle)
            messages.append(uint64: offset)
            messages.append(uint32: UInt32(count))
            channel.end(&messages, begin)
            open.insert(number)
            places[number] = offset
        }
        while done < end || !open.isEmpty {
            if asked < end, open.count <= SFTPClient.depth / 2 {
                while asked < end, open.count < SFTPClient.depth {
                    let count = min(UInt64(SFTPClient.piece), end - asked)
                    ask(asked, count)
                    asked += count
                }
            }
            if !messages.isEmpty {
                channel.send(messages)
                messages.removeAll(keepingCapacity: true)
            }
            let answer = try channel.receive(by: deadline, step)
            guard open.remove(answer.number) != nil, let place = places.removeValue(forKey: answer.number) else {
                continue
            }
            if let (code, words) = SFTPChannel.status(answer) {
                guard code == SFTPMessage.Status.endOfFile else {
                    throw failure(code, words, step, "", by: deadline)
                }
                end = min(end, place)
                continue
            }
            var reader = WireReader(answer.body)
            guard answer.kind == .data, let bytes = reader.string() else { throw channel.nonsense(step) }
            let wanted = min(UInt64(SFTPClient.piece), size - place)
            if UInt64(bytes.count) < wanted { ask(place + UInt64(bytes.count), wanted - UInt64(bytes.count)) }
            early[place] = bytes
            while let next = early.removeValue(forKey: done) {
                try target.write(next, at: done)
                done += UInt64(next.count)
            }
            progress?(done, size)
        }
        return done
    }

    /// The SHA-256 of the first bytes of a file, taken on the host; nil where it cannot be had.
    func hash(of path: String, first count: UInt64, by deadline: Deadline) throws(SSHError) -> String? {
        let script = "head -c \(count) -- \(ShellQuoting.quote(path)) | sha256sum"
        let left = Duration.nanoseconds(max(0, deadline.remaining))
        let result = try connection.run(SSHCommand(script: script, name: "sha256sum \(path)"), timeout: left)
        let digest = result.output.text.prefix(64)
        return result.succeeded && digest.count == 64 ? String(digest) : nil
    }

    /// The SHA-256 of a whole file of the host, in hexadecimal digits; nil when there is no such file.
    public func hash(of path: String, timeout: Duration = .seconds(60)) throws(SSHError) -> String? {
        let deadline = Deadline(after: timeout)
        guard let there = try attributes(of: path, by: deadline) else { return nil }
        guard let digest = try hash(of: path, first: there.size, by: deadline) else {
            throw SSHError(
                .file, host: host, step: "hash \(path)", "the host cannot tell the hash of the file",
                remedy: "See that it has sha256sum, and that the user may read the file.")
        }
        return digest
    }
}
