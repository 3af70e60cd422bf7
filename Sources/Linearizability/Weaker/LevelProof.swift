import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// Tells why a weaker level fails: the operations, and step by step why one of them would have to come before itself.
struct LevelProof {
    /// Conclusions that one proof explains from the ground up.
    private static var conclusionsInFull: Int { 16 }

    private let history: History
    private let level: ConsistencyLevel
    private let graph: Arbitration
    private var search: PathSearch
    private let accesses: (Int32) -> Access
    private var steps: [String] = []
    private var told: Set<String> = []
    private var cited: Set<Int32> = []
    private var explained: Set<Int32> = []
    private var isCut = false

    private var trace: RegisterTrace { graph.execution.trace }
    private var source: [Int32] { graph.execution.attribution.source }

    private init(_ history: History, _ level: ConsistencyLevel, _ graph: Arbitration) {
        self.history = history
        self.level = level
        self.graph = graph
        search = graph.pathSearch
        let trace = graph.execution.trace
        accesses = { place in
            Access(
                at: Int(trace.entries[Int(place)].invoked), in: history, model: CASRegister(),
                failedCAS: trace.failedCAS)
        }
    }

    /// A proof from a cycle.
    static func cycle(
        _ cycle: [Arbitration.Edge], in graph: Arbitration, of level: ConsistencyLevel, _ history: History
    ) -> Anomaly {
        var proof = LevelProof(history, level, graph)
        let edges = proof.rotated(cycle)
        proof.tell(edges)
        let start = edges[0].from
        return proof.anomaly(
            summary: "\(proof.operation(start, isFirst: true)) would have to come before itself.",
            last: "So \(proof.operation(start)) would have to come before itself: no order gives "
                + "what this level asks for.", failedAt: nil)
    }

    /// A proof from a read of the initial value by a process that knew of a write.
    static func initialRead(
        _ inference: Inference, in graph: Arbitration, of level: ConsistencyLevel, _ history: History
    ) -> Anomaly {
        var proof = LevelProof(history, level, graph)
        proof.tellKnowledge(inference, of: inference.from)
        let reader = proof.operation(inference.reader)
        let summary =
            "\(proof.operation(inference.reader, isFirst: true)) saw the initial value although "
            + "\(proof.operation(inference.from)) came before it."
        return proof.anomaly(
            summary: summary, last: "Yet \(reader) saw the value from before every write.",
            failedAt: inference.reader)
    }

    // MARK: - Telling

    private func operation(_ place: Int32, isFirst: Bool = false) -> String {
        let index = history.operations[Int(trace.entries[Int(place)].invoked)].index
        return (isFirst ? "Operation " : "operation ") + "\(index)"
    }

    private func process(_ place: Int32) -> String {
        let process = history.operations[Int(trace.entries[Int(place)].invoked)].process.number ?? -1
        return "process \(process)"
    }

    private func value(_ content: Int32) -> String { Access.text(trace.values[Int(content)]) }

    private func isOperation(_ node: Int32) -> Bool { node < graph.execution.nodeCount }

    /// The same cycle, begun where a conclusion or a read begins.
    private func rotated(_ cycle: [Arbitration.Edge]) -> [Arbitration.Edge] {
        let start =
            cycle.firstIndex { edge in
                if case .inference = edge.step { isOperation(edge.from) } else { false }
            } ?? cycle.firstIndex { $0.step == .readsFrom } ?? 0
        return Array(cycle[start...] + cycle[..<start])
    }

    private mutating func say(_ sentence: String) {
        if told.insert(sentence).inserted { steps.append(sentence) }
    }

    /// Tells a path edge by edge; steps of one process are told as one.
    private mutating func tell(_ path: [Arbitration.Edge]) {
        var place = 0
        while place < path.count {
            let edge = path[place]
            var end = place + 1
            switch edge.step {
            case .session:
                while end < path.count, path[end].step == .session { end += 1 }
                let last = path[end - 1].to
                cited.formUnion([edge.from, last])
                say(
                    "\(process(edge.from).capitalisedFirst) did \(operation(edge.from)) before "
                        + "\(operation(last)).")
            case .readsFrom:
                cited.formUnion([edge.from, edge.to])
                say(
                    "\(operation(edge.to, isFirst: true)) saw the \(value(trace.entries[Int(edge.to)].observed)) that "
                        + "\(operation(edge.from)) wrote.")
            case .inference(let number):
                // Over the nodes of the bookkeeping to the operation behind them.
                while end < path.count, !isOperation(path[end - 1].to) { end += 1 }
                var inference = graph.inferences[Int(number)]
                if !isOperation(inference.to), case .inference(let last) = path[end - 1].step {
                    let final = graph.inferences[Int(last)]
                    inference.witness = inference.reader
                    inference.to = final.to
                    inference.reader = final.reader
                    inference.via = final.via
                    inference.reason = .overlooked
                }
                tell(inference, number)
            }
            place = end
        }
    }

    private mutating func tell(_ inference: Inference, _ number: Int32) {
        guard explained.insert(number).inserted else { return }
        guard explained.count <= Self.conclusionsInFull else {
            isCut = true
            return
        }
        cited.formUnion([inference.from, inference.to])
        let from = operation(inference.from)
        let to = operation(inference.to)
        switch inference.reason {
        case .overlooked:
            cited.insert(inference.reader)
            tellKnowledge(inference, of: inference.from)
            let seen = value(trace.entries[Int(inference.reader)].observed)
            say(
                "Yet \(operation(inference.reader)) saw \(seen), which \(to) wrote: so \(from) must come before \(to).")
        case .replaced:
            guard inference.reader >= 0 else {
                say(
                    "\(operation(inference.from, isFirst: true)) saw the initial value, so it must come before \(to), "
                        + "which wrote the same key.")
                return
            }
            tellPath(from: inference.reader, to: inference.to, premises: inference.premises)
            let seen = value(trace.entries[Int(inference.from)].observed)
            say(
                "\(operation(inference.from, isFirst: true)) saw \(seen), which \(to) replaced: so it must come before "
                    + "\(to).")
        case .collected: break
        }
    }

    private mutating func tellPath(from start: Int32, to end: Int32, premises: Int32) {
        cited.formUnion([start, end])
        if let path = graph.path(from: start, to: end, inferencesBelow: premises, &search) { tell(path) }
    }

    /// Why the process of the reader knew of a write.
    private mutating func tellKnowledge(_ inference: Inference, of known: Int32) {
        let reader = inference.reader
        let via = inference.via
        cited.formUnion([known, reader])
        let who = process(reader).capitalisedFirst
        let wrote = "wrote \(value(trace.entries[Int(known)].written)) in \(operation(known))"
        switch level {
        case .sequential, .causal, .boundedStaleness, .regular:
            tellPath(from: known, to: reader, premises: inference.premises)
        case .readYourWrites: say("\(who) \(wrote) before it did \(operation(reader)).")
        case .monotonicReads, .monotonicWrites, .pram:
            guard via >= 0 else {
                say("\(who) \(wrote) before it did \(operation(reader)).")
                return
            }
            let write = source[Int(via)]
            cited.formUnion([via, write])
            if write != known {
                say(
                    "\(process(known).capitalisedFirst) \(wrote) before "
                        + "\(value(trace.entries[Int(write)].written)) in \(operation(write)).")
            }
            say(
                "\(who) saw the \(value(trace.entries[Int(write)].written)) of \(operation(write)) in "
                    + "\(operation(via)), before it did \(operation(reader)).")
        case .writesFollowReads:
            guard via >= 0, inference.witness >= 0 else { return }
            let write = source[Int(via)]
            let witness = inference.witness
            cited.formUnion([via, write, witness])
            say(
                "\(process(witness).capitalisedFirst) saw the \(value(trace.entries[Int(known)].written)) of "
                    + "\(operation(known)) in \(operation(witness))"
                    + (witness == write
                        ? ", and replaced it."
                        : " before it wrote \(value(trace.entries[Int(write)].written)) in \(operation(write))."))
            say(
                "\(who) saw the \(value(trace.entries[Int(write)].written)) of \(operation(write)) in "
                    + "\(operation(via)), before it did \(operation(reader)).")
        }
    }

    /// Of every operation of unknown outcome that the proof rests on, who saw that it took effect.
    private mutating func tellObservers() {
        var pending = cited.sorted()
        while let place = pending.popLast() {
            if trace.entries[Int(place)].isCertain { continue }
            let readers = graph.execution.readers[Int(place)]
            guard let reader = readers.first(where: { cited.contains($0) }) ?? readers.first else { continue }
            say(
                "\(operation(place, isFirst: true)) took effect: \(operation(reader)) saw the "
                    + "\(value(trace.entries[Int(place)].written)) that it wrote.")
            if cited.insert(reader).inserted { pending.append(reader) }
        }
    }

    private mutating func anomaly(summary: String, last: String, failedAt: Int32?) -> Anomaly {
        tellObservers()
        let places = cited.sorted()
        var explanation = places.map { accesses($0).sentence } + steps
        if isCut { explanation.append("Further conclusions of this kind lead to the same.") }
        explanation.append(last)
        let keys = Set(places.map { trace.entries[Int($0)].key })
        let key = keys.count == 1 ? keys.first.flatMap { trace.keys[Int($0)] } : nil
        return Anomaly(
            name: "\(level.rawValue) violated", key: key, summary: summary, explanation: explanation,
            failedAt: failedAt.map { history.operations[Int(trace.entries[Int($0)].invoked)].index },
            operations: places.map { history.operations[Int(trace.entries[Int($0)].invoked)].index })
    }
}

extension String {
    /// With a capital letter at the beginning.
    fileprivate var capitalisedFirst: String { prefix(1).uppercased() + dropFirst() }
}
