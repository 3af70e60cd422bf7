/// When appended entries are put on disk for good: before anybody hears of them, or with `ack-before-fsync` now and
/// then.
struct SyncSchedule: Sendable {
    private let interval: Nanoseconds
    private var lastSync: Nanoseconds = .min

    init(bugs: Set<RaftBug>) { interval = bugs.contains(.ackBeforeFsync) ? 1_000_000_000 : 0 }

    /// Whether what has been written has to be synced now, at a time of the monotonic clock.
    mutating func isDue(_ now: Nanoseconds) -> Bool {
        if interval > 0, lastSync > .min, now - lastSync < interval { return false }
        lastSync = now
        return true
    }
}
