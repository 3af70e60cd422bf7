/// Decides histories of a lock that only its holder can release. Linear time.
///
/// From the return of its acquisition to the invocation of its release a process surely holds the lock. If no two such
/// times overlap, each acquisition can take effect right before its return and each release right after its invocation.
enum OwnerLockDecider {
    /// - Parameter ownerCount: one more than the largest number of a process.
    static func decide(_ operations: [LockOperation], ownerCount: Int) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            let holds = LockHolds(operations, ownerCount: ownerCount)
            if let decision = holds.decision { return decision }
            var order: [Int32] = []
            order.reserveCapacity(operations.count)
            for hold in holds.acquisitions.indices {
                if hold > 0 {
                    let before = holds.releases[hold - 1]
                    let start = holds.timeline.returned[holds.acquisitions[hold]]
                    if before < 0 || holds.timeline.invoked[before] > start {
                        return .invalid(core: holds.operations(of: [hold - 1, hold]))
                    }
                    order.append(before)
                }
                order.append(holds.acquisitions[hold])
            }
            if let last = holds.releases.last, last >= 0 { order.append(last) }
            return .valid(order: order)
        }
    }
}
