/// What a directed link does to the IPv4 and IPv6 frames that pass it: stages, one behind the other. Everything else,
/// ARP above all, passes, so that a connection attempt over a cut link meets silence, as behind a firewall, and not an
/// unreachable host.
///
/// Policies of several faults combine by standing one behind the other: a cut wins, delays add up, what survives one
/// loss can be lost in the other, the lowest rate is what is left, and stages for different ports do not disturb each
/// other.
public struct LinkPolicy: Hashable, Sendable {
    /// An effect, and the frames that it is for.
    public struct Stage: Hashable, Sendable {
        public var effect: LinkEffect
        public var ports: PortSet

        public init(_ effect: LinkEffect, ports: PortSet = .all) {
            self.effect = effect
            self.ports = ports
        }
    }

    /// In the order in which a frame passes them, whatever the order in which they were given.
    public private(set) var stages: [Stage]

    /// A link that passes everything as it is.
    public static let whole = LinkPolicy()
    /// A link that passes nothing.
    public static let cut = LinkPolicy(.cut)

    /// A policy that has all of the effects for the frames of `ports`.
    public init(_ effects: LinkEffect..., ports: PortSet = .all) {
        self.init(effects.map { Stage($0, ports: ports) })
    }

    public init(_ stages: [Stage]) {
        // A second cut of the same frames does nothing.
        var cuts: Set<PortSet> = []
        self.stages = stages.filter { $0.effect != .cut || cuts.insert($0.ports).inserted }
            .enumerated()
            .sorted { ($0.element.effect.position, $0.offset) < ($1.element.effect.position, $1.offset) }
            .map(\.element)
    }

    public var isWhole: Bool { stages.isEmpty }

    /// Whether no frame but ARP passes.
    public var isCut: Bool { stages.contains { $0.effect == .cut && $0.ports == .all } }

    /// Both, one behind the other.
    public func combined(with other: LinkPolicy) -> LinkPolicy {
        LinkPolicy(stages + other.stages)
    }
}

/// What one stage of a link does. Shares are probabilities from 0 to 1, times are nanoseconds.
public enum LinkEffect: Hashable, Sendable {
    /// Frames are swallowed.
    case cut
    /// The link is up for the share `up` of every period, and cut for the rest. Links with the same period and phase
    /// go up and down together.
    case flap(period: Int64, up: Double, phase: Int64 = 0)
    /// TCP over IPv4: all connections that the link has seen are reset as soon as the policy is in force, and a frame
    /// is answered by a reset of its connection, in both directions, with the probability `share`.
    case reset(share: Double)
    /// Each frame is lost with this probability.
    case loss(share: Double)
    /// Losses in bursts, after Gilbert (1960) and Elliott (1963): with probability `enter` a frame begins a burst,
    /// with probability `leave` it ends one, and within a burst it is lost with probability `within`.
    case burstLoss(enter: Double, leave: Double, within: Double)
    /// `bits` bits behind the IP header are inverted. The receiver's checksum tells, so that TCP repeats the segment
    /// and UDP loses the datagram: checksums are complete, because the lab's interfaces leave nothing to hardware.
    case corruption(share: Double, bits: Int = 1)
    /// The frame arrives twice.
    case duplication(share: Double)
    /// What comes faster waits, and is lost where `queueBytes` wait already.
    case rate(bytesPerSecond: Int64, queueBytes: Int64)
    /// A frame's delay resembles the one before by `correlation` (0: not at all, below 1). With `keepsOrder` no frame
    /// overtakes an earlier one.
    case delay(DelayDistribution, correlation: Double = 0, keepsOrder: Bool = true)
    /// A frame waits this long with probability `share`, so that later ones overtake it.
    case reordering(share: Double, heldBack: Int64)

    /// What decides whether a frame passes comes first, then what makes more of it, then what takes time.
    fileprivate var position: Int {
        switch self {
        case .cut: 0
        case .flap: 1
        case .reset: 2
        case .loss: 3
        case .burstLoss: 4
        case .corruption: 5
        case .duplication: 6
        case .rate: 7
        case .delay: 8
        case .reordering: 9
        }
    }
}

/// How long frames are delayed, in nanoseconds; never less than 0, never more than `longest`.
public enum DelayDistribution: Hashable, Sendable {
    case constant(Int64)
    case uniform(ClosedRange<Int64>)
    case normal(mean: Int64, deviation: Int64)
    case exponential(mean: Int64)
    /// Most delays are little more than `minimum`, and a few are enormous: the smaller the shape (above 0), the more.
    case pareto(minimum: Int64, shape: Double)

    /// One minute.
    public static let longest: Int64 = 60_000_000_000
}

/// Which frames a stage is for, by their TCP or UDP ports: either of a frame's two ports decides.
public struct PortSet: Hashable, Sendable {
    /// Ordered and apart; nil stands for all frames, those without ports too.
    let ranges: [ClosedRange<UInt16>]?

    /// Every frame.
    public static let all = PortSet(ranges: nil)

    private init(ranges: [ClosedRange<UInt16>]?) { self.ranges = ranges }

    public init(_ ports: some Sequence<UInt16>) {
        var ranges: [ClosedRange<UInt16>] = []
        for port in Set(ports).sorted() {
            if let last = ranges.last, port == last.upperBound &+ 1 {
                ranges[ranges.count - 1] = last.lowerBound...port
            } else {
                ranges.append(port...port)
            }
        }
        self.ranges = ranges
    }
}
