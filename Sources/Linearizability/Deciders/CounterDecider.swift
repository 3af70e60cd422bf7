/// Decides histories of a counter that starts at zero or above, grows by one and is read. Time is linear for a bounded
/// number of open operations, of which there must not be more than 64 increments and 64 reads at once.
///
/// Cores, the simplest kind that there is. Two reads that go backwards: a counter never falls. A read of less than was
/// surely added: other increments only make it worse. A read of more than was begun: it needs all increments there
/// were. Otherwise the reads that contradict each other with all increments up to there, as a read changes nothing.
enum CounterDecider {
    static func decide(_ operations: [CountedOperation], initial: Int32 = 0) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            guard initial >= 0, !operations.contains(where: { $0.role == .fall }) else { return .undecided }
            let timeline = Timeline(operations)
            if let core = simpleCore(operations, timeline, initial) { return .invalid(core: core) }
            var frontier = CountFrontier<CounterState>(operations, initial: initial)
            switch frontier.run(timeline) {
            case .tooWide: return .undecided
            case .survived: return .valid(order: frontier.order(timeline))
            case .died(let rank):
                var reads: [[Int32]] = []
                var increments: [Int32] = []
                for event in 0..<rank where timeline.events[event] & 1 == 0 {
                    let place = timeline.events[event] >> 1
                    if operations[Int(place)].role == .rise {
                        increments.append(place)
                    } else if timeline.returned[place] <= rank {
                        reads.append([place])
                    }
                }
                let core = CoreReduction.reduce(reads, always: increments) { places in
                    CountFrontier<CounterState>.isInvalid(places, operations, initial: initial)
                }
                return .invalid(core: core)
            }
        }
    }

    private static func simpleCore(
        _ operations: UnsafeBufferPointer<CountedOperation>, _ timeline: borrowing Timeline, _ initial: Int32
    ) -> [Int32]? {
        var begun: [Int32] = []
        var completed: [Int32] = []
        var highest: Int32 = -1
        // How many increments had completed when a read was invoked is not needed later: the check is made at once.
        for rank in 0..<timeline.count {
            let event = timeline.events[rank]
            let place = event >> 1
            let operation = operations[Int(place)]
            if operation.role == .rise {
                if event & 1 == 0 { begun.append(place) } else { completed.append(place) }
                continue
            }
            guard !operation.isCrashed else { continue }
            if event & 1 == 0 {
                if highest >= 0, operations[Int(highest)].view > operation.view { return [highest, place] }
                let seen = Int(operation.view) - Int(initial)
                if seen < completed.count { return [place] + completed.prefix(max(seen + 1, 0)) }
            } else {
                if Int(operation.view) - Int(initial) > begun.count { return begun + [place] }
                if highest < 0 || operations[Int(highest)].view < operation.view { highest = place }
            }
        }
        return nil
    }
}
