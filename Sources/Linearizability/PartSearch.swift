import PolygraphHistory
import PolygraphModels

/// The operations of a key whose object falls into independent parts, one search for each group of operations that
/// share parts.
struct PartSearch<M: Model> {
    /// Of each place in the whole the number of its search, and its place there.
    private var numbers: [Int32] = []
    private var inner: [Int32] = []
    private var searches: [KeySearch<M>] = []
    /// Of each search the places of its operations in the whole.
    private var places: [[Int32]] = []

    /// Nil where all operations belong together.
    init?(_ whole: KeySearch<M>) {
        // Asking one operation is enough for the models that never split.
        guard !whole.operations.isEmpty, whole.model.parts(of: whole.call(0)) != nil else { return nil }
        var groups = UnionFind()
        var nodes: [Value: Int32] = [:]
        numbers.reserveCapacity(whole.operations.count)
        for place in whole.operations.indices {
            guard let parts = whole.model.parts(of: whole.call(place)) else { return nil }
            let own = groups.add()
            numbers.append(own)
            for part in parts {
                if let known = nodes[part] { groups.unite(own, known) } else { nodes[part] = own }
            }
        }
        var searchOfGroup: [Int32: Int32] = [:]
        for place in numbers.indices {
            let group = groups.find(numbers[place])
            let number: Int32
            if let known = searchOfGroup[group] {
                number = known
            } else {
                number = Int32(places.count)
                searchOfGroup[group] = number
                places.append([])
            }
            numbers[place] = number
            inner.append(Int32(places[Int(number)].count))
            places[Int(number)].append(Int32(place))
        }
        if places.count == 1 { return nil }
        searches = places.map { whole.restricted(to: $0) }
    }

    /// Decides each group; an operation that contradicts others of its group contradicts them in the whole.
    func decide(_ part: KeySearch<M>.Part, within budget: Budget) -> KeySearch<M>.Result {
        var parts = searches.map { _ in KeySearch<M>.Part(startsAnywhere: part.startsAnywhere) }
        if part.isWhole {
            for number in parts.indices { parts[number].isWhole = true }
        } else {
            for (entry, place) in part.places.enumerated() {
                parts[Int(numbers[Int(place)])].append(inner[Int(place)], returned: part.returns[entry])
            }
        }
        var orders: [[Int32]] = []
        var visited = 0
        var largestFrontier = 0
        var engine = KeySearch<M>.Engine.decider
        var undecided: KeySearch<M>.Result?
        for number in searches.indices {
            var result = searches[number].search(parts[number], budget)
            visited += result.visited
            largestFrontier = max(largestFrontier, result.largestFrontier)
            if result.engine != .decider { engine = result.engine }
            switch result.answer {
            case .valid(.some(let order)): orders.append(order.map { places[number][Int($0)] })
            case .valid(nil): return result
            case .invalid(let place, let rank, let suspects):
                result.answer = .invalid(
                    place: Int(places[number][place]), rank: rank,
                    suspects: suspects?.map { places[number][Int($0)] } ?? places[number])
                return result
            case .unjudgeable, .exhausted: undecided = undecided ?? result
            }
        }
        if let undecided { return undecided }
        let operations = searches.indices.map { searches[$0].operations }
        return KeySearch<M>.Result(
            answer: .valid(order: merged(orders, operations)), engine: engine, visited: visited,
            largestFrontier: largestFrontier)
    }

    /// One order of all: each operation takes effect at the latest invocation up to it in the order of its group, which
    /// is an instant of its interval.
    private func merged(_ orders: [[Int32]], _ operations: [[PartitionOperation]]) -> [Int32] {
        var keys: [UInt64] = []
        var latest: Int32 = 0
        var flat: [Int32] = []
        for (number, order) in orders.enumerated() {
            var instant: Int32 = 0
            for place in order {
                instant = max(instant, operations[number][Int(inner[Int(place)])].invoked)
                keys.append(UInt64(UInt32(bitPattern: instant)) << 32 | UInt64(flat.count))
                flat.append(place)
            }
            latest = max(latest, instant)
        }
        RadixSort.sort(&keys, bits: 32 - latest.leadingZeroBitCount, shift: 32)
        return keys.map { flat[Int($0 & 0xffff_ffff)] }
    }
}

/// Sets that only ever grow together.
private struct UnionFind {
    private var parents: [Int32] = []

    mutating func add() -> Int32 {
        parents.append(Int32(parents.count))
        return Int32(parents.count - 1)
    }

    mutating func find(_ node: Int32) -> Int32 {
        var node = node
        while parents[Int(node)] != node {
            parents[Int(node)] = parents[Int(parents[Int(node)])]
            node = parents[Int(node)]
        }
        return node
    }

    mutating func unite(_ one: Int32, _ other: Int32) {
        let (first, second) = (find(one), find(other))
        parents[Int(max(first, second))] = min(first, second)
    }
}
