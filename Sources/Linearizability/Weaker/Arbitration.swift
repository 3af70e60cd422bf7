/// The graph of what must come before what: session order, reads-from, and inferences. A level holds if and only if it
/// has no cycle (Biswas and Enea, "On the complexity of checking transactional consistency", 2019, section 2).
struct Arbitration {
    enum Step: Hashable {
        /// The next operations of one process.
        case session
        case readsFrom
        case inference(Int32)
    }

    struct Edge: Hashable {
        var from: Int32
        var to: Int32
        var step: Step
    }

    let execution: Execution
    let inferences: [Inference]
    private let outgoing: GroupedPositions
    private let nodes: Int

    init(_ execution: Execution, _ inferences: [Inference], collectors: Int = 0) {
        self.execution = execution
        self.inferences = inferences
        nodes = execution.nodeCount + collectors
        outgoing = GroupedPositions(rows: nodes, row: inferences.map(\.from))
    }

    /// All edges out of a node; inferences only below `limit`.
    @inline(__always)
    private func forEdges(_ node: Int32, inferencesBelow limit: Int32, _ body: (Int32, Step) -> Void) {
        if node < execution.nodeCount {
            let next = execution.next(node)
            if next >= 0 { body(next, .session) }
            for reader in execution.readers[Int(node)] { body(reader, .readsFrom) }
        }
        for place in outgoing[Int(node)] where place < limit {
            body(inferences[Int(place)].to, .inference(place))
        }
    }

    /// A topological order of all nodes that are on no cycle and behind none; the number of incoming edges that are
    /// left of the others.
    func sorted() -> (order: [Int32], incoming: [Int32]) {
        var incoming = [Int32](repeating: 0, count: nodes)
        let isLive = execution.attribution.isLive
        for node in 0..<execution.nodeCount where isLive[node] {
            if execution.index[node] > 0 { incoming[node] += 1 }
            if execution.attribution.source[node] >= 0 { incoming[node] += 1 }
        }
        for inference in inferences { incoming[Int(inference.to)] += 1 }
        var order: [Int32] = []
        order.reserveCapacity(nodes)
        for node in 0..<nodes where incoming[node] == 0 {
            if node >= execution.nodeCount || isLive[node] { order.append(Int32(node)) }
        }
        var done = 0
        while done < order.count {
            let node = order[done]
            done += 1
            forEdges(node, inferencesBelow: .max) { target, _ in
                incoming[Int(target)] -= 1
                if incoming[Int(target)] == 0 { order.append(target) }
            }
        }
        return (order, incoming)
    }

    /// A short cycle, or nil when there is none.
    func cycle() -> [Edge]? {
        let incoming = sorted().incoming
        guard incoming.contains(where: { $0 > 0 }) else { return nil }
        // Every cycle has an inference or a read in it.
        var starts: [Edge] = []
        for (place, inference) in inferences.enumerated()
        where incoming[Int(inference.from)] > 0 && incoming[Int(inference.to)] > 0 {
            starts.append(Edge(from: inference.from, to: inference.to, step: .inference(Int32(place))))
        }
        if starts.isEmpty {
            for node in 0..<execution.nodeCount where execution.attribution.source[node] >= 0 && incoming[node] > 0 {
                let source = execution.attribution.source[node]
                if incoming[Int(source)] > 0 {
                    starts.append(Edge(from: source, to: Int32(node), step: .readsFrom))
                }
            }
        }
        var search = PathSearch(nodes: nodes)
        var best: [Edge]?
        var work = 4 * nodes + 100_000
        for start in starts where work > 0 {
            let path = search.path(
                from: start.to, to: start.from, atMost: (best?.count ?? .max) - 2, work: &work,
                edges: { node, body in
                    forEdges(node, inferencesBelow: .max) { target, step in
                        if incoming[Int(target)] > 0 { body(target, step) }
                    }
                })
            if let path { best = [start] + path }
            if best?.count == 2 { break }
        }
        if let best { return best }
        // The bounded search found none: walk backwards among what is left until something comes again.
        return walk(incoming)
    }

    /// The shortest path over session order, reads-from and the inferences below `limit`.
    func path(from start: Int32, to end: Int32, inferencesBelow limit: Int32) -> [Edge]? {
        var search = PathSearch(nodes: nodes)
        var work = Int.max
        return search.path(
            from: start, to: end, atMost: .max, work: &work,
            edges: { node, body in forEdges(node, inferencesBelow: limit, body) })
    }

    /// Any cycle: every node that is left has a predecessor that is left.
    private func walk(_ incoming: [Int32]) -> [Edge]? {
        var predecessor = [Edge?](repeating: nil, count: nodes)
        for node in 0..<nodes where incoming[node] > 0 {
            forEdges(Int32(node), inferencesBelow: .max) { target, step in
                predecessor[Int(target)] = Edge(from: Int32(node), to: target, step: step)
            }
        }
        guard var node = incoming.indices.first(where: { incoming[$0] > 0 }) else { return nil }
        var seen = [Bool](repeating: false, count: nodes)
        while !seen[node] {
            seen[node] = true
            guard let edge = predecessor[node] else { return nil }
            node = Int(edge.from)
        }
        var edges: [Edge] = []
        let first = node
        repeat {
            guard let edge = predecessor[node] else { return nil }
            edges.append(edge)
            node = Int(edge.from)
        } while node != first
        return edges.reversed()
    }
}

/// Breadth-first search, many times over the same nodes.
struct PathSearch {
    private var parent: [Arbitration.Edge?]
    private var stamp: [Int32]
    private var depth: [Int32]
    private var round: Int32 = 0
    private var queue: [Int32] = []

    init(nodes: Int) {
        parent = Array(repeating: nil, count: nodes)
        stamp = Array(repeating: 0, count: nodes)
        depth = Array(repeating: 0, count: nodes)
    }

    /// The shortest path of at most `limit` edges; `work` counts down with every edge that is looked at.
    mutating func path(
        from start: Int32, to end: Int32, atMost limit: Int, work: inout Int,
        edges: (Int32, (Int32, Arbitration.Step) -> Void) -> Void
    ) -> [Arbitration.Edge]? {
        round += 1
        queue.removeAll(keepingCapacity: true)
        queue.append(start)
        stamp[Int(start)] = round
        depth[Int(start)] = 0
        var head = 0
        var isFound = start == end
        while head < queue.count, !isFound, work > 0 {
            let node = queue[head]
            head += 1
            if depth[Int(node)] >= limit { break }
            edges(node) { target, step in
                work -= 1
                if stamp[Int(target)] == round { return }
                stamp[Int(target)] = round
                depth[Int(target)] = depth[Int(node)] + 1
                parent[Int(target)] = Arbitration.Edge(from: node, to: target, step: step)
                queue.append(target)
                if target == end { isFound = true }
            }
        }
        guard isFound else { return nil }
        var path: [Arbitration.Edge] = []
        var node = end
        while node != start {
            guard let edge = parent[Int(node)] else { return nil }
            path.append(edge)
            node = edge.from
        }
        return path.reversed()
    }
}
