/// The events of a partition in time order, numbered without holes.
///
/// The instants between events are numbered too: instant `r` is the one right after event `r`. An operation may take
/// effect at the instants `invoked..<returned`.
struct Timeline: ~Copyable {
    /// The rank of an event that never came.
    static var never: Int32 { Int32.max }

    /// For every operation the rank of its invocation, and that of its return or `never`.
    let invoked: FlatBuffer<Int32>
    let returned: FlatBuffer<Int32>
    /// For every rank the operation, doubled, plus one if it is a return.
    let events: FlatBuffer<Int32>
    var count: Int { events.count }

    init<Operation: TimedOperation>(_ operations: UnsafeBufferPointer<Operation>) {
        var lowest = Int32.max
        var highest = Int32.min
        var total = operations.count
        for operation in operations {
            lowest = min(lowest, operation.invoked)
            highest = max(highest, operation.invoked)
            guard !operation.isCrashed else { continue }
            highest = max(highest, operation.returned)
            total += 1
        }
        invoked = FlatBuffer(count: operations.count, repeating: 0)
        returned = FlatBuffer(count: operations.count, repeating: Timeline.never)
        events = FlatBuffer(count: total, repeating: 0)
        var rank = 0
        let span = operations.isEmpty ? 0 : Int(highest) - Int(lowest) + 1
        if span <= 16 * operations.count + 64 {
            let table = FlatBuffer<Int32>(count: span, repeating: -1)
            for number in operations.indices {
                table[operations[number].invoked - lowest] = Int32(number) << 1
                if !operations[number].isCrashed {
                    table[operations[number].returned - lowest] = Int32(number) << 1 | 1
                }
            }
            for position in 0..<span where table[position] >= 0 {
                place(table[position], at: rank)
                rank += 1
            }
        } else {
            var keys: [UInt64] = []
            keys.reserveCapacity(total)
            for number in operations.indices {
                let event = UInt64(number) << 1
                keys.append(UInt64(operations[number].invoked - lowest) << 32 | event)
                if !operations[number].isCrashed {
                    keys.append(UInt64(operations[number].returned - lowest) << 32 | event | 1)
                }
            }
            keys.sort()
            for key in keys {
                place(Int32(truncatingIfNeeded: key & 0xffff_ffff), at: rank)
                rank += 1
            }
        }
    }

    @inline(__always) private func place(_ event: Int32, at rank: Int) {
        events[rank] = event
        if event & 1 == 0 { invoked[event >> 1] = Int32(rank) } else { returned[event >> 1] = Int32(rank) }
    }
}
