/// Takes the elements of a stack away from the bottom upwards, as far as it goes.
struct StackPeeling: ~Copyable {
    /// The elements in the order in which they were taken away.
    let sequence: FlatBuffer<Int32>
    private(set) var count = 0
    /// The instants of the operations of the elements in `sequence`.
    let insertedAt: FlatBuffer<Int32>
    let removedAt: FlatBuffer<Int32>
    /// Of every element: 1 if its insertion has a free instant, plus 2 if its removal has one or there is none.
    private let found: FlatBuffer<UInt8>
    private var total = 0
    var isComplete: Bool { count == total }

    init(_ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>) {
        let length = table.timeline.count
        sequence = FlatBuffer(count: table.elementCount, repeating: -1)
        insertedAt = FlatBuffer(count: table.elementCount, repeating: -1)
        removedAt = FlatBuffer(count: table.elementCount, repeating: -1)
        found = FlatBuffer(count: table.elementCount, repeating: 0)
        let covered = FlatBuffer<Int32>(count: length + 1, repeating: 0)
        let waiting = WaitingIntervals(count: length)
        for element in 0..<table.elementCount where table.takesPart(element) {
            let entry = table.elements[element]
            guard !entry.isFleeting else { continue }
            total += 1
            covered[entry.insertReturned] += 1
            covered[min(Int(entry.removeInvoked), length)] -= 1
            waiting.add(start: entry.insertInvoked, end: entry.insertReturned)
            if table.removal[element] >= 0 {
                waiting.add(start: entry.removeInvoked, end: min(entry.removeReturned, Int32(length)))
            } else {
                found[element] = 2
            }
        }
        waiting.prepare()
        for instant in 1..<max(length, 1) { covered[instant] += covered[instant - 1] }
        let cover = CoverTree(covered: covered, count: length)
        let free = InstantSet(count: length)
        // The numbers of ranges are not needed any more: their place holds the free instants.
        var freeCount = cover.takeFree(into: covered, from: 0)
        var seen = 0
        while seen < freeCount {
            // Together, so that each element takes the best of all instants known to be free.
            for place in seen..<freeCount { free.insert(covered[place]) }
            let firstPeeled = count
            while seen < freeCount {
                let instant = covered[seen]
                seen += 1
                var start = waiting.take(containing: instant)
                while start >= 0 {
                    let element = table.element(at: start, operations)
                    found[element] |= table.elements[element].insertInvoked == start ? 1 : 2
                    if found[element] == 3 {
                        sequence[count] = element
                        count += 1
                    }
                    start = waiting.take(containing: instant)
                }
            }
            for place in firstPeeled..<count {
                let element = sequence[place]
                let entry = table.elements[element]
                insertedAt[element] = free.last(to: entry.insertReturned - 1) ?? -1
                if table.removal[element] >= 0 { removedAt[element] = free.first(from: entry.removeInvoked) ?? -1 }
                cover.remove(entry.insertReturned, min(entry.removeInvoked, Int32(length)))
            }
            freeCount = cover.takeFree(into: covered, from: freeCount)
        }
    }

    /// Elements that block each other: each has an operation whose interval others of them fill.
    func contradiction(_ table: borrowing ContainerTable) -> [Int32] {
        let length = Int32(table.timeline.count)
        var blocked: [Int32] = []
        for element in 0..<table.elementCount
        where table.takesPart(element) && !table.elements[element].isFleeting && found[element] != 3 {
            blocked.append(Int32(element))
        }
        blocked.sort { table.elements[$0].insertReturned < table.elements[$1].insertReturned }
        // For every number of elements from the left the one of them that stays longest.
        var longest = blocked
        for place in longest.indices.dropFirst() {
            let before = longest[place - 1]
            if table.elements[before].removeInvoked > table.elements[longest[place]].removeInvoked {
                longest[place] = before
            }
        }
        func cover(at instant: Int32) -> Int32 {
            var low = 0
            var high = blocked.count
            while low < high {
                let middle = (low + high) / 2
                if table.elements[blocked[middle]].insertReturned <= instant { low = middle + 1 } else { high = middle }
            }
            return longest[low - 1]
        }
        guard let first = blocked.first else { return [] }
        var chosen = [first]
        let isChosen = FlatBuffer<Bool>(count: table.elementCount, repeating: false)
        isChosen[first] = true
        var next = 0
        while next < chosen.count {
            let entry = table.elements[chosen[next]]
            let inserts = found[chosen[next]] & 1 == 0
            var instant = inserts ? entry.insertInvoked : entry.removeInvoked
            let end = inserts ? entry.insertReturned : min(entry.removeReturned, length)
            next += 1
            while instant < end {
                let other = cover(at: instant)
                instant = table.elements[other].removeInvoked
                guard !isChosen[other] else { continue }
                isChosen[other] = true
                chosen.append(other)
            }
        }
        return chosen.sorted()
    }
}
