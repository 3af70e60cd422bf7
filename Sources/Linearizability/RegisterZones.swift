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
        /// A value is written twice, or a refused compare-and-set finds no place in the order that was found.
        case undecided
    }

    /// What is known of one value.
    private struct Cluster {
        /// The place of the operation that creates it; `unwritten` or `initially`.
        var creator: Int32 = unwritten
        /// The place of the compare-and-set that replaces it, or -1.
        var successor: Int32 = -1
        var firstReturn: Int32 = .max
        var lastInvocation: Int32 = -1
        /// Whether the creator must have taken effect.
        var isNeeded = false
        /// The number of its chain, or -1.
        var chain: Int32 = -1
    }

    private static let unwritten: Int32 = -2
    private static let initially: Int32 = -1

    private let steps: [RegisterReading.Step]
    private let initial: Int32
    private let scratch: Scratch
    private var clusters: [Cluster] = []
    /// Of each step the cluster of its source, for a write that of its target.
    private var clusterOf: [Int32]
    /// Clusters of the targets of compare-and-sets, by place; empty where there are none.
    private var targetOf: [Int32] = []
    private var chainHeads: [Int32] = []

    /// Memory that one thread uses for many partitions: the cluster of each value, where it has one in this round.
    final class Scratch {
        /// `round << 32 | cluster` by value.
        private var entries: [UInt64] = []
        private var round: UInt64 = 0

        func start(_ valueCount: Int) {
            if entries.count < valueCount {
                entries = [UInt64](repeating: 0, count: valueCount)
                round = 0
            }
            round += 1
            if round > UInt64(UInt32.max) {
                for place in entries.indices { entries[place] = 0 }
                round = 1
            }
        }

        /// The cluster of a value, or `next` when it had none until now.
        @inline(__always)
        func cluster(of value: Int32, next: Int32) -> Int32 {
            let entry = entries[Int(value)]
            if entry >> 32 == round { return Int32(truncatingIfNeeded: entry & 0xffff_ffff) }
            entries[Int(value)] = round << 32 | UInt64(UInt32(bitPattern: next))
            return next
        }
    }

    static func decide(_ reading: RegisterReading, scratch: Scratch) -> Decision {
        var zones = RegisterZones(reading, scratch)
        return zones.decide()
    }

    private init(_ reading: RegisterReading, _ scratch: Scratch) {
        steps = reading.steps
        initial = reading.initial
        self.scratch = scratch
        clusterOf = [Int32](repeating: -1, count: steps.count)
        scratch.start(reading.valueCount)
        clusters.reserveCapacity(min(reading.valueCount, steps.count + 1))
    }

    private mutating func decide() -> Decision {
        let first = cluster(of: initial)
        clusters[Int(first)].creator = Self.initially
        clusters[Int(first)].firstReturn = -1
        clusters[Int(first)].isNeeded = true
        guard collect() else { return .undecided }
        if let places = needSources() { return .invalid(places) }
        if let cluster = clusters.firstIndex(where: isWithoutSource) {
            return .invalid(members(of: demand(for: Int32(cluster))))
        }
        if let pair = linkChains() { return .invalid(members(of: pair)) }
        return order()
    }

    private mutating func cluster(of value: Int32) -> Int32 {
        let next = Int32(clusters.count)
        let cluster = scratch.cluster(of: value, next: next)
        if cluster == next { clusters.append(Cluster()) }
        return cluster
    }

    // MARK: - Clusters

    /// Sorts the operations into clusters.
    /// - Returns: false when a value has two writers, or two optional compare-and-sets may replace one.
    private mutating func collect() -> Bool {
        for place in steps.indices {
            let step = steps[place]
            switch step.action {
            case .write:
                let cluster = cluster(of: step.target)
                clusterOf[place] = cluster
                guard create(cluster, Int32(place)) else { return false }
            case .read:
                let cluster = cluster(of: step.source)
                clusterOf[place] = cluster
                note(cluster, step)
                clusters[Int(cluster)].isNeeded = true
            case .cas:
                if targetOf.isEmpty { targetOf = [Int32](repeating: -1, count: steps.count) }
                let source = cluster(of: step.source)
                let target = cluster(of: step.target)
                clusterOf[place] = source
                targetOf[place] = target
                guard create(target, Int32(place)) else { return false }
            case .refusedCAS, .idle, .dropped: break
            }
        }
        return true
    }

    private mutating func create(_ cluster: Int32, _ place: Int32) -> Bool {
        guard clusters[Int(cluster)].creator == Self.unwritten else { return false }
        clusters[Int(cluster)].creator = place
        if steps[Int(place)].returned != PartitionOperation.never { clusters[Int(cluster)].isNeeded = true }
        return true
    }

    /// Makes the operation one of the cluster.
    @inline(__always)
    private mutating func note(_ cluster: Int32, _ step: RegisterReading.Step) {
        clusters[Int(cluster)].firstReturn = min(clusters[Int(cluster)].firstReturn, step.returned)
        clusters[Int(cluster)].lastInvocation = max(clusters[Int(cluster)].lastInvocation, step.invoked)
    }

    /// Counts the creators of needed values, and makes the sources of compare-and-sets needed that create them.
    /// - Returns: operations that contradict each other, when two of them must have replaced one value.
    private mutating func needSources() -> [Int32]? {
        var work: [Int32] = []
        for cluster in clusters.indices where clusters[cluster].isNeeded && clusters[cluster].creator >= 0 {
            let step = steps[Int(clusters[cluster].creator)]
            note(Int32(cluster), step)
            if step.action == .cas { work.append(Int32(cluster)) }
        }
        while let cluster = work.popLast() {
            let place = clusters[Int(cluster)].creator
            let source = clusterOf[Int(place)]
            if clusters[Int(source)].successor >= 0 {
                let other = targetOf[Int(clusters[Int(source)].successor)]
                return members(of: [source] + demand(for: cluster) + demand(for: other))
            }
            clusters[Int(source)].successor = place
            note(source, steps[Int(place)])
            if !clusters[Int(source)].isNeeded {
                clusters[Int(source)].isNeeded = true
                let creator = clusters[Int(source)].creator
                if creator >= 0 {
                    note(source, steps[Int(creator)])
                    if steps[Int(creator)].action == .cas { work.append(source) }
                }
            }
        }
        return nil
    }

    /// The cluster, and those for whose sake it is needed.
    private func demand(for cluster: Int32) -> [Int32] {
        var found = [cluster]
        while let last = found.last, clusters[Int(last)].successor >= 0 {
            let next = targetOf[Int(clusters[Int(last)].successor)]
            if found.contains(next) { break }
            found.append(next)
        }
        return found
    }

    /// Whether the value is needed before it can have been there.
    private func isWithoutSource(_ cluster: Cluster) -> Bool {
        guard cluster.isNeeded else { return false }
        if cluster.creator == Self.unwritten { return true }
        return cluster.creator >= 0 && cluster.firstReturn < steps[Int(cluster.creator)].invoked
    }

    // MARK: - Chains

    private struct Chain {
        var firstReturn: Int32
        var lastInvocation: Int32
    }

    private var chains: [Chain] = []

    /// Follows the compare-and-sets from every value that was written, or was there from the start.
    /// - Returns: clusters that contradict each other.
    private mutating func linkChains() -> [Int32]? {
        var linked = 0
        var needed = 0
        for cluster in clusters.indices {
            guard clusters[cluster].isNeeded else { continue }
            needed += 1
            let creator = clusters[cluster].creator
            if creator >= 0 && steps[Int(creator)].action == .cas { continue }
            let chain = Int32(chains.count)
            chainHeads.append(Int32(cluster))
            var whole = Chain(firstReturn: .max, lastInvocation: -1)
            var place = cluster
            while true {
                linked += 1
                clusters[place].chain = chain
                let part = clusters[place]
                if part.firstReturn < whole.lastInvocation { return upTo(Int32(place), from: Int32(cluster)) }
                whole.firstReturn = min(whole.firstReturn, part.firstReturn)
                whole.lastInvocation = max(whole.lastInvocation, part.lastInvocation)
                guard part.successor >= 0 else { break }
                place = Int(targetOf[Int(part.successor)])
            }
            chains.append(whole)
        }
        if linked == needed { return nil }
        // What is left goes in circles: every value needs another of them first.
        return clusters.indices.filter { clusters[$0].isNeeded && clusters[$0].chain < 0 }.map { Int32($0) }
    }

    /// The clusters of a chain from its head to `last`.
    private func upTo(_ last: Int32, from head: Int32) -> [Int32] {
        var found = [head]
        while let place = found.last, place != last { found.append(targetOf[Int(clusters[Int(place)].successor)]) }
        return found
    }

    private func clusters(ofChain chain: Int32) -> [Int32] {
        clusters.indices.filter { clusters[$0].chain == chain }.map { Int32($0) }
    }

    /// Places of all operations of the clusters, those that may have created them included.
    private func members(of found: [Int32]) -> [Int32] {
        var isFound = [Bool](repeating: false, count: clusters.count)
        for cluster in found { isFound[Int(cluster)] = true }
        return steps.indices.filter { place in
            let (source, target) = (clusterOf[place], targetOf.isEmpty ? -1 : targetOf[place])
            return source >= 0 && isFound[Int(source)] || target >= 0 && isFound[Int(target)]
        }.map { Int32($0) }
    }

    // MARK: - Order

    /// Goes through the zones in order of their beginnings, which is also a valid order of the chains.
    private mutating func order() -> Decision {
        var keys: [UInt64] = []
        keys.reserveCapacity(chains.count)
        var latest: Int32 = 0
        for (number, chain) in chains.enumerated() {
            let start = min(chain.firstReturn, chain.lastInvocation)
            latest = max(latest, start)
            keys.append(UInt64(UInt32(bitPattern: start + 2)) << 32 | UInt64(number))
        }
        RadixSort.sort(&keys, bits: 32 - (latest + 2).leadingZeroBitCount, shift: 32)
        var end: Int32 = -2
        var holder: Int32 = -1
        for key in keys {
            let number = Int32(truncatingIfNeeded: key & 0xffff_ffff)
            let chain = chains[Int(number)]
            if chain.firstReturn < end {
                return .invalid(members(of: clusters(ofChain: number) + clusters(ofChain: holder)))
            }
            if chain.firstReturn < chain.lastInvocation {
                end = chain.lastInvocation
                holder = number
            }
        }
        return place(keys)
    }

    /// Lays out the operations: chain after chain, in each value after value, of a value the creator first, then the
    /// reads in order of invocation.
    private mutating func place(_ keys: [UInt64]) -> Decision {
        var start = [Int32](repeating: -1, count: clusters.count)
        var size = [Int32](repeating: 0, count: clusters.count)
        for place in steps.indices where steps[place].action == .read { size[Int(clusterOf[place])] += 1 }
        var next: Int32 = 0
        var order = [Int32](repeating: -1, count: steps.count)
        for key in keys {
            var cluster = Int(chainHeads[Int(key & 0xffff_ffff)])
            while true {
                if clusters[cluster].creator >= 0 {
                    order[Int(next)] = clusters[cluster].creator
                    next += 1
                }
                start[cluster] = next
                next += size[cluster]
                guard clusters[cluster].successor >= 0 else { break }
                cluster = Int(targetOf[Int(clusters[cluster].successor)])
            }
        }
        var leftovers: [OrderInsertion.Leftover] = []
        for place in steps.indices {
            switch steps[place].action {
            case .read:
                let cluster = Int(clusterOf[place])
                order[Int(start[cluster])] = Int32(place)
                start[cluster] += 1
            case .refusedCAS: leftovers.append(.init(place: Int32(place), excluded: steps[place].source))
            case .idle: leftovers.append(.init(place: Int32(place), excluded: -1))
            case .write, .cas, .dropped: break
            }
        }
        order.removeLast(order.count - Int(next))
        if leftovers.isEmpty { return .valid(order) }
        guard let whole = OrderInsertion(steps, order).insert(leftovers, initial: initial) else {
            return .undecided
        }
        return .valid(whole)
    }

}
