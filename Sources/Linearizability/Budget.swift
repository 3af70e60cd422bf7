import Glibc

/// What a search may still use. A search asks often, the clock is read seldom.
struct Budget: Sendable {
    /// Monotonic nanoseconds at which to stop.
    var deadline: Int64
    /// Bytes that the search may hold.
    var bytes: Int

    /// Nanoseconds of the monotonic clock.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    var timeIsUp: Bool { Self.now() >= deadline }

    /// The same budget, but at most `nanoseconds` from now.
    func limited(to nanoseconds: Int64) -> Budget {
        Budget(deadline: min(deadline, Self.now() + nanoseconds), bytes: bytes)
    }
}

/// Which limit ended a search.
enum Exhaustion: Hashable, Sendable {
    case time
    case memory
}
