import CLinux

/// A moment of the monotonic clock by which something must be over.
public struct Deadline: Hashable, Sendable, Comparable {
    /// Nanoseconds of `CLOCK_MONOTONIC`.
    public let nanoseconds: Int64

    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// This moment.
    public static var now: Deadline { Deadline(nanoseconds: clinux_monotonic_ns()) }

    /// So many nanoseconds from now.
    public static func after(nanoseconds: Int64) -> Deadline {
        let (sum, overflow) = now.nanoseconds.addingReportingOverflow(nanoseconds)
        return Deadline(nanoseconds: overflow ? .max : sum)
    }

    /// Nanoseconds that are left; zero or less when it has passed.
    public var remaining: Int64 { nanoseconds.subtractingReportingOverflow(Deadline.now.nanoseconds).partialValue }

    public static func < (left: Deadline, right: Deadline) -> Bool { left.nanoseconds < right.nanoseconds }

    /// What is left, as `poll` wants it: whole milliseconds, rounded up so that a wait never ends early and spins.
    var pollTimeout: Int32 {
        let left = remaining
        if left <= 0 { return 0 }
        return Int32(clamping: (left - 1) / 1_000_000 + 1)
    }
}
