/// Cuts off the beginning of a history of rises and falls where nothing was open.
///
/// If no operation was open at some moment and no transition had crashed, the state there follows from the rises and
/// falls before. What comes after is linearizable if the whole is, and stays so behind as many of the earlier rises (or
/// falls) as lead to that state: so these may stand for everything before.
enum QuiescentCut {
    /// The operations that contradict each other, if the return at `rank` is the first that cannot be explained.
    static func core(
        _ operations: UnsafeBufferPointer<CountedOperation>, _ timeline: borrowing Timeline, before rank: Int32
    ) -> [Int32] {
        var open = 0
        var crashed = false
        var cut: Int32 = 0
        for event in 0..<rank where !crashed {
            let place = timeline.events[event] >> 1
            let operation = operations[Int(place)]
            if operation.isCrashed {
                crashed = operation.role != .observe
            } else if timeline.events[event] & 1 == 0 {
                open += 1
            } else {
                open -= 1
                if open == 0 { cut = event + 1 }
            }
        }
        var level = 0
        for event in 0..<cut where timeline.events[event] & 1 == 1 {
            let role = operations[Int(timeline.events[event] >> 1)].role
            level += role == .rise ? 1 : role == .fall ? -1 : 0
        }
        var core: [Int32] = []
        let needed: CountedOperation.Role = level > 0 ? .rise : .fall
        var left = abs(level)
        for event in (0..<cut).reversed() where left > 0 && timeline.events[event] & 1 == 1 {
            let place = timeline.events[event] >> 1
            guard operations[Int(place)].role == needed else { continue }
            core.append(place)
            left -= 1
        }
        for event in cut..<rank where timeline.events[event] & 1 == 0 {
            let place = timeline.events[event] >> 1
            if operations[Int(place)].role != .observe || timeline.returned[place] <= rank { core.append(place) }
        }
        return core.sorted()
    }
}
