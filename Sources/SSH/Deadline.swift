import CLinux

/// A moment of the monotonic clock by which something must be over.
struct Deadline: Hashable, Sendable, Comparable {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    let nanoseconds: Int64

    init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    init(after duration: Duration) {
        let (sum, overflow) = clinux_monotonic_ns().addingReportingOverflow(Deadline.span(duration))
        nanoseconds = overflow ? .max : sum
    }

    /// A duration in nanoseconds, at most what the clock can count.
    static func span(_ duration: Duration) -> Int64 {
        let (seconds, attoseconds) = duration.components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? .max : whole + attoseconds / 1_000_000_000
    }

    static var now: Deadline { Deadline(nanoseconds: clinux_monotonic_ns()) }

    /// Nanoseconds that are left; zero or less when it has passed.
    var remaining: Int64 { nanoseconds.subtractingReportingOverflow(clinux_monotonic_ns()).partialValue }

    var hasPassed: Bool { remaining <= 0 }

    static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// What is left, as `poll` wants it: whole milliseconds, rounded up so that a wait never ends early and spins.
    var pollTimeout: Int32 {
        let left = remaining
        if left <= 0 { return 0 }
        return Int32(clamping: (left - 1) / 1_000_000 + 1)
    }
}
