/// What a power failure leaves of data that was written but not synced.
public struct PowerFailure: Hashable, Sendable {
    public enum Remains: String, CaseIterable, Hashable, Sendable {
        /// Nothing: the worst that a file system may do.
        case nothing
        /// Of every file's unsynced bytes a drawn beginning, so that the last record may be torn.
        case beginning
        /// Drawn pages of 4096 bytes, in any order: what was written later may be there without what came before.
        case pages
    }

    public var remains: Remains
    /// For `beginning`: the data is torn at a multiple of this many bytes, counted from the beginning of the file. 512
    /// is what disks write at once.
    public var granularity: Int
    /// Of the draws.
    public var seed: UInt64

    public init(remains: Remains = .nothing, granularity: Int = 512, seed: UInt64 = 0) {
        self.remains = remains
        self.granularity = granularity
        self.seed = seed
    }
}

/// What a power failure has done to a node.
public struct PowerFailureProof: Hashable, Sendable {
    public var processesKilled: Int
    /// Bytes that were written, and are not there any more or hold what they held before.
    public var bytesLost: Int64
    /// Unsynced bytes that were left.
    public var bytesKept: Int64
    /// Files of which something was lost.
    public var filesRolledBack: Int
    /// Files and folders that had been created, removed or renamed, and have not.
    public var namesUndone: Int

    public init(
        processesKilled: Int = 0, bytesLost: Int64 = 0, bytesKept: Int64 = 0, filesRolledBack: Int = 0,
        namesUndone: Int = 0
    ) {
        self.processesKilled = processesKilled
        self.bytesLost = bytesLost
        self.bytesKept = bytesKept
        self.filesRolledBack = filesRolledBack
        self.namesUndone = namesUndone
    }
}

/// What a node's processes have done for the durability of their data since the lab began.
public struct DurabilityCounters: Hashable, Sendable {
    /// Writing calls on files of the data directory, and their bytes; nil where they are not watched.
    public var writes: Int?
    public var bytesWritten: Int64?
    /// Calls of fsync, fdatasync, syncfs, sync, msync with MS_SYNC, and writes with O_SYNC or O_DSYNC, that have to do
    /// with the data directory.
    public var syncs: Int
    /// When each of them began, in nanoseconds of `CLOCK_MONOTONIC`, in order.
    public var syncTimes: [Int64]

    public init(writes: Int? = nil, bytesWritten: Int64? = nil, syncs: Int = 0, syncTimes: [Int64] = []) {
        self.writes = writes
        self.bytesWritten = bytesWritten
        self.syncs = syncs
        self.syncTimes = syncTimes
    }

    /// Whether a sync has begun in the given time.
    public func hasSync(from begin: Int64, to end: Int64) -> Bool {
        var low = 0
        var high = syncTimes.count
        while low < high {
            let middle = (low + high) / 2
            if syncTimes[middle] < begin { low = middle + 1 } else { high = middle }
        }
        return low < syncTimes.count && syncTimes[low] <= end
    }
}
