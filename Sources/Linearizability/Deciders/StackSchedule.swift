/// The operations of a stack by the returns before which they can take effect.
struct StackSchedule {
    /// The operations that returned, in the order of their returns.
    private(set) var returning: [Int32] = []
    /// Of each operation its bit in a mask of open ones.
    private(set) var slot: [Int32]
    /// For each return the operations that were invoked before it and had not returned, the first to return first.
    private(set) var openOperations: [Int32] = []
    private var start: [Int] = [0]

    /// Nil where more operations are open at a time than a mask has bits.
    init?(_ operations: [ContainerOperation]) {
        slot = [Int32](repeating: -1, count: operations.count)
        var free = UInt64.max
        var open: [Int32] = []
        let isFitting = operations.withUnsafeBufferPointer { operations in
            let timeline = Timeline(operations)
            for rank in 0..<timeline.count {
                let place = timeline.events[rank] >> 1
                if timeline.events[rank] & 1 == 0 {
                    guard free != 0 else { return false }
                    slot[Int(place)] = Int32(free.trailingZeroBitCount)
                    free &= free - 1
                    let returned = operations[Int(place)].returned
                    let rank = open.firstIndex { operations[Int($0)].returned > returned } ?? open.count
                    open.insert(place, at: rank)
                } else {
                    returning.append(place)
                    openOperations += open
                    start.append(openOperations.count)
                    open.removeAll { $0 == place }
                    free |= 1 << UInt64(slot[Int(place)])
                }
            }
            return true
        }
        if !isFitting { return nil }
    }

    /// The places in `openOperations` that belong to a return.
    func open(at number: Int) -> Range<Int> { start[number]..<start[number + 1] }
}
