/// Decides a register whose values are written at most once each, in linear time.
///
/// After Gibbons and Korach ("Testing Shared Memories", 1997): the operations of a value form a cluster, whose zone
/// lies between f, the first return in it, and s, the last invocation in it. With f < s (forward) some operation of the
/// cluster is over before another begins, and the value was in place from f to s; otherwise (backward) all can have
/// taken effect at any one instant from s to f. An order exists if and only if no two forward zones overlap and no
/// backward zone lies inside a forward one.
///
/// A compare-and-set from a to b reads a and creates b with nothing in between, so the values that such operations
/// link form a *chain*, which is one cluster for the rule above. Inside a chain the order of the values is fixed: none
/// of a later value may be over before one of an earlier value begins.
///
/// Optional writes count only where their value is needed: by an operation that took effect, or by an optional
/// compare-and-set whose target is needed. Refused compare-and-sets are placed into the order afterwards.
struct RegisterZones {
    enum Decision {
        /// Places of the operations that took effect, in a valid order.
        case valid([Int32])
        /// Places of operations that already contradict each other, with everything else about their values.
        case invalid([Int32])
        /// A value is written twice, or a refused compare-and-set finds no place in the orders that were tried.
        case undecided
    }

    /// What is known of one value. The cluster at the head of a chain has the zone of the chain in the end.
    private struct Cluster: BitwiseCopyable {
        /// The place of the operation that creates it; `unwritten` or `initially`.
        var creator: Int32 = unwritten
        var firstReturn: Int32 = .max
        var lastInvocation: Int32 = -1
        /// Reads of it; later the place in the order of the next of them.
        var reads: Int32 = 0

        /// Whether some operation that took effect, or must have, is one of it.
        var isNeeded: Bool { lastInvocation >= 0 || creator == initially }
    }

    private static let unwritten: Int32 = -2
    private static let initially: Int32 = -1

    private let reading: RegisterReading
    private let clusters: FlatArray<Cluster>
    /// Of each cluster the place of the compare-and-set that replaces it, or -1; empty where there are none.
    private let successors: FlatArray<Int32>
    /// Clusters that an optional operation or a compare-and-set creates.
    private var conditional: [Int32] = []
    private var hasRefusals = false

    static func decide(_ reading: RegisterReading) -> Decision {
        var zones = RegisterZones(reading)
        return zones.decide()
    }

    private init(_ reading: RegisterReading) {
        self.reading = reading
        clusters = FlatArray(repeating: Cluster(), count: reading.valueCount)
        successors = FlatArray(repeating: -1, count: reading.hasTargets ? reading.valueCount : 0)
    }

    private mutating func decide() -> Decision {
        clusters[Int(reading.initial)].creator = Self.initially
        clusters[Int(reading.initial)].firstReturn = -1
        guard collect() else { return .undecided }
        if let places = needSources() { return .invalid(places) }
        for cluster in 0..<clusters.count where isWithoutSource(clusters[cluster]) {
            return .invalid(members(of: demand(for: Int32(cluster))))
        }
        if reading.hasTargets, let together = linkChains() { return .invalid(members(of: together)) }
        return order()
    }

    // MARK: - Clusters

    /// Sorts the operations into clusters.
    /// - Returns: false when a value has two writers.
    private mutating func collect() -> Bool {
        reading.operations.withUnsafeBufferPointer { operations in
            for place in operations.indices {
                let cluster = Int(reading.value(place))
                switch reading.action(place) {
                case .read:
                    note(cluster, operations[place])
                    clusters[cluster].reads &+= 1
                case .write:
                    guard clusters[cluster].creator == Self.unwritten else { return false }
                    clusters[cluster].creator = Int32(truncatingIfNeeded: place)
                    if operations[place].isMandatory {
                        note(cluster, operations[place])
                    } else {
                        conditional.append(Int32(truncatingIfNeeded: cluster))
                    }
                case .cas:
                    let target = Int(reading.target(place))
                    guard clusters[target].creator == Self.unwritten else { return false }
                    clusters[target].creator = Int32(truncatingIfNeeded: place)
                    if operations[place].isMandatory { note(target, operations[place]) }
                    conditional.append(Int32(truncatingIfNeeded: target))
                case .refusedCAS, .idle: hasRefusals = true
                case .dropped: break
                }
            }
            return true
        }
    }

    /// Makes the operation one of the cluster.
    @inline(__always)
    private func note(_ cluster: Int, _ operation: PartitionOperation) {
        clusters[cluster].firstReturn = min(clusters[cluster].firstReturn, operation.returned)
        clusters[cluster].lastInvocation = max(clusters[cluster].lastInvocation, operation.invoked)
    }

    /// Counts the optional creators of needed values, and makes the sources of compare-and-sets needed that create
    /// such values.
    /// - Returns: operations that contradict each other, when two of them must have replaced one value.
    private func needSources() -> [Int32]? {
        var work: [Int32] = []
        for cluster in conditional where clusters[Int(cluster)].isNeeded {
            count(creatorOf: cluster, &work)
        }
        while let cluster = work.popLast() {
            let place = clusters[Int(cluster)].creator
            let source = reading.value(Int(place))
            if successors[Int(source)] >= 0 {
                let other = reading.target(Int(successors[Int(source)]))
                return members(of: [source] + demand(for: cluster) + demand(for: other))
            }
            successors[Int(source)] = place
            let wasNeeded = clusters[Int(source)].isNeeded
            note(Int(source), reading.operations[Int(place)])
            if !wasNeeded && clusters[Int(source)].creator >= 0 { count(creatorOf: source, &work) }
        }
        return nil
    }

    private func count(creatorOf cluster: Int32, _ work: inout [Int32]) {
        let creator = Int(clusters[Int(cluster)].creator)
        note(Int(cluster), reading.operations[creator])
        if reading.action(creator) == .cas { work.append(cluster) }
    }

    private func successor(_ cluster: Int32) -> Int32 { successors.count == 0 ? -1 : successors[Int(cluster)] }

    /// The cluster, and those for whose sake it is needed.
    private func demand(for cluster: Int32) -> [Int32] {
        var found = [cluster]
        var isFound: Set<Int32> = [cluster]
        while let last = found.last, successor(last) >= 0 {
            let next = reading.target(Int(successor(last)))
            if !isFound.insert(next).inserted { break }
            found.append(next)
        }
        return found
    }

    /// Whether the value is needed before it can have been there.
    @inline(__always)
    private func isWithoutSource(_ cluster: Cluster) -> Bool {
        guard cluster.isNeeded else { return false }
        if cluster.creator == Self.unwritten { return true }
        return cluster.creator >= 0 && cluster.firstReturn < reading.operations[Int(cluster.creator)].invoked
    }

    // MARK: - Chains

    /// Whether the cluster is needed and not created by a compare-and-set.
    @inline(__always)
    private func isHead(_ cluster: Cluster) -> Bool {
        guard cluster.isNeeded else { return false }
        return successors.count == 0 || cluster.creator < 0 || reading.action(Int(cluster.creator)) != .cas
    }

    /// Follows the compare-and-sets from every value that was written, or was there from the start.
    /// - Returns: clusters that contradict each other.
    private func linkChains() -> [Int32]? {
        var linked = 0
        var needed = 0
        for head in 0..<clusters.count where clusters[head].isNeeded {
            needed += 1
            if !isHead(clusters[head]) { continue }
            linked += 1
            var whole = clusters[head]
            var last = successors[head]
            while last >= 0 {
                let place = reading.target(Int(last))
                let part = clusters[Int(place)]
                linked += 1
                if part.firstReturn < whole.lastInvocation { return upTo(place, from: Int32(head)) }
                whole.firstReturn = min(whole.firstReturn, part.firstReturn)
                whole.lastInvocation = max(whole.lastInvocation, part.lastInvocation)
                last = successors[Int(place)]
            }
            clusters[head] = whole
        }
        if linked == needed { return nil }
        // What is left goes in circles: every value needs another of them first.
        var isLinked = [Bool](repeating: false, count: clusters.count)
        for head in 0..<clusters.count where isHead(clusters[head]) {
            for cluster in demand(for: Int32(head)) { isLinked[Int(cluster)] = true }
        }
        return isLinked.indices.filter { clusters[$0].isNeeded && !isLinked[$0] }.map { Int32($0) }
    }

    /// The clusters of a chain from its head to `last`.
    private func upTo(_ last: Int32, from head: Int32) -> [Int32] {
        var found = [head]
        while let place = found.last, place != last { found.append(reading.target(Int(successor(place)))) }
        return found
    }

    /// Places of all operations of the clusters, those that may have created them included.
    private func members(of found: [Int32]) -> [Int32] {
        var isFound = [Bool](repeating: false, count: clusters.count)
        for cluster in found { isFound[Int(cluster)] = true }
        return reading.operations.indices.filter { place in
            switch reading.action(place) {
            case .read, .write: isFound[Int(reading.value(place))]
            case .cas: isFound[Int(reading.value(place))] || isFound[Int(reading.target(place))]
            case .refusedCAS, .idle, .dropped: false
            }
        }.map { Int32($0) }
    }

    // MARK: - Order

    /// Goes through the zones in order of their beginnings, which is also a valid order of the chains.
    private func order() -> Decision {
        let keys = sortedHeads()
        var end: Int32 = -2
        var holder: Int32 = -1
        for key in keys {
            let head = Int32(truncatingIfNeeded: key & 0xffff_ffff)
            let chain = clusters[Int(head)]
            if chain.firstReturn < end {
                return .invalid(members(of: demand(for: head) + demand(for: holder)))
            }
            if chain.firstReturn < chain.lastInvocation {
                end = chain.lastInvocation
                holder = head
            }
        }
        let heads = keys.map { Int32(truncatingIfNeeded: $0 & 0xffff_ffff) }
        if !hasRefusals { return .valid(layOut(heads)) }
        return insertRefusals(heads)
    }

    /// Looks for an order of the chains that has places for the compare-and-sets that were refused: the one that is
    /// there, then one in which chains come late, then with chains moved that leave no place.
    private func insertRefusals(_ early: [Int32]) -> Decision {
        // Laying out the order counts the reads down.
        let reads = (0..<clusters.count).map { clusters[$0].reads }
        let leftovers = leftovers()
        if case .whole(let order) = OrderInsertion(reading, layOut(early)).insert(leftovers) { return .valid(order) }
        let chains = movableChains(early)
        let chainOf = chainsByLastValue(chains)
        var heads = ChainSchedule.order(chains, observers: observers(chainOf)).map { chains[Int($0)].head }
        var moved: Set<UInt64> = []
        for _ in 0..<Self.mostMoves {
            for cluster in reads.indices { clusters[cluster].reads = reads[cluster] }
            switch OrderInsertion(reading, layOut(heads)).insert(leftovers) {
            case .whole(let order): return .valid(order)
            case .stuck(let leftover):
                guard leftover.excluded >= 0, chainOf[Int(leftover.excluded)] >= 0 else { return .undecided }
                let chain = chains[Int(chainOf[Int(leftover.excluded)])]
                guard let place = heads.firstIndex(of: chain.head), move(place, &heads, &moved) else {
                    return .undecided
                }
            }
        }
        return .undecided
    }

    private static let mostMoves = 32

    /// Swaps a chain with the one in front of it, or else with the one behind it, where time allows that and it was
    /// not done before.
    private func move(_ place: Int, _ heads: inout [Int32], _ moved: inout Set<UInt64>) -> Bool {
        for first in [place - 1, place] where first >= 0 && first + 1 < heads.count {
            let (one, other) = (Int(heads[first]), Int(heads[first + 1]))
            if clusters[one].firstReturn < clusters[other].lastInvocation { continue }
            if !moved.insert(UInt64(one) << 32 | UInt64(other)).inserted { continue }
            heads.swapAt(first, first + 1)
            return true
        }
        return false
    }

    /// The heads of all chains in the lower halves, by the beginnings of their zones.
    private func sortedHeads() -> [UInt64] {
        var latest: Int32 = 0
        var keys = [UInt64](unsafeUninitializedCapacity: clusters.count) { keys, count in
            if let base = keys.baseAddress {
                FlatMemory.prefersHugePages(base, bytes: keys.count * MemoryLayout<UInt64>.stride)
            }
            for head in 0..<clusters.count where isHead(clusters[head]) {
                let chain = clusters[head]
                let start = min(chain.firstReturn, chain.lastInvocation)
                latest = max(latest, start)
                keys[count] = UInt64(UInt32(bitPattern: start + 2)) << 32 | UInt64(head)
                count += 1
            }
        }
        RadixSort.sortNearlySorted(&keys, bits: 32 - (latest + 2).leadingZeroBitCount, shift: 32)
        return keys
    }

    /// The chains, and optional writes that nobody needs: somebody may need that they replaced another value.
    private func movableChains(_ heads: [Int32]) -> [ChainSchedule.Chain] {
        var chains = heads.map { head in
            ChainSchedule.Chain(
                head: head, firstReturn: clusters[Int(head)].firstReturn,
                lastInvocation: clusters[Int(head)].lastInvocation)
        }
        for head in conditional where !clusters[Int(head)].isNeeded {
            let creator = Int(clusters[Int(head)].creator)
            if reading.action(creator) != .write { continue }
            note(Int(head), reading.operations[creator])
            chains.append(
                .init(
                    head: head, firstReturn: PartitionOperation.never,
                    lastInvocation: reading.operations[creator].invoked))
        }
        return chains
    }

    /// Of each value that is the last of a chain the number of the chain; -1 for any other.
    private func chainsByLastValue(_ chains: [ChainSchedule.Chain]) -> [Int32] {
        var chainOf = [Int32](repeating: -1, count: clusters.count)
        for (number, chain) in chains.enumerated() {
            var last = chain.head
            while successor(last) >= 0 { last = reading.target(Int(successor(last))) }
            chainOf[Int(last)] = Int32(number)
        }
        return chainOf
    }

    private func observers(_ chainOf: [Int32]) -> [ChainSchedule.Observer] {
        reading.operations.indices.compactMap { place in
            guard reading.action(place) == .refusedCAS else { return nil }
            let chain = chainOf[Int(reading.value(place))]
            if chain < 0 { return nil }
            return .init(
                invoked: reading.operations[place].invoked, returned: reading.operations[place].returned, chain: chain)
        }
    }

    private func leftovers() -> [OrderInsertion.Leftover] {
        reading.operations.indices.compactMap { place in
            switch reading.action(place) {
            case .refusedCAS: .init(place: Int32(place), excluded: reading.value(place))
            case .idle: .init(place: Int32(place), excluded: -1)
            case .read, .write, .cas, .dropped: nil
            }
        }
    }

    /// Lays out the operations: chain after chain, in each value after value, of a value the creator first, then the
    /// reads in order of invocation.
    private func layOut(_ heads: [Int32]) -> [Int32] {
        [Int32](unsafeUninitializedCapacity: reading.operations.count) { order, count in
            guard let base = order.baseAddress else { return }
            FlatMemory.prefersHugePages(base, bytes: order.count * MemoryLayout<Int32>.stride)
            var next: Int32 = 0
            for head in heads {
                var cluster = Int(head)
                while true {
                    let creator = clusters[cluster].creator
                    if creator >= 0 {
                        base[Int(next)] = creator
                        next &+= 1
                    }
                    let reads = clusters[cluster].reads
                    clusters[cluster].reads = next
                    next &+= reads
                    guard successors.count > 0, successors[cluster] >= 0 else { break }
                    cluster = Int(reading.target(Int(successors[cluster])))
                }
            }
            for place in reading.operations.indices where reading.action(place) == .read {
                let cluster = Int(reading.value(place))
                base[Int(clusters[cluster].reads)] = Int32(truncatingIfNeeded: place)
                clusters[cluster].reads &+= 1
            }
            count = Int(next)
        }
    }
}
