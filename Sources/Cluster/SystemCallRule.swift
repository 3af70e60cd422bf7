/// How closely the calls of a node's processes are watched. What is not watched costs nothing; a watched call costs a
/// few microseconds. Sockets are never watched.
public struct DiskSupervision: Hashable, Sendable {
    public enum Level: Int32, CaseIterable, Comparable, Sendable {
        case nothing
        /// The calls that bring data to the disk are counted: enough for the durability audit.
        case syncs
        /// Also everything that changes files in the data directory, but for `write` and `writev` on files that are
        /// open for appending only: how much of those is on the disk is known by their size at the last sync. Enough
        /// for power failures, and for rules on other calls.
        case changes
        /// Also those: needed for rules on `write` and `writev`, and where writes are counted.
        case writes
        /// Also what reads them: needed for rules on reading calls.
        case reads

        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    public var level: Level
    /// Whether a power failure loses every name that was not made durable by `fsync` of its folder (POSIX), or only
    /// those that no later `fsync` of any file has followed (journalling file systems such as ext4 and XFS).
    public var losesUnsyncedNames: Bool
    /// Whether a node starts unwatched where the kernel does not offer it; otherwise it does not start.
    public var isOptional: Bool

    public init(_ level: Level, losesUnsyncedNames: Bool = false, isOptional: Bool = false) {
        self.level = level
        self.losesUnsyncedNames = losesUnsyncedNames
        self.isOptional = isOptional
    }
}

/// What happens to chosen system calls of a node's processes on chosen files of its data directory.
public struct SystemCallRule: Hashable, Sendable {
    /// A call with all its variants: `write` is not `pwrite`, but `open` is also `openat` and `creat`, `pwrite` also
    /// `pwrite64`, `pwritev` also `pwritev2`, `rename` also `renameat2`.
    public enum Call: String, CaseIterable, Hashable, Sendable {
        case open, write, writev, pwrite, pwritev, read, readv, pread, preadv
        case fsync, fdatasync, ftruncate, fallocate, rename, unlink, mkdir

        /// Calls that hand data to the file.
        public static let writing: Set<Call> = [.write, .writev, .pwrite, .pwritev]
        /// Calls that take data from the file.
        public static let reading: Set<Call> = [.read, .readv, .pread, .preadv]
    }

    /// Errors that a disk or a file system reports.
    public enum FileError: String, CaseIterable, Hashable, Sendable {
        case EIO, ENOSPC, EDQUOT, EROFS, EACCES, EMFILE, ENOMEM, EINTR, EAGAIN
    }

    public enum Effect: Hashable, Sendable {
        /// The call begins so many nanoseconds later.
        case delay(ClosedRange<Int64>)
        /// The call does nothing but fail.
        case fail(FileError)
        /// A drawn part of the data is written, and the call says so. Other calls than writing ones are left alone.
        case short
        /// A drawn part of the data is written, and the call fails with EIO. Only writing calls.
        case torn
        /// A drawn part of the data is written, and the node's processes are killed. Only writing calls.
        case tornCrash
        /// One bit of the data is written wrong, and the call succeeds. Only writing calls.
        case flip
        /// So many bytes can still be written; then writing calls, `fallocate`, and `open` and `mkdir` of what does
        /// not exist fail with ENOSPC, the call at the limit after having written what fits.
        case full(room: Int64)
        /// All processes of the node are killed before the call has any effect.
        case crashBefore
        /// All processes of the node are killed when the call is done, before the program learns of it.
        case crashAfter
    }

    public var calls: Set<Call>
    /// A pattern of fnmatch(3) for paths relative to the data directory; `*` matches slashes too.
    public var files: String
    public var effect: Effect
    /// The matching call that is hit first, counted from 1.
    public var first: Int
    /// From `first` on every so many matching calls are hit.
    public var every: Int
    /// The share of these that are hit in fact, by a draw.
    public var probability: Double
    /// At most so many are hit; nil: no limit.
    public var limit: Int?
    /// Of the draws.
    public var seed: UInt64

    public init(
        _ calls: Set<Call>, files: String = "*", effect: Effect, first: Int = 1, every: Int = 1,
        probability: Double = 1, limit: Int? = nil, seed: UInt64 = 0
    ) {
        self.calls = calls
        self.files = files
        self.effect = effect
        self.first = first
        self.every = every
        self.probability = probability
        self.limit = limit
        self.seed = seed
    }

    /// How closely a node must be watched for this rule.
    public var level: DiskSupervision.Level { calls.isDisjoint(with: Call.reading) ? .writes : .reads }
}

/// What a rule has done since it was set.
public struct SystemCallCounters: Hashable, Sendable {
    /// Calls on the chosen files.
    public var matched: Int
    /// Calls that the effect was applied to.
    public var hit: Int
    /// When the last of these was, in nanoseconds of `CLOCK_MONOTONIC`; 0: never.
    public var lastHit: Int64

    public init(matched: Int = 0, hit: Int = 0, lastHit: Int64 = 0) {
        self.matched = matched
        self.hit = hit
        self.lastHit = lastHit
    }
}

// MARK: - Between processes

extension SystemCallRule {
    /// As words for the agent; every rule has as many.
    var words: [String] {
        let effectWords: [String] =
            switch effect {
            case .delay(let range): ["delay", String(range.lowerBound), String(range.upperBound)]
            case .fail(let error): ["fail", error.rawValue, ""]
            case .short: ["short", "", ""]
            case .torn: ["torn", "", ""]
            case .tornCrash: ["torn-crash", "", ""]
            case .flip: ["flip", "", ""]
            case .full(let room): ["full", String(room), ""]
            case .crashBefore: ["crash-before", "", ""]
            case .crashAfter: ["crash-after", "", ""]
            }
        return [calls.map(\.rawValue).sorted().joined(separator: ","), files] + effectWords + [
            String(first), String(every), String(probability), limit.map { String($0) } ?? "", String(seed),
        ]
    }

    static let wordCount = 10

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == SystemCallRule.wordCount, let effect = Effect(words: words[2...4]),
            let first = Int(words[5]), let every = Int(words[6]), let probability = Double(words[7]),
            let seed = UInt64(words[9])
        else { return nil }
        let calls = words[0].split(separator: ",").compactMap { Call(rawValue: String($0)) }
        self.init(
            Set(calls), files: words[1], effect: effect, first: first, every: max(1, every), probability: probability,
            limit: Int(words[8]), seed: seed)
    }
}

extension SystemCallRule.Effect {
    fileprivate init?(words: ArraySlice<String>) {
        let words = Array(words)
        switch words[0] {
        case "delay":
            guard let low = Int64(words[1]), let high = Int64(words[2]), low <= high else { return nil }
            self = .delay(low...high)
        case "fail":
            guard let error = SystemCallRule.FileError(rawValue: words[1]) else { return nil }
            self = .fail(error)
        case "short": self = .short
        case "torn": self = .torn
        case "torn-crash": self = .tornCrash
        case "flip": self = .flip
        case "full":
            guard let room = Int64(words[1]) else { return nil }
            self = .full(room: room)
        case "crash-before": self = .crashBefore
        case "crash-after": self = .crashAfter
        default: return nil
        }
    }
}
