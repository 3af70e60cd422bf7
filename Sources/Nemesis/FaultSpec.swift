/// Which nodes a fault is for.
public enum Target: Hashable, Sendable {
    case one, minority, majority, all, primary
    case named([String])

    /// The words of a workload file, without node names.
    public static let words = ["one", "minority", "majority", "all", "primary"]
}

/// The shape of a partition.
public enum PartitionKind: String, CaseIterable, Sendable {
    /// Two halves, the larger one with the majority.
    case halves
    /// One node alone.
    case one
    /// Every node sees a majority, but no two nodes the same one.
    case majorityRing = "majority-ring"
    /// Two halves joined by one node that sees both.
    case bridge
    /// Packets pass in one direction only.
    case oneWay = "one-way"
    /// The primary alone.
    case isolatePrimary = "isolate-primary"
}

/// What the clocks of the targets do.
public struct ClockChange: Hashable, Sendable {
    /// A jump of at most this many nanoseconds, forwards or backwards by the seed. 0: none.
    public var bump: Int64
    /// A rate error of at most this many parts per million, fast or slow by the seed. 0: none.
    public var drift: Int64

    public init(bump: Int64 = 0, drift: Int64 = 0) {
        self.bump = bump
        self.drift = drift
    }
}

/// One line of `faults:` in a workload file.
public struct FaultSpec: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// One of the kinds, drawn each time.
        case partition([PartitionKind])
        case kill(Target)
        case pause(Target)
        case clock(ClockChange, Target)
    }

    public var kind: Kind

    public init(_ kind: Kind) { self.kind = kind }

    /// The word of the workload file: `partition`, `kill`, `pause`, `clock`.
    public var name: String {
        switch kind {
        case .partition: "partition"
        case .kill: "kill"
        case .pause: "pause"
        case .clock: "clock"
        }
    }
}
