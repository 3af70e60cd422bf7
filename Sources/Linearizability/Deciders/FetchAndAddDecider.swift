/// An addition that answers with the value from before; a read is an addition of zero.
struct FetchAndAddOperation: TimedOperation {
    var invoked: Int32
    var returned: Int32
    var amount: Int64
    /// The value from before; without meaning if the operation crashed.
    var prior: Int64
}

/// Decides histories of a number to which amounts above zero are added, each addition answering with the value from
/// before. O(n log n).
///
/// The value only grows, so the answers put all operations in order: the reads of a value, in order of invocation, then
/// the one addition to it. What is missing between two additions was added by additions that crashed; that is decided
/// only if these are all of the same amount. They then are interchangeable, and the earliest is taken first.
///
/// Cores, all by the growing of the value: two additions to one value; two operations in the wrong order of time; two
/// neighbours between whose values something happened that nobody did (the earlier one's sum is beyond the later one's
/// value, or no operation started from that sum), with all crashed additions invoked in time; or an operation below the
/// initial value.
enum FetchAndAddDecider {
    static func decide(_ operations: [FetchAndAddOperation], initial: Int64 = 0) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            var crashed: [Int32] = []
            var sequence: [Int32] = []
            sequence.reserveCapacity(operations.count)
            for place in operations.indices {
                guard operations[place].amount >= 0 else { return .undecided }
                if !operations[place].isCrashed {
                    sequence.append(Int32(place))
                } else if operations[place].amount > 0 {
                    crashed.append(Int32(place))
                }
            }
            sequence.sort { first, second in
                let (first, second) = (operations[Int(first)], operations[Int(second)])
                if first.prior != second.prior { return first.prior < second.prior }
                if (first.amount > 0) != (second.amount > 0) { return second.amount > 0 }
                return first.invoked < second.invoked
            }
            crashed.sort { operations[Int($0)].invoked < operations[Int($1)].invoked }
            return arrange(sequence, crashed, operations, initial)
        }
    }

    private static func arrange(
        _ sequence: [Int32], _ crashed: [Int32], _ operations: UnsafeBufferPointer<FetchAndAddOperation>,
        _ initial: Int64
    ) -> Decision {
        var order: [Int32] = []
        order.reserveCapacity(operations.count)
        let deadlines = deadlines(of: sequence, operations)
        let step = crashed.first.map { operations[Int($0)].amount } ?? 0
        let isUniform = crashed.allSatisfy { operations[Int($0)].amount == step }
        var value = initial
        var available = 0
        var used = 0
        // The operation of those placed that was invoked last.
        var latest: Int32 = -1
        for (index, place) in sequence.enumerated() {
            let operation = operations[Int(place)]
            let before = index > 0 ? sequence[index - 1] : -1
            if operation.prior < value { return .invalid(core: before >= 0 ? [before, place] : [place]) }
            if value < operation.prior {
                // Whatever returns first from here on needs all that is missing.
                let first = deadlines[index]
                while available < crashed.count,
                    operations[Int(crashed[available])].invoked < operations[Int(first)].returned
                {
                    available += 1
                }
                let (missing, overflows) = operation.prior.subtractingReportingOverflow(value)
                guard available == 0 || isUniform, !overflows else { return .undecided }
                guard available > 0, missing % step == 0, missing / step <= Int64(available - used) else {
                    // If crashed additions were used below, they cannot be spared there, so all that lies below belongs
                    // to the core, unless the gap is not a multiple.
                    let isLocal = used == 0 || missing % step != 0
                    let below = isLocal ? [before].filter { $0 >= 0 } : Array(sequence[..<index])
                    return .invalid(core: Set(below + [place, first] + crashed[..<available]).sorted())
                }
                let end = used + Int(missing / step)
                for next in crashed[used..<end] {
                    order.append(next)
                    if latest < 0 || operations[Int(latest)].invoked < operations[Int(next)].invoked { latest = next }
                }
                used = end
                value = operation.prior
            }
            if latest >= 0, operations[Int(latest)].invoked > operation.returned {
                // A crashed addition cannot be too late here: the deadline was kept.
                return operations[Int(latest)].isCrashed ? .undecided : .invalid(core: [latest, place])
            }
            order.append(place)
            if latest < 0 || operations[Int(latest)].invoked < operation.invoked { latest = place }
            if operation.amount > 0 {
                let (sum, overflows) = value.addingReportingOverflow(operation.amount)
                guard !overflows else { return .undecided }
                value = sum
            }
        }
        return .valid(order: order)
    }

    /// For every operation of a sequence the one that returns first of it and all that follow.
    private static func deadlines(
        of sequence: [Int32], _ operations: UnsafeBufferPointer<FetchAndAddOperation>
    ) -> [Int32] {
        var deadlines = sequence
        for index in sequence.indices.reversed().dropFirst() {
            let after = deadlines[index + 1]
            if operations[Int(after)].returned < operations[Int(sequence[index])].returned { deadlines[index] = after }
        }
        return deadlines
    }
}
