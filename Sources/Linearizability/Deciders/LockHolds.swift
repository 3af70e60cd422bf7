/// The times for which processes held a lock: an acquisition and the release by the same process that follows.
///
/// Deleting a whole hold leaves a valid history valid, so a few holds that contradict each other are a core; likewise
/// the operations of a single process. An acquisition that crashed without a release after it is left out: it need not
/// have happened. A release that crashed may take effect at any time after its invocation, or never.
struct LockHolds: ~Copyable {
    let timeline: Timeline
    /// The operations of every hold; the release is -1 if there is none. In order of the acquisition's return.
    private(set) var acquisitions: [Int32] = []
    private(set) var releases: [Int32] = []
    /// A decision that needs no look at the order: a process that acquires twice or releases what it does not hold, or
    /// processes that do not act one step after the other.
    private(set) var decision: Decision?

    init(_ operations: UnsafeBufferPointer<LockOperation>, ownerCount: Int) {
        timeline = Timeline(operations)
        // By process the hold that it is in.
        let hold = FlatBuffer<Int32>(count: ownerCount, repeating: -1)
        for rank in 0..<timeline.count {
            let event = timeline.events[rank]
            let place = event >> 1
            let operation = operations[Int(place)]
            let owner = operation.owner
            if operation.action == .acquire {
                guard event & 1 == 1 else { continue }
                hold[owner] = Int32(acquisitions.count)
                acquisitions.append(place)
                releases.append(-1)
            } else if event & 1 == 0, hold[owner] >= 0 {
                releases[Int(hold[owner])] = place
                hold[owner] = -1
            }
        }
        let last = FlatBuffer<Int32>(count: ownerCount, repeating: -1)
        for rank in 0..<timeline.count where timeline.events[rank] & 1 == 0 {
            let place = timeline.events[rank] >> 1
            let operation = operations[Int(place)]
            let before = last[operation.owner]
            if before >= 0, timeline.returned[before] > Int32(rank) {
                decision = .undecided
                return
            }
            last[operation.owner] = place
        }
        let lastReturned = FlatBuffer<Int32>(count: ownerCount, repeating: -1)
        for rank in 0..<timeline.count where timeline.events[rank] & 1 == 0 {
            let place = timeline.events[rank] >> 1
            let operation = operations[Int(place)]
            guard !operation.isCrashed else { continue }
            let before = lastReturned[operation.owner]
            let held = before >= 0 && operations[Int(before)].action == .acquire
            if held == (operation.action == .acquire) {
                decision = .invalid(core: before >= 0 ? core(before, place, operations) : [place])
                return
            }
            lastReturned[operation.owner] = place
        }
    }

    /// Two neighbours of a process that repeat each other; a release needs the acquisition that the first one ended.
    private func core(
        _ before: Int32, _ place: Int32, _ operations: UnsafeBufferPointer<LockOperation>
    ) -> [Int32] {
        if operations[Int(place)].action == .acquire { return [before, place] }
        guard let hold = releases.firstIndex(of: before) else { return [before, place] }
        return [acquisitions[hold], before, place]
    }

    /// The operations of holds, to name in a core.
    func operations(of holds: [Int]) -> [Int32] {
        holds.flatMap { [acquisitions[$0], releases[$0]] }.filter { $0 >= 0 }
    }
}
