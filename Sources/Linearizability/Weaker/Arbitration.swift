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
                from: start.to, to: start.from, atMost: (best.map(PathSearch.length) ?? .max) - 2, work: &work,
                edges: { node, body in
                    forEdges(node, inferencesBelow: .max) { target, step in
                        if incoming[Int(target)] > 0 { body(target, step) }
                    }
                })
            if let path { best = [start] + path }
            if best.map(PathSearch.length) ?? .max <= 2 { break }
        }
        if let best { return best }
        // The bounded search found none: walk backwards among what is left until something comes again.
        return walk(incoming)
    }

    /// What `path` needs; worth keeping for many paths.
    var pathSearch: PathSearch { PathSearch(nodes: nodes) }

    /// A path with the fewest steps between processes, over session order, reads-from and the inferences below `limit`.
    func path(from start: Int32, to end: Int32, inferencesBelow limit: Int32, _ search: inout PathSearch) -> [Edge]? {
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

/// Search for the path with the fewest steps from process to process, many times over the same nodes.
struct PathSearch {
    private var parent: [Arbitration.Edge]
    private var stamp: [Int32]
    private var isDone: [Bool]
    private var depth: [Int32]
    private var round: Int32 = 0
    private var level: [Int32] = []
    private var nextLevel: [Int32] = []

    init(nodes: Int) {
        parent = Array(repeating: Arbitration.Edge(from: -1, to: -1, step: .session), count: nodes)
        stamp = Array(repeating: 0, count: nodes)
        isDone = Array(repeating: false, count: nodes)
        depth = Array(repeating: 0, count: nodes)
    }

    /// How many of the edges go from process to process.
    static func length(_ path: [Arbitration.Edge]) -> Int { path.count { $0.step != .session } }

    /// The shortest path of at most `limit` such edges; `work` counts down with every edge that is looked at.
    mutating func path(
        from start: Int32, to end: Int32, atMost limit: Int, work: inout Int,
        edges: (Int32, (Int32, Arbitration.Step) -> Void) -> Void
    ) -> [Arbitration.Edge]? {
        round += 1
        level.removeAll(keepingCapacity: true)
        nextLevel.removeAll(keepingCapacity: true)
        level.append(start)
        stamp[Int(start)] = round
        isDone[Int(start)] = false
        depth[Int(start)] = 0
        var reached: Int32 = 0
        var isFound = false
        while !isFound, work > 0, reached <= limit {
            guard let node = level.popLast() else {
                if nextLevel.isEmpty { return nil }
                swap(&level, &nextLevel)
                reached += 1
                continue
            }
            if isDone[Int(node)] || depth[Int(node)] < reached { continue }
            isDone[Int(node)] = true
            if node == end {
                isFound = true
                break
            }
            edges(node) { target, step in
                work -= 1
                let length = reached + (step == .session ? 0 : 1)
                if stamp[Int(target)] == round, depth[Int(target)] <= length { return }
                stamp[Int(target)] = round
                isDone[Int(target)] = false
                depth[Int(target)] = length
                parent[Int(target)] = Arbitration.Edge(from: node, to: target, step: step)
                if step == .session { level.append(target) } else { nextLevel.append(target) }
            }
        }
        guard isFound else { return nil }
        var path: [Arbitration.Edge] = []
        var node = end
        while node != start {
            let edge = parent[Int(node)]
            path.append(edge)
            node = edge.from
        }
        return path.reversed()
    }
}
