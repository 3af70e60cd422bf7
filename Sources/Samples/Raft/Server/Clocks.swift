import Glibc

/// The clocks of this machine, in nanoseconds.
enum Clocks {
    static var now: RaftCore.Now { RaftCore.Now(monotonic: monotonic, wall: read(CLOCK_REALTIME)) }

    static var monotonic: Nanoseconds { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> Nanoseconds {
        var time = timespec()
        clock_gettime(clock, &time)
        return Nanoseconds(time.tv_sec) * 1_000_000_000 + Nanoseconds(time.tv_nsec)
    }
}

extension Duration {
    /// Whole nanoseconds.
    var nanoseconds: Nanoseconds {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
