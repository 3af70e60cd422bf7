/// The instants at which answers "empty" take effect: the first of each at which no element is surely inside.
struct EmptyInstants: ~Copyable {
    /// For every operation of `ContainerTable.empties` its instant; never falling.
    private(set) var instant: [Int32] = []
    /// The same without repetition.
    private(set) var instants: [Int32] = []
    /// An empty answer for which there is no instant, with elements that fill its interval.
    private(set) var core: [Int32]?
    /// For every rank the number of instants before it.
    private let pieces: FlatBuffer<Int32>

    init(_ table: borrowing ContainerTable) {
        guard !table.empties.isEmpty else {
            pieces = FlatBuffer(count: 0, repeating: 0)
            return
        }
        let length = table.timeline.count
        let inside = FlatBuffer<Int32>(count: length + 1, repeating: 0)
        for element in 0..<table.elementCount where table.takesPart(element) {
            let entry = table.elements[element]
            guard !entry.isFleeting else { continue }
            inside[entry.insertReturned] += 1
            inside[min(Int(entry.removeInvoked), length)] -= 1
        }
        var sum: Int32 = 0
        for rank in 0..<length {
            sum += inside[rank]
            inside[rank] = sum
        }
        pieces = FlatBuffer(count: length + 1, repeating: 0)
        // An instant found busy is not looked at again: invocations only rise.
        var free: Int32 = 0
        for place in table.empties {
            let end = table.timeline.returned[place]
            free = max(free, table.timeline.invoked[place])
            while free < end, inside[free] > 0 { free += 1 }
            guard free < end else {
                let range = table.timeline.invoked[place]..<end
                core = [place] + table.operations(of: table.cover(range, below: table.elementCount) ?? [])
                return
            }
            instant.append(free)
            if instants.last != free { instants.append(free) }
        }
        var number = 0
        for rank in 0...length {
            while number < instants.count, instants[number] < Int32(rank) { number += 1 }
            pieces[rank] = Int32(number)
        }
    }

    /// The number of instants before the removal of an element is invoked.
    @inline(__always) func piece(of element: Int32, _ table: borrowing ContainerTable) -> Int32 {
        pieces[min(Int(table.elements[element].removeInvoked), pieces.count - 1)]
    }

    /// Sorts elements by piece, keeping their order within one.
    func groupByPiece(_ list: borrowing FlatBuffer<Int32>, count: Int, _ table: borrowing ContainerTable) {
        let starts = FlatBuffer<Int32>(count: instants.count + 2, repeating: 0)
        let sorted = FlatBuffer<Int32>(count: count, repeating: 0)
        for place in 0..<count { starts[piece(of: list[place], table) + 1] += 1 }
        for place in 1..<starts.count { starts[place] += starts[place - 1] }
        for place in 0..<count {
            let group = piece(of: list[place], table)
            sorted[starts[group]] = list[place]
            starts[group] += 1
        }
        for place in 0..<count { list[place] = sorted[place] }
    }
}
