/// Puts observers into an order that was found without them, where the time and the states of the order allow it.
struct OrderInsertion {
    /// An observer that any state satisfies but one.
    struct Leftover {
        /// Its place among the operations.
        var place: Int32
        /// The value that must not be there; -1 for none.
        var excluded: Int32
    }

    private let reading: RegisterReading
    private let order: [Int32]
    /// Of each place in the order the latest invocation up to it: the earliest instant at which it can take effect.
    private var latestInvocation: [Int32]
    /// Of each place in the order the earliest return from it on.
    private var earliestReturn: [Int32]

    init(_ reading: RegisterReading, _ order: [Int32]) {
        self.reading = reading
        self.order = order
        latestInvocation = [Int32](repeating: 0, count: order.count)
        earliestReturn = [Int32](repeating: 0, count: order.count)
        var latest: Int32 = -1
        for rank in order.indices {
            latest = max(latest, reading.operations[Int(order[rank])].invoked)
            latestInvocation[rank] = latest
        }
        var earliest = Int32.max
        for rank in order.indices.reversed() {
            earliest = min(earliest, reading.operations[Int(order[rank])].returned)
            earliestReturn[rank] = earliest
        }
    }

    enum Result {
        /// The order with all leftovers in it.
        case whole([Int32])
        /// The first leftover that finds no place.
        case stuck(Leftover)
    }

    /// Puts in all leftovers, which come in order of invocation.
    func insert(_ leftovers: [Leftover]) -> Result {
        // The value in front of each place of the order, and behind the last.
        var values = [Int32](repeating: reading.initial, count: order.count + 1)
        for rank in order.indices { values[rank + 1] = value(after: Int(order[rank]), from: values[rank]) }
        // A gap is in front of the place in the order that bears its number.
        var gaps = [Int32](repeating: 0, count: leftovers.count)
        let byReturn = leftovers.indices.sorted {
            reading.operations[Int(leftovers[$0].place)].returned
                < reading.operations[Int(leftovers[$1].place)].returned
        }
        var over = 0
        var floor = 0
        for number in leftovers.indices {
            let operation = reading.operations[Int(leftovers[number].place)]
            while over < byReturn.count,
                reading.operations[Int(leftovers[byReturn[over]].place)].returned < operation.invoked
            {
                floor = max(floor, Int(gaps[byReturn[over]]))
                over += 1
            }
            var gap = max(floor, firstGap(after: operation.invoked))
            let last = lastGap(before: operation.returned)
            while gap <= last, values[gap] == leftovers[number].excluded { gap += 1 }
            if gap > last { return .stuck(leftovers[number]) }
            gaps[number] = Int32(gap)
        }
        return .whole(merge(leftovers, gaps))
    }

    private func value(after place: Int, from value: Int32) -> Int32 {
        switch reading.action(place) {
        case .write: reading.value(place)
        case .cas: reading.target(place)
        case .read, .refusedCAS, .idle, .dropped: value
        }
    }

    /// The first gap behind all that had returned at `rank`.
    private func firstGap(after rank: Int32) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if earliestReturn[middle] < rank { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The last gap in front of all that is invoked after `rank`.
    private func lastGap(before rank: Int32) -> Int {
        var (low, high) = (0, order.count)
        while low < high {
            let middle = (low + high) / 2
            if latestInvocation[middle] > rank { high = middle } else { low = middle + 1 }
        }
        return low
    }

    private func merge(_ leftovers: [Leftover], _ gaps: [Int32]) -> [Int32] {
        let byGap = leftovers.indices.sorted { (gaps[$0], $0) < (gaps[$1], $1) }
        var whole: [Int32] = []
        whole.reserveCapacity(order.count + leftovers.count)
        var next = 0
        for rank in 0...order.count {
            while next < byGap.count, Int(gaps[byGap[next]]) == rank {
                whole.append(leftovers[byGap[next]].place)
                next += 1
            }
            if rank < order.count { whole.append(order[rank]) }
        }
        return whole
    }
}
