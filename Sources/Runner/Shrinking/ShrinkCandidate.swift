import PolygraphNemesis

/// A schedule that may do instead of a larger one.
public struct ShrinkCandidate: Hashable, Sendable {
    /// In order of their start.
    public private(set) var faults: [PlannedFault]
    /// Nanoseconds of load.
    public private(set) var duration: Int64

    /// Nanoseconds from the beginning of the run to the first fault, once the wait before it is shortened.
    private static let leadIn: Int64 = 1_000_000_000
    /// Nanoseconds; a shorter wait is not worth the runs that show whether it can go.
    private static let shortWait: Int64 = 4_000_000_000

    /// Nanoseconds of load after the last fault that are kept at least: some damage shows late.
    private static let leastTail: Int64 = 2_000_000_000

    public init(faults: [PlannedFault], duration: Int64) {
        self.faults = Schedule(numbering: faults, duration: duration).faults
        self.duration = duration
    }

    /// What led to a violation: the faults that had begun by then, and not much load after it.
    /// - Parameters:
    ///   - violation: nanoseconds since the run began.
    ///   - rest: nanoseconds of load after it, in case it comes later another time.
    public func cut(at violation: Int64, rest: Int64) -> ShrinkCandidate {
        let end = min(duration, violation + rest)
        let begun = faults.filter { $0.start < violation }.map { fault in
            guard fault.trigger == nil else { return fault }
            var fault = fault
            fault.end = max(fault.start, min(fault.end, end))
            return fault
        }
        return ShrinkCandidate(faults: begun, duration: end)
    }

    /// The same with these faults only, and with as much load after the last as before.
    func keeping(_ kept: [PlannedFault]) -> ShrinkCandidate {
        // A trigger may fire at any time.
        guard !kept.contains(where: { $0.trigger != nil }), let last = kept.map(\.end).max(),
            let formerLast = faults.filter({ $0.trigger == nil }).map(\.end).max()
        else {
            return ShrinkCandidate(faults: kept, duration: duration)
        }
        let tail = max(Self.leastTail, duration - formerLast)
        return ShrinkCandidate(faults: kept, duration: min(duration, last + tail))
    }

    /// The same without the wait before the first fault.
    var movedForward: ShrinkCandidate {
        guard let first = faults.first, first.start > Self.shortWait, !faults.contains(where: { $0.trigger != nil })
        else { return self }
        let shift = first.start - Self.leadIn
        let moved = faults.map { fault in
            var fault = fault
            fault.start -= shift
            fault.end -= shift
            return fault
        }
        return ShrinkCandidate(faults: moved, duration: duration - shift)
    }

    /// The same with a fault that lasts half as long.
    func halving(_ position: Int) -> ShrinkCandidate {
        var shorter = faults
        shorter[position].end = shorter[position].start + (shorter[position].end - shorter[position].start) / 2
        return ShrinkCandidate(faults: shorter, duration: duration)
    }
}
