/// What queues do to single frames, and do not count.
enum QueueStrike: String, Hashable {
    case corrupted
    case reordered

    fileprivate init?(_ effect: LinkEffect) {
        switch effect {
        case .corruption: self = .corrupted
        case .reordering: self = .reordered
        default: return nil
        }
    }
}

extension HostLinkPlan.QueueStage {
    /// Effects that strike some of the frames are drawn at once, so that each combination has a stage of its own: no
    /// kernel counts what its queues corrupt or hold back, but its packet filter counts the frames that it sends there.
    ///
    /// Frames that none of them strikes have a stage where other effects wait for them, and else none. Beside a limited
    /// rate, which all frames must share, the queues draw, and nobody counts.
    var drawn: [HostLinkPlan.QueueStage] {
        let chances = effects.enumerated().filter { QueueStrike($0.element) != nil }
        let hasRate = effects.contains { if case .rate = $0 { true } else { false } }
        // Each doubles the number of stages.
        guard !chances.isEmpty, chances.count <= 3, !hasRate else { return [self] }
        var result: [HostLinkPlan.QueueStage] = []
        var rest = 1.0
        for combination in (0..<(1 << chances.count)).reversed() {
            var share = 1.0
            var stage = HostLinkPlan.QueueStage(effects: effects, ports: ports)
            for (number, chance) in chances.enumerated().reversed() {
                let isStruck = combination & (1 << number) != 0
                share *= isStruck ? Self.share(of: chance.element) : 1 - Self.share(of: chance.element)
                if isStruck {
                    stage.effects[chance.offset] = Self.certain(chance.element)
                    stage.strikes.formUnion([QueueStrike(chance.element)].compactMap { $0 })
                } else {
                    stage.effects.remove(at: chance.offset)
                }
            }
            guard share > 0, rest > 0 else { continue }
            stage.share = combination == 0 ? 1 : min(1, share / rest)
            rest -= share
            // Where later stages are for all ports, these frames must not meet them.
            if !stage.effects.isEmpty || ports != .all { result.append(stage) }
        }
        return result
    }

    private static func share(of effect: LinkEffect) -> Double {
        switch effect {
        case .corruption(let share, _), .reordering(let share, _): max(0, min(1, share))
        default: 1
        }
    }

    private static func certain(_ effect: LinkEffect) -> LinkEffect {
        switch effect {
        case .corruption(_, let bits): .corruption(share: 1, bits: bits)
        case .reordering(_, let heldBack): .reordering(share: 1, heldBack: heldBack)
        default: effect
        }
    }
}
