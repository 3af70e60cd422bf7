import Glibc

/// What one node keeps on disk: `hard-state` (term and vote), `snapshot` and `log` in its data directory.
final class Storage {
    private let directory: String
    private let bugs: Set<RaftBug>
    private var schedule: SyncSchedule
    private var logFile: Int32 = -1
    private let lockFile: Int32

    /// Creates the directory where it is missing and takes it for this process alone.
    ///
    /// - Throws: where another process uses it.
    init(directory: String, bugs: Set<RaftBug> = []) throws(RaftError) {
        try Files.createDirectory(directory)
        self.directory = directory
        self.bugs = bugs
        schedule = SyncSchedule(bugs: bugs)
        let path = directory + "/lock"
        lockFile = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
        guard lockFile >= 0 else { throw Files.failure("cannot open", path) }
        guard flock(lockFile, LOCK_EX | LOCK_NB) == 0 else {
            close(lockFile)
            throw RaftError("\(directory) is in use by another process")
        }
    }

    deinit {
        if logFile >= 0 { close(logFile) }
        close(lockFile)
    }

    // MARK: Recovery

    /// Reads what an earlier run left, torn tail cut off. Comes before the first write.
    ///
    /// - Throws: where a file is damaged in a way that no crash explains.
    func recover() throws(RaftError) -> DurableState {
        var state = DurableState()
        if let bytes = try Files.read(directory + "/hard-state") {
            guard let (term, vote) = try? Self.parseHardState(bytes) else {
                throw RaftError("\(directory)/hard-state is damaged: term and vote are not known")
            }
            state.term = term
            state.vote = vote
        }
        if let bytes = try Files.read(directory + "/snapshot") {
            guard let snapshot = try? Self.parseSnapshot(bytes) else {
                throw RaftError("\(directory)/snapshot is damaged")
            }
            state.snapshot = snapshot
        }
        if let bytes = try Files.read(directory + "/log") {
            state.log = try LogFile.parse(bytes, trusting: bugs.contains(.tornLog)).log
        }
        try state.reconcile()
        // Rewritten always: it cuts off a torn tail, and puts what a crash left half done on disk for certain, before anybody relies on it.
        try rewriteLog(
            baseIndex: state.log.baseIndex, baseTerm: state.log.baseTerm,
            entries: state.log.suffix(after: state.log.baseIndex))
        return state
    }

    private static func parseHardState(_ bytes: [UInt8]) throws(DecodingFailure) -> (Term, NodeID?) {
        var reader = try checked(bytes)
        let term: Term = try reader.number()
        let vote: NodeID = try reader.number()
        return (term, vote == 0 ? nil : vote)
    }

    private static func parseSnapshot(_ bytes: [UInt8]) throws(DecodingFailure) -> Snapshot {
        var reader = try checked(bytes)
        return Snapshot(
            index: try reader.number(), term: try reader.number(), members: try reader.block(),
            state: try reader.block())
    }

    /// A reader of what precedes the checksum at the end.
    private static func checked(_ bytes: [UInt8]) throws(DecodingFailure) -> ByteReader {
        guard bytes.count >= 4 else { throw DecodingFailure() }
        var trailer = ByteReader(bytes[(bytes.count - 4)...])
        let content = bytes[..<(bytes.count - 4)]
        guard try trailer.number(UInt32.self) == Checksum.crc32(content) else { throw DecodingFailure() }
        return ByteReader(content)
    }

    // MARK: Writing

    /// Performs the writes in order; when it returns they are on disk, unless a bug has it otherwise. Appends share one write and one fsync.
    func perform(_ writes: [DurableWrite]) throws(RaftError) {
        var appended: [UInt8] = []
        for write in writes {
            switch write {
            case .append(let firstIndex, let entries):
                LogFile.append(entries, from: firstIndex, to: &appended)
            case .hardState(let term, let vote):
                try flush(&appended)
                var writer = ByteWriter()
                writer.write(term)
                writer.write(vote ?? 0)
                try replaceChecked("hard-state", with: writer)
            case .checkpoint(let checkpoint):
                // The new log holds whatever the pending appends would have added.
                appended.removeAll()
                try putInPlace(checkpoint)
            }
        }
        try flush(&appended)
    }

    private func flush(_ appended: inout [UInt8]) throws(RaftError) {
        guard !appended.isEmpty else { return }
        try Files.write(appended, to: logFile, path: directory + "/log")
        if schedule.isDue(Clocks.monotonic) { try Files.sync(logFile, path: directory + "/log") }
        appended.removeAll()
    }

    private func putInPlace(_ checkpoint: Checkpoint) throws(RaftError) {
        if let snapshot = checkpoint.snapshot {
            var writer = ByteWriter()
            writer.write(snapshot.index)
            writer.write(snapshot.term)
            writer.write(snapshot.members)
            writer.write(snapshot.state)
            try replaceChecked("snapshot", with: writer)
        }
        try rewriteLog(
            baseIndex: checkpoint.baseIndex, baseTerm: checkpoint.baseTerm, entries: checkpoint.entries)
        if checkpoint.snapshot == nil { try Files.remove("snapshot", in: directory) }
    }

    private func replaceChecked(_ name: String, with content: ByteWriter) throws(RaftError) {
        var writer = content
        writer.write(Checksum.crc32(content.bytes))
        try Files.replace(name, in: directory, with: writer.bytes)
    }

    private func rewriteLog(
        baseIndex: LogIndex, baseTerm: Term, entries: [LogEntry]
    ) throws(RaftError) {
        var bytes = LogFile.header(baseIndex: baseIndex, baseTerm: baseTerm)
        LogFile.append(entries, from: baseIndex + 1, to: &bytes)
        try Files.replace("log", in: directory, with: bytes)
        if logFile >= 0 { close(logFile) }
        let path = directory + "/log"
        logFile = Glibc.open(path, O_WRONLY | O_APPEND | O_CLOEXEC)
        guard logFile >= 0 else { throw Files.failure("cannot open", path) }
    }
}
