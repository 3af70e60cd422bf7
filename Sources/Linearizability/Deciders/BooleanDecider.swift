/// Decides histories of something that is there or not: an element of a set whose additions and removals say whether
/// they changed anything, or a lock without owner. Values need not be distinct; time is linear for a bounded number of
/// open operations, of which there must not be more than 64 transitions and 64 observers at once.
///
/// Cores: see `QuiescentCut`; of the observers in what it leaves, those that are not needed are left out, as an
/// observer changes nothing.
enum BooleanDecider {
    /// - Parameter isSetInitially: whether the element is there, or the lock held, at the start.
    static func decide(_ operations: [CountedOperation], isSetInitially: Bool = false) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            guard operations.allSatisfy({ $0.view & 1 == $0.view }) else { return .undecided }
            let timeline = Timeline(operations)
            var frontier = CountFrontier<BooleanState>(operations, initial: isSetInitially ? 1 : 0)
            switch frontier.run(timeline) {
            case .tooWide: return .undecided
            case .survived: return .valid(order: frontier.order(timeline))
            case .died(let rank):
                let core = QuiescentCut.core(operations, timeline, before: rank)
                return .invalid(core: reduce(core, operations, initial: isSetInitially ? 1 : 0))
            }
        }
    }

    private static func reduce(
        _ core: [Int32], _ operations: UnsafeBufferPointer<CountedOperation>, initial: Int32
    ) -> [Int32] {
        let observers = core.filter { operations[Int($0)].role == .observe }.map { [$0] }
        let transitions = core.filter { operations[Int($0)].role != .observe }
        return CoreReduction.reduce(observers, always: transitions) { places in
            CountFrontier<BooleanState>.isInvalid(places, operations, initial: initial)
        }
    }
}

extension CountFrontier {
    /// Whether some operations alone are found to be invalid.
    static func isInvalid(
        _ places: [Int32], _ operations: UnsafeBufferPointer<CountedOperation>, initial: Int32
    ) -> Bool {
        places.map { operations[Int($0)] }.withUnsafeBufferPointer { chosen in
            let timeline = Timeline(chosen)
            var frontier = CountFrontier(chosen, initial: initial)
            if case .died = frontier.run(timeline) { return true }
            return false
        }
    }
}
