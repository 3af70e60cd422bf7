import PolygraphHistory

/// Faults during which no operation succeeded, although a majority of the nodes could have served.
struct SilentWindows {
    /// Shorter windows (nanoseconds) are judged together with others of their kind: an election takes its time.
    private static let shortest: Int64 = 3_000_000_000
    /// Fewer operations than this, at the rate of the whole run, could be missing by chance.
    private static let fewest = 10.0

    private(set) var findings: [TameFinding] = []

    /// - Parameter faults: those of the nemesis that were not skipped.
    init(_ expectation: RunExpectation, _ faults: [RecordedFault], _ history: History) {
        let times = Self.successes(history)
        let last = history.columns.times.last ?? 0
        guard let span = history.columns.times.first.map({ max(1, last - $0) }) else { return }
        let rate = Double(times.count) / Double(span)
        let outages = Outages(expectation, faults)
        var together: [String: (length: Int64, count: Int, windows: Int)] = [:]
        for fault in faults {
            guard let began = fault.began, fault.tookEffect else { continue }
            let ended = min(fault.undoIntended ?? fault.ended ?? last, last)
            guard ended > began, !outages.leavesNoMajority(from: began, to: ended) else { continue }
            let length = ended - began
            let count = Self.count(times, from: began, to: ended)
            var sum = together[fault.function] ?? (0, 0, 0)
            sum = (sum.length + length, sum.count + count, sum.windows + 1)
            together[fault.function] = sum
            if count == 0, length >= Self.shortest, Double(length) * rate >= Self.fewest {
                findings.append(
                    TameFinding(
                        name: "nothing succeeded",
                        sentence: "No operation succeeded during the \(FindingTime.seconds(length)) of "
                            + "\(fault.label.prefix(1).lowercased() + fault.label.dropFirst()), though a majority of "
                            + "the nodes could have served"))
            }
        }
        for (function, sum) in together.sorted(by: { $0.key < $1.key })
        where sum.count == 0 && sum.windows > 1 && Double(sum.length) * rate >= Self.fewest && findings.isEmpty {
            findings.append(
                TameFinding(
                    name: "nothing succeeded",
                    sentence: "No operation succeeded during any of \(sum.windows) faults `\(function)` "
                        + "(\(FindingTime.seconds(sum.length)) together)"))
        }
    }

    /// When operations succeeded, in order.
    private static func successes(_ history: History) -> [Int64] {
        let columns = history.columns
        var times: [Int64] = []
        for position in 0..<columns.count
        where columns.kinds[position] == .ok && columns.processes[position] != EventColumns.nemesis {
            times.append(columns.times[position])
        }
        return times
    }

    private static func count(_ times: [Int64], from start: Int64, to end: Int64) -> Int {
        func first(_ isBeyond: (Int64) -> Bool) -> Int {
            var (low, high) = (0, times.count)
            while low < high {
                let middle = (low + high) / 2
                if isBeyond(times[middle]) { high = middle } else { low = middle + 1 }
            }
            return low
        }
        return first { $0 > end } - first { $0 >= start }
    }
}

/// Which nodes could not serve when, by the faults in force.
struct Outages {
    private let nodes: [String]
    private let takingAway: Set<String>
    private let faults: [RecordedFault]

    init(_ expectation: RunExpectation, _ faults: [RecordedFault]) {
        nodes = expectation.nodes
        takingAway = expectation.takingAway
        self.faults = faults.filter { $0.began != nil }
    }

    /// Whether at some moment of a window no node could speak with a majority, itself included.
    func leavesNoMajority(from start: Int64, to end: Int64) -> Bool {
        let overlapping = faults.filter { $0.isInForce(from: start, to: end) }
        let moments = [start] + overlapping.compactMap(\.began).filter { $0 > start }
        return moments.contains { moment in
            let inForce = overlapping.filter { $0.isInForce(from: moment, to: moment) }
            return !nodes.contains { leadsMajority($0, under: inForce) }
        }
    }

    /// Whether a node that runs can speak, both ways, with a majority that runs.
    func leadsMajority(_ node: String, under faults: [RecordedFault]) -> Bool {
        var away: Set<String> = []
        var cut: Set<[String]> = []
        for fault in faults {
            if takingAway.contains(fault.function) { away.formUnion(fault.targets) }
            cut.formUnion(fault.cut)
        }
        guard !away.contains(node) else { return false }
        let reached = nodes.filter { other in
            other == node || !away.contains(other) && !cut.contains([node, other]) && !cut.contains([other, node])
        }
        return 2 * reached.count > nodes.count
    }
}
