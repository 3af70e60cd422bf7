/// One stage of a link as the switch reads it, with what it remembers from frame to frame.
struct LinkStage {
    enum Kind: UInt8 {
        case cut, flap, reset, loss, burstLoss, corruption, duplication, rate, delay, reordering
    }

    let kind: Kind
    /// What it was made of: a stage of the next table that is made of the same goes on where this one is.
    let effect: LinkEffect
    /// Where its ports are in the table's ranges; `firstRange` is -1 where it is for every frame.
    let firstRange: Int32
    let endOfRanges: Int32
    /// What a die must stay below.
    let threshold: UInt64
    let leaveThreshold: UInt64
    let lossThreshold: UInt64
    /// The period, the rate in bytes per second, the time a frame is held back, or the number of bits.
    let amount: Int64
    /// The phase, or the length of the queue in nanoseconds.
    let limit: Int64
    /// The time that a link is up in each period.
    let upTime: Int64
    let keepsOrder: Bool
    let sampler: DelaySampler

    /// Within a burst of losses.
    var isBad = false
    /// What the next delay resembles.
    var memory = 0.0
    /// When the line is free, in nanoseconds of CLOCK_MONOTONIC.
    var busyUntil: Int64 = 0

    init(_ effect: LinkEffect, firstRange: Int32, endOfRanges: Int32) {
        self.effect = effect
        self.firstRange = firstRange
        self.endOfRanges = endOfRanges
        var threshold: UInt64 = 0
        var leaveThreshold: UInt64 = 0
        var lossThreshold: UInt64 = 0
        var amount: Int64 = 0
        var limit: Int64 = 0
        var upTime: Int64 = 0
        var keepsOrder = false
        var distribution = DelayDistribution.constant(0)
        var resemblance = 0.0
        switch effect {
        case .cut: kind = .cut
        case .flap(let period, let up, let phase):
            kind = .flap
            amount = max(1, period)
            limit = ((phase % amount) + amount) % amount
            upTime = Int64(Double(amount) * min(max(up, 0), 1))
        case .reset(let share): (kind, threshold) = (.reset, LinkRandom.threshold(share))
        case .loss(let share): (kind, threshold) = (.loss, LinkRandom.threshold(share))
        case .burstLoss(let enter, let leave, let within):
            kind = .burstLoss
            threshold = LinkRandom.threshold(enter)
            leaveThreshold = LinkRandom.threshold(leave)
            lossThreshold = LinkRandom.threshold(within)
        case .corruption(let share, let bits):
            (kind, threshold, amount) = (.corruption, LinkRandom.threshold(share), Int64(max(1, bits)))
        case .duplication(let share): (kind, threshold) = (.duplication, LinkRandom.threshold(share))
        case .rate(let bytesPerSecond, let queueBytes):
            kind = .rate
            amount = max(1, bytesPerSecond)
            limit = Int64(min(Double(max(0, queueBytes)) * 1e9 / Double(amount), 9e18))
        case .delay(let wanted, let correlation, let order):
            (kind, distribution, resemblance, keepsOrder) = (.delay, wanted, correlation, order)
        case .reordering(let share, let heldBack):
            (kind, threshold, amount) = (
                .reordering, LinkRandom.threshold(share), min(max(0, heldBack), DelayDistribution.longest)
            )
        }
        self.threshold = threshold
        self.leaveThreshold = leaveThreshold
        self.lossThreshold = lossThreshold
        self.amount = amount
        self.limit = limit
        self.upTime = upTime
        self.keepsOrder = keepsOrder
        sampler = DelaySampler(distribution, correlation: resemblance)
    }

    /// Whether a flapping link is up.
    @inline(__always)
    func isUp(at now: Int64) -> Bool { (now &+ limit) % amount < upTime }

    mutating func goOn(from earlier: LinkStage) {
        isBad = earlier.isBad
        memory = earlier.memory
        busyUntil = earlier.busyUntil
    }
}

/// The policies of all directed links, flat: what one generation of the topology says.
///
/// Made and destroyed by whoever changes the topology; between its publication and the confirmation of the next one it
/// belongs to the switch's thread.
struct LinkTable {
    private struct PortRange {
        var low: UInt16
        var high: UInt16
    }

    private let links: Int
    /// By link: where its stages begin; they end where those of the next one begin.
    private let first: UnsafeMutablePointer<Int32>
    private let stages: UnsafeMutablePointer<LinkStage>
    private let ranges: UnsafeMutablePointer<PortRange>

    /// - Parameter policies: by link; links that are not named are whole.
    init(links: Int, _ policies: [Int: LinkPolicy]) {
        self.links = links
        first = .allocate(capacity: links + 1)
        var all: [LinkStage] = []
        var ports: [PortRange] = []
        for link in 0..<links {
            first[link] = Int32(all.count)
            for stage in policies[link]?.stages ?? [] {
                let begin = Int32(ports.count)
                for range in stage.ports.ranges ?? [] {
                    ports.append(PortRange(low: range.lowerBound, high: range.upperBound))
                }
                all.append(
                    LinkStage(
                        stage.effect, firstRange: stage.ports.ranges == nil ? -1 : begin,
                        endOfRanges: Int32(ports.count)))
            }
        }
        first[links] = Int32(all.count)
        stages = .allocate(capacity: max(1, all.count))
        stages.initialize(from: all, count: all.count)
        ranges = .allocate(capacity: max(1, ports.count))
        ranges.initialize(from: ports, count: ports.count)
    }

    func deallocate() {
        first.deallocate()
        stages.deallocate()
        ranges.deallocate()
    }

    @inline(__always)
    func isWhole(_ link: Int) -> Bool { first[link] == first[link + 1] }

    @inline(__always)
    func stages(of link: Int) -> UnsafeMutableBufferPointer<LinkStage> {
        UnsafeMutableBufferPointer(start: stages + Int(first[link]), count: Int(first[link + 1] - first[link]))
    }

    /// Whether a stage is for a frame.
    @inline(__always)
    func applies(_ stage: LinkStage, to header: FrameHeader) -> Bool {
        stage.firstRange < 0 || header.hasPorts && matches(stage, header.sourcePort, header.targetPort)
    }

    func matches(_ stage: LinkStage, _ source: UInt16, _ target: UInt16) -> Bool {
        if stage.firstRange < 0 { return true }
        for index in Int(stage.firstRange)..<Int(stage.endOfRanges) {
            let range = ranges[index]
            if range.low <= source && source <= range.high || range.low <= target && target <= range.high {
                return true
            }
        }
        return false
    }

    /// Whether a frame that waited may still leave: a cut holds for what is under way too.
    func isCut(_ link: Int, _ frame: UnsafePointer<UInt8>, _ length: Int) -> Bool {
        for stage in stages(of: link) {
            // Cuts come first.
            guard stage.kind == .cut else { return false }
            if applies(stage, to: FrameHeader(frame, length)) { return true }
        }
        return false
    }

    /// Lets the stages of a link go on where the same stages of the table before are.
    func goOn(from earlier: LinkTable, _ link: Int) {
        for stage in stages(of: link).indices {
            if let before = same(as: stages(of: link)[stage], on: link, in: earlier) {
                stages(of: link)[stage].goOn(from: before)
            }
        }
    }

    /// The stage of another table that is made of the same; nil where there is none.
    func same(as stage: LinkStage, on link: Int, in earlier: LinkTable) -> LinkStage? {
        earlier.stages(of: link).first { other in
            other.effect == stage.effect && (other.firstRange < 0) == (stage.firstRange < 0)
                && other.endOfRanges - other.firstRange == stage.endOfRanges - stage.firstRange
                && (stage.firstRange < 0
                    || (0..<Int(stage.endOfRanges - stage.firstRange)).allSatisfy { index in
                        let left = ranges[Int(stage.firstRange) + index]
                        let right = earlier.ranges[Int(other.firstRange) + index]
                        return left.low == right.low && left.high == right.high
                    })
        }
    }
}
