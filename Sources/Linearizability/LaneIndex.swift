/// The lanes that have something in them, by the states that they need and lead to.
struct LaneIndex {
    private let table: LabelTable
    private let laneLabels: [Int32]
    private let indistinctLane: Int32
    private(set) var all: [Int32] = []
    /// Open lanes by the state that they lead to; that of indistinct writes is not among them.
    private var byTarget: [[Int32]] = []
    /// Open lanes by the one state that they need.
    private var bySource: [[Int32]] = []
    /// Open lanes that more than one state allows.
    private var unbound: [Int32] = []
    /// Number of open lanes that one state forbids.
    private var forbidding = 0
    /// The last round of `findUseful` in which each state was needed, and each lane found.
    private var neededIn: [Int] = []
    private var foundIn: [Int]
    private var round = 0

    init(_ schedule: Schedule, table: LabelTable) {
        self.table = table
        laneLabels = schedule.lanes.map(\.label)
        indistinctLane = schedule.indistinctLane
        foundIn = Array(repeating: 0, count: laneLabels.count)
        if table.isShaped && !schedule.lanes.isEmpty {
            byTarget = Array(repeating: [], count: Int(table.stateCount))
            bySource = byTarget
            neededIn = Array(repeating: 0, count: Int(table.stateCount))
        }
    }

    mutating func open(_ lane: Int32) {
        all.append(lane)
        guard table.isShaped else { return }
        if lane != indistinctLane { byTarget[target(lane)].append(lane) }
        if let source = source(lane) { bySource[source].append(lane) } else { unbound.append(lane) }
        if isForbidding(lane) { forbidding += 1 }
    }

    mutating func close(_ lane: Int32) {
        all.removeAll { $0 == lane }
        guard table.isShaped else { return }
        if lane != indistinctLane { byTarget[target(lane)].removeAll { $0 == lane } }
        if let source = source(lane) {
            bySource[source].removeAll { $0 == lane }
        } else {
            unbound.removeAll { $0 == lane }
        }
        if isForbidding(lane) { forbidding -= 1 }
    }

    private func isForbidding(_ lane: Int32) -> Bool { table.condition[Int(laneLabels[Int(lane)])] == .allBut }

    private func target(_ lane: Int32) -> Int { Int(table.target[Int(laneLabels[Int(lane)])]) }

    private func source(_ lane: Int32) -> Int? {
        let label = Int(laneLabels[Int(lane)])
        return table.condition[label] == .only ? Int(table.conditionState[label]) : nil
    }

    /// The open lanes that may help one of the open operations: those that lead to a state which it requires, those
    /// from which such lanes lead on, and those that get away from a state which it forbids (`Demand`, with the
    /// operations that are open now as the obligations).
    mutating func findUseful(for open: OpenOperations, into useful: inout [Int32]) {
        useful.removeAll(keepingCapacity: true)
        if forbidding > 0 {
            // Such a lane may be of use itself, and so whatever gets away from the state that it forbids.
            useful.append(contentsOf: all)
            return
        }
        if all.isEmpty { return }
        round += 1
        var needed: [Int] = []
        for place in 0..<open.mutatorCount { want(open.mutators[place].label, &needed, &useful) }
        for observer in open.observers { want(open.label(observer), &needed, &useful) }
        while let state = needed.popLast() {
            for lane in byTarget[state] { find(lane, &needed, &useful) }
        }
    }

    /// What helps an operation with this label.
    private mutating func want(_ label: Int32, _ needed: inout [Int], _ useful: inout [Int32]) {
        switch table.condition[Int(label)] {
        case .always: break
        case .only: need(Int(table.conditionState[Int(label)]), &needed)
        case .allBut:
            for lane in unbound { find(lane, &needed, &useful) }
            for lane in bySource[Int(table.conditionState[Int(label)])] { find(lane, &needed, &useful) }
        }
    }

    private mutating func find(_ lane: Int32, _ needed: inout [Int], _ useful: inout [Int32]) {
        if foundIn[Int(lane)] == round { return }
        foundIn[Int(lane)] = round
        useful.append(lane)
        if let source = source(lane) { need(source, &needed) }
    }

    private mutating func need(_ state: Int, _ needed: inout [Int]) {
        if neededIn[state] == round { return }
        neededIn[state] = round
        needed.append(state)
    }
}
