/// The steps that led to the configurations of a frontier: a forest of parent links, swept when it has doubled.
struct WitnessArena {
    /// What a step did.
    enum Step: Hashable {
        /// A mandatory mutator took effect.
        case operation(Int32)
        /// A write that had to happen was found to have happened unseen: right before the last write of the path.
        case hidden(Int32)
        /// An optional operation of this lane took effect.
        case lane(Int32)
    }

    /// The parent of the first step.
    static let root: Int32 = -1

    private struct Node {
        var parent: Int32
        /// Operation or lane in the low 30 bits, the kind of step in the high two.
        var step: UInt32
        /// The return event in whose batch the step stands.
        var event: Int32
    }

    private var nodes: [Node] = []
    private var sweepAt = 1 << 16

    var bytes: Int { nodes.capacity * MemoryLayout<Node>.stride }
    var needsSweep: Bool { nodes.count >= sweepAt }

    mutating func append(_ step: Step, event: Int32, after parent: Int32) -> Int32 {
        let code: UInt32 =
            switch step {
            case .operation(let operation): UInt32(operation)
            case .hidden(let operation): UInt32(operation) | 1 << 30
            case .lane(let lane): UInt32(lane) | 2 << 30
            }
        nodes.append(Node(parent: parent, step: code, event: event))
        return Int32(nodes.count - 1)
    }

    /// The steps from the root to `node`, with their events.
    func path(to node: Int32) -> [(step: Step, event: Int32)] {
        var path: [(step: Step, event: Int32)] = []
        var place = node
        while place != Self.root {
            path.append((step(Int(place)), nodes[Int(place)].event))
            place = nodes[Int(place)].parent
        }
        path.reverse()
        return path
    }

    /// Of each of `nodes` the first step on the way to it.
    func firstSteps(of nodes: [Int32]) -> [Step] {
        var first = [Int32](repeating: 0, count: self.nodes.count)
        for place in first.indices {
            let parent = self.nodes[place].parent
            first[place] = parent == Self.root ? Int32(place) : first[Int(parent)]
        }
        return nodes.map { step(Int(first[Int($0)])) }
    }

    private func step(_ place: Int) -> Step {
        let code = nodes[place].step
        let argument = Int32(code & 0x3fff_ffff)
        return switch code >> 30 {
        case 0: .operation(argument)
        case 1: .hidden(argument)
        default: .lane(argument)
        }
    }

    /// Drops every step from which no node of `kept` descends.
    /// - Returns: the new numbers of `kept`.
    mutating func sweep(keeping kept: [Int32]) -> [Int32] {
        var renamed = [Int32](repeating: -2, count: nodes.count)
        for node in kept where node >= 0 { renamed[Int(node)] = 0 }
        // A parent always stands before its children.
        for place in nodes.indices.reversed() where renamed[place] == 0 && nodes[place].parent >= 0 {
            renamed[Int(nodes[place].parent)] = 0
        }
        var next: Int32 = 0
        for place in nodes.indices where renamed[place] == 0 {
            renamed[place] = next
            var node = nodes[place]
            if node.parent >= 0 { node.parent = renamed[Int(node.parent)] }
            nodes[Int(next)] = node
            next += 1
        }
        nodes.removeLast(nodes.count - Int(next))
        sweepAt = max(1 << 16, nodes.count * 2)
        return kept.map { $0 < 0 ? $0 : renamed[Int($0)] }
    }
}
