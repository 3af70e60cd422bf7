/// How the lines of `faults:` share a run.
public struct ScheduleRules: Hashable, Sendable {
    /// One fault at a time: a line is drawn each time, by its weight.
    public var isExclusive: Bool
    /// Nanoseconds from one beginning to the next where faults exclude each other.
    public var every: Int64
    /// Each run draws its own subset of the lines (Groce et al., Swarm Testing, ISSTA 2012).
    public var isSwarm: Bool
    /// One after the other; nothing happens by the clock after the last. Empty: one phase, as long as the run.
    public var phases: [Phase]
    /// Whether the first phase follows the last.
    public var repeatsPhases: Bool

    /// A span of the run in which certain lines are at work.
    public struct Phase: Hashable, Sendable {
        /// Nanoseconds.
        public var duration: Int64
        /// Names of lines; nil: all.
        public var lines: Set<String>?

        public init(duration: Int64, lines: Set<String>?) {
            self.duration = duration
            self.lines = lines
        }
    }

    public init(
        isExclusive: Bool = false, every: Int64 = 10_000_000_000, isSwarm: Bool = false, phases: [Phase] = [],
        repeatsPhases: Bool = false
    ) {
        self.isExclusive = isExclusive
        self.every = every
        self.isSwarm = isSwarm
        self.phases = phases
        self.repeatsPhases = repeatsPhases
    }

    /// The spans in which a line is at work, in nanoseconds since the run began.
    func windows(of line: String, duration: Int64) -> [Range<Int64>] {
        if phases.isEmpty { return [0..<duration] }
        var windows: [Range<Int64>] = []
        var start: Int64 = 0
        repeat {
            for phase in phases where start < duration {
                let end = min(start + phase.duration, duration)
                if phase.lines?.contains(line) ?? true {
                    // Phases that touch are one span for a line that is at work in both.
                    if let last = windows.last, last.upperBound == start {
                        windows[windows.count - 1] = last.lowerBound..<end
                    } else {
                        windows.append(start..<end)
                    }
                }
                start = end
            }
        } while repeatsPhases && start < duration
        return windows
    }
}
