/// The lanes that have something in them, by the state that they lead to.
struct LaneIndex {
    private let table: LabelTable
    private let laneLabels: [Int32]
    private let indistinctLane: Int32
    private(set) var all: [Int32] = []
    /// Open lanes by the state that they lead to; that of indistinct writes is kept apart.
    private var byTarget: [[Int32]] = []
    /// For each state the last round of `findUseful` in which it was needed.
    private var neededIn: [Int] = []
    private var round = 0

    init(_ schedule: Schedule, table: LabelTable) {
        self.table = table
        laneLabels = schedule.lanes.map(\.label)
        indistinctLane = schedule.indistinctLane
        if table.isShaped && !schedule.lanes.isEmpty {
            byTarget = Array(repeating: [], count: Int(table.stateCount))
            neededIn = Array(repeating: 0, count: Int(table.stateCount))
        }
    }

    mutating func open(_ lane: Int32) {
        all.append(lane)
        if table.isShaped && lane != indistinctLane { byTarget[target(lane)].append(lane) }
    }

    mutating func close(_ lane: Int32) {
        all.removeAll { $0 == lane }
        if table.isShaped && lane != indistinctLane { byTarget[target(lane)].removeAll { $0 == lane } }
    }

    private func target(_ lane: Int32) -> Int { Int(table.target[Int(laneLabels[Int(lane)])]) }

    /// The open lanes that lead to a state which one of the open operations needs, or from which such a lane leads on.
    mutating func findUseful(for open: [[Int32]], _ schedule: Schedule, into useful: inout [Int32]) {
        useful.removeAll(keepingCapacity: true)
        if all.isEmpty { return }
        round += 1
        var needed: [Int] = []
        for operation in open.joined() {
            let label = Int(schedule.operations[Int(operation)].label)
            switch table.condition[label] {
            case .always: break
            case .only: need(label, &needed)
            case .allBut:
                // Leaving a state helps, wherever that leads.
                useful.append(contentsOf: all)
                return
            }
        }
        while let state = needed.popLast() {
            for lane in byTarget[state] {
                useful.append(lane)
                let label = Int(laneLabels[Int(lane)])
                switch table.condition[label] {
                case .always: break
                case .only: need(label, &needed)
                case .allBut:
                    useful.removeAll(keepingCapacity: true)
                    useful.append(contentsOf: all)
                    return
                }
            }
        }
    }

    private mutating func need(_ label: Int, _ needed: inout [Int]) {
        let state = Int(table.conditionState[label])
        if neededIn[state] == round { return }
        neededIn[state] = round
        needed.append(state)
    }
}
