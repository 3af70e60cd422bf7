import Glibc

/// Leads frames through the stages of their links: some are lost, some wait, some leave twice.
///
/// Belongs to the switch's thread. Everything that happens to a frame is decided when it arrives, in the time that it
/// will have reached each stage; what is not to leave at once waits in one heap for all links.
struct LinkPipeline {
    private let state: SwitchState
    private let numbers: [UInt8]
    private var table: LinkTable
    private let random: UnsafeMutablePointer<LinkRandom>
    /// By link: when the last frame that must not be overtaken leaves.
    private let lastDue: UnsafeMutablePointer<Int64>
    /// By link: how many frames have come into its stages.
    private let arrived: UnsafeMutablePointer<UInt64>
    /// By link: the highest place of a frame that has left.
    private let departed: UnsafeMutablePointer<UInt64>
    private var waiting = DelayedFrames()
    let outgoing: OutgoingFrames
    let connections = ConnectionTable()
    private let recording: PacketRing?

    /// What became of a frame, for whoever records packets.
    struct Fate {
        static let cut: UInt8 = 1
        static let lost: UInt8 = 2
        static let queueFull: UInt8 = 4
        static let reset: UInt8 = 8
        static let corrupted: UInt8 = 16
        static let duplicated: UInt8 = 32
        static let heldBack: UInt8 = 64
    }

    init(
        _ state: SwitchState, numbers: [UInt8], descriptors: [Int32], seed: UInt64, recording: PacketRing?
    ) {
        self.state = state
        self.numbers = numbers
        self.recording = recording
        table = state.table(of: 0)
        outgoing = OutgoingFrames(descriptors)
        random = .allocate(capacity: state.links)
        lastDue = .allocate(capacity: state.links)
        arrived = .allocate(capacity: state.links)
        departed = .allocate(capacity: state.links)
        for link in 0..<state.links { (random + link).initialize(to: LinkRandom(seed: seed, link: link)) }
        lastDue.initialize(repeating: 0, count: state.links)
        arrived.initialize(repeating: 0, count: state.links)
        departed.initialize(repeating: 0, count: state.links)
    }

    func deallocate() {
        random.deallocate()
        lastDue.deallocate()
        arrived.deallocate()
        departed.deallocate()
        waiting.deallocate()
        outgoing.deallocate()
        connections.deallocate()
    }

    /// Goes over to another table: stages that are in both go on, and connections over links that now begin to reset
    /// them are reset.
    mutating func adopt(_ next: LinkTable, now: Int64) {
        let before = table
        table = next
        for link in 0..<state.links where !next.isWhole(link) {
            next.goOn(from: before, link)
            for stage in next.stages(of: link) where stage.kind == .reset {
                if next.same(as: stage, on: link, in: before) == nil { resetConnections(link, stage, now) }
            }
        }
    }

    /// When the next waiting frame is to leave; nil where none waits.
    @inline(__always)
    var nextDue: Int64? { waiting.nextDue }

    // MARK: Arrival

    /// Deals with a frame that has arrived. Its bytes must stay until `outgoing` has sent what it has.
    @inline(__always)
    mutating func pass(_ frame: UnsafePointer<UInt8>, _ length: Int, from: Int, to: Int, now: Int64) {
        let link = from * state.ports + to
        if table.isWhole(link) || !FrameHeader.isInternet(frame) {
            state.countForwarded(link, bytes: length)
            outgoing.append(frame, length, to: to)
            recording?.record(frame, length, from: from, to: to, now: now, fate: 0, delay: 0)
            return
        }
        lead(frame, length, link, from: from, to: to, now: now)
    }

    private mutating func lead(
        _ frame: UnsafePointer<UInt8>, _ length: Int, _ link: Int, from: Int, to: Int, now: Int64
    ) {
        let header = FrameHeader(frame, length)
        let stages = table.stages(of: link)
        var fate: UInt8 = 0
        var copies = 1
        var bits = 0
        var next = 0
        // What decides whether the frame passes, and how often.
        decisions: while next < stages.count {
            let stage = stages[next]
            guard stage.kind.rawValue <= LinkStage.Kind.duplication.rawValue else { break }
            next += 1
            guard table.applies(stage, to: header) else { continue }
            switch stage.kind {
            case .cut: fate = Fate.cut
            case .flap: if !stage.isUp(at: now) { fate = Fate.cut }
            case .reset:
                if header.isConnection, random[link].hits(stage.threshold),
                    answer(frame, length, link, from: from, to: to, now: now)
                {
                    fate = Fate.reset
                }
            case .loss: if random[link].hits(stage.threshold) { fate = Fate.lost }
            case .burstLoss: if isLostInBurst(stages.baseAddress! + (next - 1), link) { fate = Fate.lost }
            case .corruption: if random[link].hits(stage.threshold) { bits += Int(stage.amount) }
            case .duplication: if random[link].hits(stage.threshold) { copies += 1 }
            case .rate, .delay, .reordering: break
            }
            if fate != 0 { break decisions }
        }
        guard fate == 0 else {
            count(fate, link)
            recording?.record(frame, length, from: from, to: to, now: now, fate: fate, delay: 0)
            return
        }
        if copies > 1 {
            fate |= Fate.duplicated
            state.count(.duplicated, link, UInt64(copies - 1))
        }
        if bits > 0 {
            fate |= Fate.corrupted
            state.count(.corrupted, link)
        }
        let order = arrived[link]
        arrived[link] &+= 1
        let remaining = UnsafeMutableBufferPointer(rebasing: stages[next...])
        var longest: Int64 = 0
        for _ in 0..<copies {
            guard let due = time(of: header, length, link, remaining, now, &fate) else {
                state.count(.queueDrops, link)
                fate |= Fate.queueFull
                continue
            }
            longest = max(longest, due - now)
            if due <= now && bits == 0 {
                depart(link, order, length)
                outgoing.append(frame, length, to: to)
                continue
            }
            let slot = DelayedFrames.Slot(
                link: Int32(link), target: Int32(to), length: Int32(length), counts: true, arrival: now, order: order)
            guard let copy = waiting.add(frame, slot, due: due) else {
                state.count(.queueDrops, link)
                fate |= Fate.queueFull
                continue
            }
            if bits > 0 { corrupt(copy, header, bits, link) }
        }
        recording?.record(frame, length, from: from, to: to, now: now, fate: fate, delay: longest)
    }

    private func count(_ fate: UInt8, _ link: Int) {
        switch fate {
        case Fate.cut: state.count(.cut, link)
        case Fate.lost: state.count(.lost, link)
        default: state.count(.resets, link)
        }
    }

    private func isLostInBurst(_ stage: UnsafeMutablePointer<LinkStage>, _ link: Int) -> Bool {
        let threshold = stage.pointee.isBad ? stage.pointee.leaveThreshold : stage.pointee.threshold
        if random[link].hits(threshold) { stage.pointee.isBad.toggle() }
        return stage.pointee.isBad && random[link].hits(stage.pointee.lossThreshold)
    }

    /// When a frame leaves that arrives now; nil where a queue has no room for it.
    @inline(__always)
    private func time(
        of header: FrameHeader, _ length: Int, _ link: Int, _ stages: UnsafeMutableBufferPointer<LinkStage>,
        _ now: Int64, _ fate: inout UInt8
    ) -> Int64? {
        var due = now
        var keepsOrder = false
        var heldBack: Int64 = 0
        for index in stages.indices where table.applies(stages[index], to: header) {
            switch stages[index].kind {
            case .rate:
                let begin = max(due, stages[index].busyUntil)
                if begin - due > stages[index].limit { return nil }
                let end = begin + Int64(length) * 1_000_000_000 / stages[index].amount
                stages[index].busyUntil = end
                due = end
            case .delay:
                due += stages[index].sampler.draw(&random[link], memory: &stages[index].memory)
                if stages[index].keepsOrder { keepsOrder = true }
            case .reordering:
                if random[link].hits(stages[index].threshold) {
                    heldBack += stages[index].amount
                    fate |= Fate.heldBack
                }
            default: break
            }
        }
        if keepsOrder {
            due = max(due, lastDue[link])
            lastDue[link] = due
        }
        return due + heldBack
    }

    private func corrupt(_ frame: UnsafeMutablePointer<UInt8>, _ header: FrameHeader, _ bits: Int, _ link: Int) {
        let room = header.end - header.contents
        guard room > 0 else { return }
        // Neighbours: a burst of up to 15 bits never cancels out in the sum of 16-bit words, two single bits can.
        let burst = min(bits, 15, room * 8)
        let first = random[link].next(below: room * 8 - burst + 1)
        for bit in first..<first + burst {
            frame[header.contents + bit / 8] ^= 1 << UInt8(bit % 8)
        }
    }

    // MARK: Departure

    /// Sends what has waited long enough.
    /// - Returns: whether there was anything.
    mutating func release(due now: Int64) -> Bool {
        guard let due = waiting.nextDue, due <= now else { return false }
        // Slots are given back when their bytes have been sent.
        withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { slots in
            var count = 0
            while count < 256, let index = waiting.take(due: now) {
                slots[count] = index
                count += 1
                let slot = waiting[index]
                let link = Int(slot.link)
                let frame = waiting.frame(index)
                if table.isCut(link, frame, Int(slot.length)) {
                    state.count(.cut, link)
                    continue
                }
                if slot.counts {
                    depart(link, slot.order, Int(slot.length))
                    if now > slot.arrival {
                        state.count(.delayed, link)
                        state.count(.delay, link, UInt64(now - slot.arrival))
                    }
                }
                outgoing.append(frame, Int(slot.length), to: Int(slot.target))
            }
            outgoing.send()
            for index in 0..<count { waiting.give(back: slots[index]) }
        }
        return true
    }

    @inline(__always)
    private func depart(_ link: Int, _ order: UInt64, _ length: Int) {
        state.countForwarded(link, bytes: length)
        if order < departed[link] { state.count(.reordered, link) } else { departed[link] = order }
    }

    // MARK: Resets

    /// Resets the connection of a frame, whose way ends here.
    /// - Returns: false for a reset, which passes.
    private mutating func answer(
        _ frame: UnsafePointer<UInt8>, _ length: Int, _ link: Int, from: Int, to: Int, now: Int64
    ) -> Bool {
        guard frame[14] == 0x45 else { return false }
        let segment = ConnectionTable.segment(frame)
        if segment.isReset { return false }
        // To the sender, as if the receiver had refused.
        reset(
            ResetFrame.Contents(
                sourceNumber: numbers[to], targetNumber: numbers[from], source: segment.target, target: segment.source,
                sourcePort: segment.targetPort, targetPort: segment.sourcePort,
                sequence: segment.acknowledged, acknowledged: segment.isFirst ? segment.next : nil),
            from: to, to: from, now: now)
        if segment.isFirst { return true }
        // The receiver has not got the frame, and so expects its number.
        reset(
            ResetFrame.Contents(
                sourceNumber: numbers[from], targetNumber: numbers[to], source: segment.source, target: segment.target,
                sourcePort: segment.sourcePort, targetPort: segment.targetPort, sequence: segment.sequence,
                acknowledged: nil),
            from: from, to: to, now: now)
        return true
    }

    /// Resets all connections that a link has seen, in both directions.
    private mutating func resetConnections(_ link: Int, _ stage: LinkStage, _ now: Int64) {
        for place in 0..<ConnectionTable.size where connections.entries[place].isUsed {
            let entry = connections.entries[place]
            let (from, to) = (Int(entry.from), Int(entry.to))
            // What both sides have closed is no connection any more.
            if entry.isFinished && connections.isFinished(oppositeOf: entry) { continue }
            guard from * state.ports + to == link, table.matches(stage, entry.sourcePort, entry.targetPort) else {
                continue
            }
            reset(
                ResetFrame.Contents(
                    sourceNumber: numbers[from], targetNumber: numbers[to], source: entry.source,
                    target: entry.target, sourcePort: entry.sourcePort, targetPort: entry.targetPort,
                    sequence: connections.expectedByTarget(of: entry) ?? entry.sequence, acknowledged: nil),
                from: from, to: to, now: now)
            if entry.acknowledged != 0 {
                reset(
                    ResetFrame.Contents(
                        sourceNumber: numbers[to], targetNumber: numbers[from], source: entry.target,
                        target: entry.source, sourcePort: entry.targetPort, targetPort: entry.sourcePort,
                        sequence: entry.acknowledged, acknowledged: nil),
                    from: to, to: from, now: now)
            }
            connections.entries[place].isUsed = false
            state.count(.resets, link)
        }
    }

    private mutating func reset(_ contents: ResetFrame.Contents, from: Int, to: Int, now: Int64) {
        let slot = DelayedFrames.Slot(
            link: Int32(from * state.ports + to), target: Int32(to), length: Int32(ResetFrame.length), counts: false,
            arrival: now, order: 0)
        guard let frame = waiting.add(slot, due: now) else { return }
        ResetFrame.write(contents, to: frame)
        recording?.record(frame, ResetFrame.length, from: from, to: to, now: now, fate: Fate.reset, delay: 0)
    }
}
