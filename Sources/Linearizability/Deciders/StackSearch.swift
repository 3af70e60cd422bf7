/// Decides histories of a stack in which values may repeat.
///
/// A point of a search is what took effect up to a return; which elements are inside is told by the points at which
/// they were put in, one below the other. Two ways to one point with the same topmost element go on in the same way
/// until it is taken out, and then as all the ways to the point at which it was put in: so these are kept together, and
/// elements below do not multiply what there is to search (reachability in pushdown systems: Bouajjani, Esparza and
/// Maler, "Reachability analysis of pushdown automata", 1997). A search that keeps whole contents goes through every
/// order of insertions that overlapped until they are taken out.
///
/// Operations take effect in groups right before a return, the one that returns last of its group (Lowe, "Testing for
/// linearizability", 2017), and of equal operations the one that returns first goes first.
struct StackSearch {
    /// How a way was made from earlier ones.
    private struct Origin: BitwiseCopyable {
        /// The way that it goes on from; -1 for one that begins with its topmost element.
        var before: Int32
        /// For a removal the way from the insertion of its element to it, and that insertion; else -1.
        var inside: Int32 = -1
        var insertion: Int32 = -1
        /// The last operation, or -1 where only a return passed.
        var operation: Int32 = -1
    }

    /// An item of a list: what it says, and the item before.
    private struct Link: BitwiseCopyable {
        var way: Int32
        var operation: Int32
        /// For a removal the point that it leads to.
        var point: Int32
        var previous: Int32
    }

    private let operations: [ContainerOperation]
    private let schedule: StackSchedule
    private let budget: Budget
    private var masks = InternedPairs()
    /// Points: how many returns are behind, and which of the open operations took effect.
    private var points = InternedPairs()
    /// Topmost elements: the point right after the insertion, and the value; the bottom of the stack has value -1.
    private var tops = InternedPairs()
    /// The insertions of each, and the removals, each a list by its last item.
    private var insertionsOf: [Int32] = [-1]
    private var removalsOf: [Int32] = [-1]
    private var firstInsertion: [Int32] = [-1]
    private var links: [Link] = []
    /// Ways: the topmost element and the point reached.
    private var ways = InternedPairs()
    private var origins: [Origin] = [Origin(before: -1)]
    private var waiting: [Int32] = []
    /// The most returns that were behind.
    private var furthest: Int32 = 0
    /// A way behind all returns.
    private var complete: Int32 = -1

    /// - Parameter elementCount: one more than the largest number of a value.
    /// - Returns: `undecided` when the budget did not suffice, or too many operations are open at a time.
    static func decide(_ operations: [ContainerOperation], elementCount: Int, within budget: Budget) -> Decision {
        // What need not have happened and helps nothing: insertions of values that are not removed, and the reverse.
        var isInserted = [Bool](repeating: false, count: elementCount)
        var isRemoved = isInserted
        for operation in operations where operation.element >= 0 && !operation.isCrashed {
            if operation.action == .insert {
                isInserted[Int(operation.element)] = true
            } else {
                isRemoved[Int(operation.element)] = true
            }
        }
        let places = operations.indices.filter { place in
            let operation = operations[place]
            if !operation.isCrashed { return true }
            if operation.element < 0 { return operation.action == .remove }
            return operation.action == .insert
                ? isRemoved[Int(operation.element)] : isInserted[Int(operation.element)]
        }
        switch search(places.map { operations[$0] }, within: budget) {
        case .valid(let order): return .valid(order: order.map { Int32(places[Int($0)]) })
        case .invalid(let core): return .invalid(core: core.map { Int32(places[Int($0)]) })
        case .undecided: return .undecided
        }
    }

    private static func search(_ operations: [ContainerOperation], within budget: Budget) -> Decision {
        guard let schedule = StackSchedule(operations) else { return .undecided }
        var search = StackSearch(operations, schedule, budget)
        switch search.run() {
        case true?: return .valid(order: search.order())
        case false?:
            // Nothing got past the return after the furthest one.
            let last = operations[Int(schedule.returning[Int(search.furthest)])].returned
            let before = operations.indices.filter { operations[$0].invoked < last }.map { Int32($0) }
            return .invalid(core: reduced(before, operations, within: budget))
        case nil: return .undecided
        }
    }

    /// The operations of an impossible history without those of values that it is impossible without: without all
    /// operations of a value an order of the rest remains.
    private static func reduced(
        _ places: [Int32], _ operations: [ContainerOperation], within budget: Budget
    ) -> [Int32] {
        var groups: [Int32: [Int32]] = [:]
        var always: [Int32] = []
        for place in places {
            let operation = operations[Int(place)]
            if operation.element < 0, operation.action == .remove {
                always.append(place)
            } else {
                groups[operation.element, default: []].append(place)
            }
        }
        return CoreReduction.reduce(
            groups.keys.sorted().compactMap { groups[$0] }, always: always, effort: 16 * operations.count
        ) { places in
            let chosen = places.map { operations[Int($0)] }
            guard let schedule = StackSchedule(chosen) else { return false }
            var search = StackSearch(chosen, schedule, budget.limited(to: patience))
            return search.run() == false
        }
    }

    /// Nanoseconds for one try to make a core smaller.
    private static var patience: Int64 { 200_000_000 }

    private init(_ operations: [ContainerOperation], _ schedule: StackSchedule, _ budget: Budget) {
        self.operations = operations
        self.schedule = schedule
        self.budget = budget
    }

    /// Whether there is an order; nil when the budget did not suffice to know.
    private mutating func run() -> Bool? {
        let start = point(0, 0)
        _ = top(start, value: -1)
        add(top: 1, point: start, Origin(before: -1))
        var rounds = 0
        while complete < 0, let way = waiting.popLast() {
            rounds += 1
            if rounds & 1023 == 0, budget.timeIsUp || bytes > budget.bytes / 2 { return nil }
            extend(way)
        }
        return complete >= 0
    }

    private var bytes: Int {
        points.bytes + tops.bytes + ways.bytes + links.capacity * MemoryLayout<Link>.stride
            + origins.capacity * MemoryLayout<Origin>.stride
    }

    // MARK: - Steps

    private mutating func point(_ returns: Int32, _ mask: UInt64) -> Int32 {
        let number = masks.number(of: Int32(truncatingIfNeeded: mask), Int32(truncatingIfNeeded: mask >> 32))
        return points.number(of: returns, number)
    }

    private mutating func top(_ point: Int32, value: Int32) -> Int32 {
        let number = tops.number(of: point, value)
        if Int(number) == insertionsOf.count {
            insertionsOf.append(-1)
            removalsOf.append(-1)
            firstInsertion.append(-1)
        }
        return number
    }

    private mutating func add(top: Int32, point: Int32, _ origin: Origin) {
        let number = ways.number(of: top, point)
        guard Int(number) == origins.count else { return }
        origins.append(origin)
        waiting.append(number)
    }

    private mutating func extend(_ way: Int32) {
        let (top, from) = ways[way]
        let (returns, maskNumber) = points[from]
        furthest = max(furthest, returns)
        if Int(returns) == schedule.returning.count {
            complete = way
            return
        }
        let low = UInt64(UInt32(bitPattern: masks[maskNumber].first))
        let mask = UInt64(UInt32(bitPattern: masks[maskNumber].second)) << 32 | low
        let returning = schedule.returning[Int(returns)]
        let bit = UInt64(1) << UInt64(schedule.slot[Int(returning)])
        if mask & bit != 0 {
            add(top: top, point: point(returns + 1, mask & ~bit), Origin(before: way))
            return
        }
        // The last one to be added is the first to be gone on with: the one that returns first.
        let open = schedule.open(at: Int(returns))
        for rank in open.indices.reversed() {
            let place = schedule.openOperations[rank]
            let own = UInt64(1) << UInt64(schedule.slot[Int(place)])
            if mask & own != 0 || hasEqual(place, earlierIn: open.lowerBound..<rank, mask) { continue }
            let operation = operations[Int(place)]
            switch operation.action {
            case .insert: insert(place, operation.element, way, from: top, to: point(returns, mask | own))
            case .remove:
                guard top != 1, operation.element < 0 || operation.element == tops[top].second else { continue }
                remove(place, way, from: top, to: point(returns, mask | own))
            case .removeNothing:
                guard top == 1 else { continue }
                add(top: top, point: point(returns, mask | own), Origin(before: way, operation: place))
            }
        }
    }

    /// Whether an operation that means the same and returns earlier has not taken effect either.
    private func hasEqual(_ place: Int32, earlierIn ranks: Range<Int>, _ mask: UInt64) -> Bool {
        let operation = operations[Int(place)]
        for rank in ranks {
            let other = schedule.openOperations[rank]
            if operations[Int(other)].element == operation.element, operations[Int(other)].action == operation.action,
                mask >> UInt64(schedule.slot[Int(other)]) & 1 == 0
            {
                return true
            }
        }
        return false
    }

    private mutating func insert(_ place: Int32, _ value: Int32, _ way: Int32, from below: Int32, to point: Int32) {
        let top = top(point, value: value)
        let isNew = insertionsOf[Int(top)] < 0
        links.append(Link(way: way, operation: place, point: -1, previous: insertionsOf[Int(top)]))
        insertionsOf[Int(top)] = Int32(links.count - 1)
        if isNew {
            firstInsertion[Int(top)] = Int32(links.count - 1)
            add(top: top, point: point, Origin(before: -1))
            return
        }
        var removal = removalsOf[Int(top)]
        while removal >= 0 {
            let link = links[Int(removal)]
            add(
                top: below, point: link.point,
                Origin(before: way, inside: link.way, insertion: place, operation: link.operation))
            removal = link.previous
        }
    }

    private mutating func remove(_ place: Int32, _ way: Int32, from top: Int32, to point: Int32) {
        links.append(Link(way: way, operation: place, point: point, previous: removalsOf[Int(top)]))
        removalsOf[Int(top)] = Int32(links.count - 1)
        var insertion = insertionsOf[Int(top)]
        while insertion >= 0 {
            let link = links[Int(insertion)]
            add(
                top: ways[link.way].first, point: point,
                Origin(before: link.way, inside: way, insertion: link.operation, operation: place))
            insertion = link.previous
        }
    }

    // MARK: - The order

    /// The operations on the way that was found. A way is older than those that go on from it, and the first insertion
    /// of a topmost element is older than all ways above it, so this ends.
    private func order() -> [Int32] {
        var reversed: [Int32] = []
        // Ways to be told, or operations as `~place`.
        var left = [complete]
        var outermost = ways[complete].first
        while outermost != 1 {
            let link = links[Int(firstInsertion[Int(outermost)])]
            left.insert(contentsOf: [link.way, ~link.operation], at: 0)
            outermost = ways[link.way].first
        }
        while let item = left.popLast() {
            if item < 0 {
                reversed.append(~item)
                continue
            }
            let origin = origins[Int(item)]
            if origin.operation >= 0 { reversed.append(origin.operation) }
            if origin.before >= 0 { left.append(origin.before) }
            if origin.inside >= 0 {
                left.append(~origin.insertion)
                left.append(origin.inside)
            }
        }
        return reversed.reversed()
    }
}
