/// Of each session and key the writes that it saw, in order, with a node for every prefix: one edge out of such a node
/// stands for one edge out of every write of the prefix.
struct ReadChains {
    struct Chain {
        var session: Int32
        /// Its links.
        var start: Int
        var end: Int
    }

    struct Link {
        /// The write that was seen, the operation that saw it, and that operation's place in its session.
        var source: Int32
        var reader: Int32
        var index: Int32
    }

    private(set) var links: [Link] = []
    /// The edges from the writes to the prefixes, and from each prefix to the next.
    private(set) var inferences: [Inference] = []
    private var chains: [Chain] = []
    private var firstChain: [Int] = []
    /// The first link of each source in each chain.
    private var places: [UInt64: Int] = [:]
    private let nodeCount: Int

    /// Only sessions that write are of interest: nothing is learnt through the others.
    init(_ execution: Execution) {
        nodeCount = execution.nodeCount
        let entries = execution.trace.entries
        let source = execution.attribution.source
        var readers: [Int32] = []
        for session in 0..<execution.trace.sessionCount {
            let members = execution.members[session]
            guard members.contains(where: { entries[Int($0)].isWrite }) else { continue }
            for place in members where source[Int(place)] >= 0 { readers.append(place) }
        }
        let byKey = GroupedPositions(
            rows: execution.trace.keys.count, row: readers.map { entries[Int($0)].key })
        for key in execution.trace.keys.indices {
            firstChain.append(chains.count)
            for position in byKey[key] {
                let reader = readers[Int(position)]
                append(
                    Link(source: source[Int(reader)], reader: reader, index: execution.index[Int(reader)]),
                    session: entries[Int(reader)].session, startsKey: chains.count == firstChain[key])
            }
        }
        firstChain.append(chains.count)
        for (number, chain) in chains.enumerated() {
            for place in chain.start..<chain.end {
                let name = UInt64(number) << 32 | UInt64(UInt32(links[place].source))
                if places[name] == nil { places[name] = place }
                inferences.append(
                    Inference(
                        from: links[place].source, to: collector(place), reader: links[place].reader,
                        reason: .collected))
                if place > chain.start {
                    inferences.append(
                        Inference(from: collector(place - 1), to: collector(place), reader: -1, reason: .collected))
                }
            }
        }
    }

    private mutating func append(_ link: Link, session: Int32, startsKey: Bool) {
        if !startsKey, chains[chains.count - 1].session == session {
            if links[links.count - 1].source == link.source { return }
            chains[chains.count - 1].end += 1
        } else {
            chains.append(Chain(session: session, start: links.count, end: links.count + 1))
        }
        links.append(link)
    }

    func ofKey(_ key: Int32) -> ArraySlice<Chain> { chains[firstChain[Int(key)]..<firstChain[Int(key) + 1]] }

    /// The node that comes after the writes of the chain's links up to this one.
    func collector(_ place: Int) -> Int32 { Int32(nodeCount + place) }

    /// The first link of the chain that was made later than at `limit` in its session.
    func end(of chain: Chain, upTo limit: Int32) -> Int {
        var low = chain.start
        var high = chain.end
        while low < high {
            let middle = (low + high) >> 1
            if links[middle].index <= limit { low = middle + 1 } else { high = middle }
        }
        return low
    }

    /// The first link of the source, or `end`.
    func first(of source: Int32, in chain: Chain, before end: Int) -> Int {
        guard source >= 0, chain.start < end else { return end }
        var low = firstChain.startIndex
        var high = chains.count
        while low < high {
            let middle = (low + high) >> 1
            if chains[middle].start < chain.start { low = middle + 1 } else { high = middle }
        }
        return min(places[UInt64(low) << 32 | UInt64(UInt32(source))] ?? end, end)
    }
}
