@testable import PolygraphSamples

/// What happens to a simulated cluster.
struct SimulatedFaults {
    var loss = 0.0
    var duplication = 0.0
    /// Processes are killed and start again.
    var crashes = true
    /// Machines lose their power, one or several or all at once, and start again.
    var powerFailures = true
    var partitions = true
    var pauses = true
    var clockJumps = false
    /// Names lead to other nodes' addresses for a while.
    var wrongAddresses = false
    /// An administrator adds and removes members.
    var memberChanges = false

    fileprivate enum Kind { case partition, crash, powerFailure, pause, clockJump, wrongAddresses }

    /// Each kind as often as it is likely.
    fileprivate var kinds: [Kind] {
        var kinds: [Kind] = []
        if partitions { kinds += [.partition, .partition, .partition, .partition] }
        if crashes { kinds += [.crash, .crash] }
        if powerFailures { kinds += [.powerFailure, .powerFailure] }
        if pauses { kinds += [.pause, .pause] }
        if clockJumps { kinds += [.clockJump] }
        if wrongAddresses { kinds += [.wrongAddresses, .wrongAddresses] }
        return kinds
    }
}

extension SimulatedCluster {
    mutating func injectFault() throws {
        switch faults.kinds.randomElement(using: &random) {
        case .partition: partition()
        case .crash:
            for id in someNodes() { try crash(id) { disk, random in try disk.kill(&random) } }
        case .powerFailure:
            for id in someNodes() { try crash(id) { disk, random in try disk.powerFailure(&random) } }
        case .pause:
            let id = members.randomElement(using: &random)!
            nodes[id]?.pausedUntil = now + Int64.random(in: 1_000_000...800_000_000, using: &random)
        case .clockJump:
            let id = members.randomElement(using: &random)!
            nodes[id]?.clockOffset = Int64.random(in: -3_000_000_000...3_000_000_000, using: &random)
        case .wrongAddresses:
            addresses.removeAll()
            guard Bool.random(using: &random) else { return }
            let wrong = members.randomElement(using: &random)!
            for id in members where Int.random(in: 0..<4, using: &random) > 0 { addresses[id] = wrong }
            // Somebody looks names up now.
            try crash(members.randomElement(using: &random)!) { disk, random in try disk.kill(&random) }
        case nil: break
        }
    }

    /// All of them, or each with the same chance.
    private mutating func someNodes() -> [NodeID] {
        let isAll = Int.random(in: 0..<4, using: &random) == 0
        return members.filter { _ in isAll || Int.random(in: 0..<3, using: &random) == 0 }
    }

    private mutating func partition() {
        cut.removeAll()
        let style = Int.random(in: 0..<4, using: &random)
        if style == 0 { return }
        let side = Set(members.filter { _ in Bool.random(using: &random) })
        let leaders = members.filter { nodes[$0]?.core?.role == .leader }
        for from in members {
            for to in members where from != to {
                switch style {
                case 1 where side.contains(from) != side.contains(to): cut.insert([from, to])
                case 2 where Int.random(in: 0..<4, using: &random) == 0: cut.insert([from, to])
                case 3 where leaders.contains(from) || leaders.contains(to): cut.insert([from, to])
                default: break
                }
            }
        }
    }

    private mutating func crash(
        _ id: NodeID, _ lose: (inout SimulatedDisk, inout SplitMix64) throws -> Void
    ) throws {
        guard nodes[id]?.core != nil else { return }
        nodes[id]!.core = nil
        crashCount += 1
        try lose(&nodes[id]!.disk, &random)
        for index in clients.indices where clients[index].readingFrom == id { clients[index].abandonRead() }
        let isQuick = Bool.random(using: &random)
        events.push(
            .restart(id), at: now + Int64.random(in: 1_000_000...(isQuick ? 50_000_000 : 1_000_000_000), using: &random)
        )
    }

    /// Asks somebody who believes to lead for one member more or less, again and again until it is done.
    mutating func administrate() throws {
        guard !isCalm else { return }
        events.push(.administrator, at: now + Int64.random(in: 1_000_000...60_000_000, using: &random))
        let leaders = members.filter { nodes[$0]?.core?.role == .leader && nodes[$0]!.pausedUntil <= now }
        guard let id = leaders.randomElement(using: &random) else { return }
        if wish == nil || Int.random(in: 0..<50, using: &random) == 0 {
            let node = members.randomElement(using: &random)!
            wish = Bool.random(using: &random) ? .add(node) : .remove(node)
        }
        let before = nodes[id]!.core!.members.current
        let progress = nodes[id]!.core!.change(wish!, clock(id))
        if nodes[id]!.core!.members.current != before { memberChangeCount += 1 }
        if progress == .done { wish = nil }
        try settle(id)
    }
}
