import PolygraphHistory

/// The search for a Hamiltonian path as a history of a compare-and-set register: a small history can be as hard as an
/// NP-complete problem allows, and a checker must end in its budget.
///
/// Every vertex is one `cas` from its entrance to its exit, every edge one from the exit of a vertex to the entrance of
/// another. All are open at the same time. The vertices return before a read of the last exit, so a path through all of
/// them leads to that read; the edges return after it, when a write of every exit lets those that were not used happen.
enum HamiltonianPath {
    enum Kind {
        /// A path was laid out first.
        case planted
        /// Two vertices can be reached from one and the same vertex only.
        case impossible
        case random
    }

    /// Five operations a vertex: itself, two edges, and a write for each of these.
    static func write(_ parameters: HistoryParameters, _ sink: inout EventSink, kind: Kind) {
        var random = SeededRandom(parameters.seed)
        let vertices = max(5, parameters.operations / 5)
        var edges: [(from: Int, to: Int)] = []
        // The path begins at 0 and ends at the last vertex.
        var inner = Array(1..<(vertices - 1))
        for place in inner.indices.dropFirst() { inner.swapAt(place, random.below(place + 1)) }
        if kind != .random {
            let path = [0] + inner + [vertices - 1]
            for place in 1..<path.count { edges.append((path[place - 1], path[place])) }
        }
        while edges.count < vertices * 2 {
            let edge = (from: random.below(vertices - 1), to: 1 + random.below(vertices - 1))
            if edge.from != edge.to { edges.append(edge) }
        }
        if kind == .impossible {
            edges.removeAll { $0.to == inner[0] || $0.to == inner[1] }
            edges += [(inner[2], inner[0]), (inner[2], inner[1])]
        }
        for place in edges.indices.dropFirst() { edges.swapAt(place, random.below(place + 1)) }
        emit(vertices, edges, &sink)
    }

    private static func entrance(_ vertex: Int) -> Value { .integer(Int64(2 * vertex)) }
    private static func exit(_ vertex: Int) -> Value { .integer(Int64(2 * vertex + 1)) }

    private static func emit(_ vertices: Int, _ edges: [(from: Int, to: Int)], _ sink: inout EventSink) {
        let helper = vertices + edges.count
        sink.run(helper, "write", entrance(0), gets: entrance(0))
        for vertex in 0..<vertices { sink.invoke(vertex, "cas", [entrance(vertex), exit(vertex)]) }
        for (number, edge) in edges.enumerated() {
            sink.invoke(vertices + number, "cas", [exit(edge.from), entrance(edge.to)])
        }
        for vertex in 0..<vertices { sink.ok(vertex, "cas", [entrance(vertex), exit(vertex)]) }
        sink.run(helper, "read", gets: exit(vertices - 1))
        for edge in edges { sink.run(helper, "write", exit(edge.from), gets: exit(edge.from)) }
        for (number, edge) in edges.enumerated() {
            sink.ok(vertices + number, "cas", [exit(edge.from), entrance(edge.to)])
        }
    }
}
