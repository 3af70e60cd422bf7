/// An operation on a set that only grows and is read as a whole.
struct GrowOnlySetOperation: TimedOperation {
    var invoked: Int32
    var returned: Int32
    /// What was added; -1 for a read.
    var element: Int32
    /// Of a read that returned, where its elements are in the list of all elements read, and how many.
    var start: Int32 = 0
    var count: Int32 = 0
}

/// Decides histories of a set to which every element is added at most once and that is read as a whole. Linear in the
/// number of operations and of elements read.
///
/// Reads only ever grow, so their sizes put them in order, and each element's addition before the first read that saw
/// it, after the last that did not. That is an order of groups: additions, equal reads, additions, and so on. It is the
/// only one, so the history is linearizable if and only if no operation of an earlier group was invoked after one of a
/// later group had returned (and what the reads saw forms a chain).
///
/// Cores, all by the growing of the set: a read of what nobody added; two reads of which neither saw all that the other
/// saw; two operations in the wrong order of time, together with a read that saw one of two additions only.
enum GrowOnlySetDecider {
    /// - Parameters:
    ///   - readElements: the elements of all reads, one read after the other; an element at most once a read.
    ///   - elementCount: one more than the largest number of an element.
    static func decide(
        _ operations: [GrowOnlySetOperation], readElements: [Int32], elementCount: Int
    ) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            readElements.withUnsafeBufferPointer { readElements in
                let addition = FlatBuffer<Int32>(count: elementCount, repeating: -1)
                for place in operations.indices where operations[place].element >= 0 {
                    guard addition[operations[place].element] < 0 else { return .undecided }
                    addition[operations[place].element] = Int32(place)
                }
                // By element the number of the first group of equal reads that saw it.
                let firstSeen = FlatBuffer<Int32>(count: elementCount, repeating: -1)
                let lastRead = FlatBuffer<Int32>(count: elementCount, repeating: -1)
                let group = FlatBuffer<Int32>(count: operations.count, repeating: -1)
                var groups: [Int32] = []
                for place in readsBySize(operations, limit: elementCount) {
                    if let core = assign(
                        place, operations, readElements, addition: addition, firstSeen: firstSeen,
                        lastRead: lastRead, group: group, groups: &groups)
                    {
                        return core.isEmpty ? .undecided : .invalid(core: core)
                    }
                }
                for place in operations.indices where operations[place].element >= 0 {
                    let seen = firstSeen[operations[place].element]
                    if seen >= 0 {
                        group[place] = 2 * seen
                    } else if !operations[place].isCrashed {
                        group[place] = 2 * Int32(groups.count)
                    }
                }
                return arrange(operations, group, groups)
            }
        }
    }

    private static func readsBySize(_ operations: UnsafeBufferPointer<GrowOnlySetOperation>, limit: Int) -> [Int32] {
        var starts = [Int](repeating: 0, count: limit + 2)
        var total = 0
        @inline(__always) func size(_ place: Int) -> Int? {
            operations[place].element >= 0 || operations[place].isCrashed
                ? nil : min(Int(operations[place].count), limit)
        }
        for place in operations.indices {
            guard let size = size(place) else { continue }
            starts[size + 1] += 1
            total += 1
        }
        for size in 1..<starts.count { starts[size] += starts[size - 1] }
        var sorted = [Int32](repeating: -1, count: total)
        for place in operations.indices {
            guard let size = size(place) else { continue }
            sorted[starts[size]] = Int32(place)
            starts[size] += 1
        }
        return sorted
    }

    /// Puts a read, none of the earlier being larger, into its group; returns a core if it cannot be, an empty one if
    /// the read is malformed.
    ///
    /// - Parameter groups: for every group of equal reads one of them.
    private static func assign(
        _ place: Int32, _ operations: UnsafeBufferPointer<GrowOnlySetOperation>,
        _ readElements: UnsafeBufferPointer<Int32>, addition: borrowing FlatBuffer<Int32>,
        firstSeen: borrowing FlatBuffer<Int32>, lastRead: borrowing FlatBuffer<Int32>,
        group: borrowing FlatBuffer<Int32>, groups: inout [Int32]
    ) -> [Int32]? {
        let read = operations[Int(place)]
        let elements = readElements[Int(read.start)..<Int(read.start + read.count)]
        let size = groups.last.map { operations[Int($0)].count } ?? 0
        let isNew = groups.isEmpty || read.count > size
        var known: Int32 = 0
        for element in elements {
            if addition[element] < 0 { return [place] }
            if lastRead[element] == place { return [] }
            lastRead[element] = place
            if firstSeen[element] >= 0 {
                known += 1
            } else if isNew {
                firstSeen[element] = Int32(groups.count)
            }
        }
        guard known == size else { return groups.last.map { [$0, place] } ?? [] }
        if isNew { groups.append(place) }
        group[place] = 2 * Int32(groups.count) - 1
        return nil
    }

    private static func arrange(
        _ operations: UnsafeBufferPointer<GrowOnlySetOperation>, _ group: borrowing FlatBuffer<Int32>,
        _ groups: [Int32]
    ) -> Decision {
        let timeline = Timeline(operations)
        let starts = FlatBuffer<Int32>(count: 2 * groups.count + 3, repeating: 0)
        var total = 0
        for place in operations.indices where group[place] >= 0 {
            starts[group[place] + 1] += 1
            total += 1
        }
        for place in 1..<starts.count { starts[place] += starts[place - 1] }
        var order = [Int32](repeating: -1, count: total)
        for rank in 0..<timeline.count where timeline.events[rank] & 1 == 0 {
            let place = timeline.events[rank] >> 1
            guard group[place] >= 0 else { continue }
            order[Int(starts[group[place]])] = place
            starts[group[place]] += 1
        }
        var latest: Int32 = -1
        for place in order {
            if latest >= 0, timeline.invoked[latest] > timeline.returned[place] {
                var core = [latest, place]
                // Two additions are told apart by any read of the first that saw the earlier of them.
                if operations[Int(latest)].element >= 0, operations[Int(place)].element >= 0 {
                    core.append(groups[Int(group[latest] / 2)])
                }
                return .invalid(core: core)
            }
            if latest < 0 || timeline.invoked[latest] < timeline.invoked[place] { latest = place }
        }
        return .valid(order: order)
    }
}
