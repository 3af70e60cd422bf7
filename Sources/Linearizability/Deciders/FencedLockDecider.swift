/// Decides histories of a lock that only its holder can release and that gives each holder a larger token than any
/// before. O(n log n).
///
/// The tokens put the holds in order, and so all operations; each then takes effect as early as it can.
enum FencedLockDecider {
    /// - Parameter ownerCount: one more than the largest number of a process.
    static func decide(_ operations: [LockOperation], ownerCount: Int) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            let holds = LockHolds(operations, ownerCount: ownerCount)
            if let decision = holds.decision { return decision }
            @inline(__always) func token(_ hold: Int) -> Int64 { operations[Int(holds.acquisitions[hold])].token }
            var sequence = Array(holds.acquisitions.indices)
            if !zip(sequence, sequence.dropFirst()).allSatisfy({ token($0) < token($1) }) {
                sequence.sort { token($0) < token($1) }
            }
            var order: [Int32] = []
            order.reserveCapacity(operations.count)
            // The hold with the operation that was invoked last of all so far, and when that was.
            var latest = -1
            var moment: Int32 = -1
            for (place, hold) in sequence.enumerated() {
                if place > 0 {
                    let before = sequence[place - 1]
                    let released = holds.releases[before]
                    if token(before) == token(hold) {
                        return .invalid(core: [holds.acquisitions[before], holds.acquisitions[hold]].sorted())
                    }
                    if released < 0 { return .invalid(core: holds.operations(of: [before, hold])) }
                }
                for operation in holds.operations(of: [hold]) {
                    if moment > holds.timeline.returned[operation] {
                        return .invalid(core: holds.operations(of: [latest, hold]))
                    }
                    order.append(operation)
                    if moment < holds.timeline.invoked[operation] {
                        moment = holds.timeline.invoked[operation]
                        latest = hold
                    }
                }
            }
            return .valid(order: order)
        }
    }
}
