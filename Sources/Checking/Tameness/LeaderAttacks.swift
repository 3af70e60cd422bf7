import PolygraphHistory

/// Attacks on the leader after which nobody else ever led.
struct LeaderAttacks {
    /// Shorter attacks (nanoseconds) may end before the others have noticed.
    private static let shortest: Int64 = 3_000_000_000

    private(set) var findings: [TameFinding] = []

    /// - Parameter faults: those of the nemesis that were not skipped.
    init(_ expectation: RunExpectation, _ faults: [RecordedFault], _ history: History) {
        let leaders = Self.leaders(history)
        let last = history.columns.times.last ?? 0
        let outages = Outages(expectation, faults)
        var attacks: [(fault: RecordedFault, leader: String)] = []
        var longest: Int64 = 0
        for fault in faults {
            guard let began = fault.began, fault.tookEffect else { continue }
            // The watch looks every now and then: who led is who was known to lead when the fault was meant.
            let known = leaders.last { $0.time <= fault.intended ?? began }?.node
            guard let leader = known, !outages.leadsMajority(leader, under: [fault]) else { continue }
            let ended = fault.undoIntended ?? fault.ended ?? last
            let length = ended - began
            // Where nobody could win an election, nobody new can lead.
            if outages.leavesNoMajority(from: began, to: ended) { continue }
            longest = max(longest, length)
            if length >= Self.shortest { attacks.append((fault, leader)) }
        }
        guard let first = attacks.first,
            !leaders.contains(where: { $0.node != first.leader })
        else { return }
        findings.append(
            TameFinding(
                name: "no leader change",
                sentence: "The leader \(first.leader) was attacked "
                    + (attacks.count == 1 ? "once" : "\(attacks.count) times")
                    + " (for \(FindingTime.seconds(longest)) at the longest), and nobody else ever led: an election may "
                    + "take longer than that"))
    }

    /// Who was found to lead, and when.
    private static func leaders(_ history: History) -> [(time: Int64, node: String)] {
        history.operations.indices.compactMap { position in
            guard history.columns.processes[position] == EventColumns.nemesis else { return nil }
            let event = history.operations[position]
            guard event.function == "primary", let node = event.value["node"]?.stringValue else { return nil }
            return (event.time, node)
        }
    }
}
