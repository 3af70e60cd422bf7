import PolygraphHistory
import PolygraphModels

/// The name of what is wrong with an object that is no register, from the operations that contradict each other and what
/// else happened to it.
///
/// A name is given only where it follows from what the operations did and when; all other contradictions are told
/// without one.
struct ObjectDiagnosis<M: Model> {
    let model: M
    let scene: ObjectScene

    /// - Parameters:
    ///   - accesses: all operations of the object.
    ///   - core: indices of those that contradict each other.
    ///   - failed: the index of the one at whose return no order was left.
    init(model: M, accesses: [Access], core: [Int], failed: Int) {
        self.model = model
        scene = ObjectScene(accesses: accesses, core: core, failed: failed)
    }

    func make() -> Diagnosis {
        // A name that rests on two or three operations is found among few; with very many it would take too long.
        let isFew = scene.required.count <= Self.namedCore || model.family == .counter
        return (isFew ? named() : nil) ?? unnamed()
    }

    private static var namedCore: Int { 1_000 }

    private func named() -> Diagnosis? {
        switch model.name {
        case "fifo-queue": return container(.oldestFirst)
        case "unordered-queue": return container(.any)
        case "stack": return container(.youngestFirst)
        case "priority-queue": return container(.leastFirst)
        case "set", "g-set":
            guard let initial = model.initial as? Set<Value> else { return nil }
            return SetDiagnosis(scene: scene, initial: initial, tellsChanges: model.name == "set").make()
        case "mutex", "owner-mutex", "reentrant-mutex", "fenced-mutex":
            let isFree = model.step(model.initial, scene.accesses[scene.failed].firstAcquire) != nil
            return isFree ? LockDiagnosis(scene: scene, model: model.name).make() : nil
        case "semaphore":
            guard let free = model.initial as? Int64 ?? (model.initial as? Int).map({ Int64($0) }) else { return nil }
            return LockDiagnosis(scene: scene, model: model.name).permits(free: free)
        case "counter", "fetch-and-add":
            guard let initial = model.initial as? Int64 else { return nil }
            return CounterDiagnosis(scene: scene, initial: initial, isFetching: model.name == "fetch-and-add").make()
        case "unique-ids": return scene.duplicateID()
        case "leader": return scene.twoLeaders()
        case "log":
            guard let initial = model.initial as? [Value] else { return nil }
            return LogDiagnosis(scene: scene, initial: initial).make()
        case "kv", "multi-register": return keyedRegister()
        case "string-kv":
            guard let initial = model.initial as? [Value: Value] else { return nil }
            return LogDiagnosis.lostAppend(scene, initial: initial)
        default: return nil
        }
    }

    private func container(_ order: ContainerDiagnosis.Order) -> Diagnosis? {
        let initial: [Value]
        switch model.initial {
        case let values as [Value]: initial = values
        case let values as ArraySlice<Value>: initial = Array(values)
        case let numbers as [Int64]: initial = numbers.map { .integer($0) }
        case let state as UnorderedQueue.State: initial = state.values
        default: return nil
        }
        return ContainerDiagnosis(scene: scene, order: order, initial: initial).make()
    }

    /// A map whose operations each concern one key is a register a key.
    private func keyedRegister() -> Diagnosis? {
        guard let initial = model.initial as? [Value: Value], let key = scene.accesses.first?.invocation.key else {
            return nil
        }
        var accesses = scene.accesses
        for place in accesses.indices {
            let access = accesses[place]
            guard access.invocation.key == .some(key) else { return nil }
            accesses[place].observed = .none
            accesses[place].written = .none
            switch access.invocation.function {
            case "read", "get": if access.isOK { accesses[place].observed = access.completion?.value }
            case "write", "put": accesses[place].written = access.invocation.value
            case "delete": accesses[place].written = .some(.null)
            case "cas":
                guard let pair = access.invocation.value.elements, pair.count == 2 else { return nil }
                if access.excluded != .none { continue }
                if access.isOK { accesses[place].observed = pair[0] }
                accesses[place].written = pair[1]
            default: return nil
            }
        }
        return Diagnosis.make(
            accesses, core: scene.required, failed: scene.failed, initial: initial[key] ?? .null)
    }

    private func unnamed() -> Diagnosis {
        let count = scene.required.count
        let last = scene.accesses[scene.failed].invocation.index
        return Diagnosis(
            name: .other,
            summary:
                "\(Phrases.count(count, "operation")) \(count == 1 ? "has" : "have") no order that the model \(model.name) allows; the "
                + "last is operation \(last).",
            why: "every order of them that respects their times makes the model \(model.name) refuse one of them")
    }
}

/// The operations of an object, and those of them that contradict each other.
struct ObjectScene {
    let accesses: [Access]
    /// Those that contradict each other, in order of invocation.
    let required: [Int]
    let failed: Int

    init(accesses: [Access], core: [Int], failed: Int) {
        self.accesses = accesses
        required = Set(core + [failed]).sorted()
        self.failed = failed
    }

    /// `operation 17`
    func name(_ place: Int) -> String { "operation \(accesses[place].invocation.index)" }

    func names(_ places: [Int]) -> String { Phrases.list(places.sorted().map(name)) }

    /// `Process 3`
    func who(_ place: Int) -> String { "Process \(accesses[place].invocation.process.number ?? -1)" }

    /// ` on n1`
    func node(_ place: Int) -> String { accesses[place].invocation.node.map { " on \($0)" } ?? "" }

    /// Operations that may have taken effect and satisfy a condition, in order of invocation.
    func possible(_ condition: (Access) -> Bool) -> [Int] {
        accesses.indices.filter { accesses[$0].completion?.kind != .fail && condition(accesses[$0]) }
    }

    /// Of the contradicting operations those that certainly took effect and satisfy a condition.
    func certain(_ condition: (Access) -> Bool) -> [Int] {
        required.filter { accesses[$0].isOK && condition(accesses[$0]) }
    }

    func precedes(_ first: Int, _ second: Int) -> Bool { accesses[first].precedes(accesses[second]) }

    /// Pairs of operations in a list, each once.
    func pairs(_ places: [Int]) -> [(Int, Int)] {
        places.enumerated().flatMap { rank, first in places.dropFirst(rank + 1).map { (first, $0) } }
    }

    func duplicateID() -> Diagnosis? {
        let ids = certain { $0.invocation.function == "generate" && $0.answer != nil }
        for (first, second) in pairs(ids) where accesses[first].answer == accesses[second].answer {
            let id = accesses[first].answer ?? .null
            return Diagnosis(
                name: .duplicateID,
                summary: "The id \(id) was given out twice: to \(who(first).lowercasedFirst)\(node(first)) and to "
                    + "\(who(second).lowercasedFirst)\(node(second)) (\(names([first, second]))).",
                why: "\(names([first, second])) both returned \(id), and an id is given out once at most")
        }
        return nil
    }

    func twoLeaders() -> Diagnosis? {
        func told(_ place: Int) -> (term: Value, leader: Value)? {
            let access = accesses[place]
            let value = access.invocation.function == "elected" ? access.invocation.value : access.answer ?? .null
            guard let pair = value.elements, pair.count == 2 else { return nil }
            return (pair[0], pair[1])
        }
        for (first, second) in pairs(certain { _ in true }) {
            guard let one = told(first), let other = told(second), one.term == other.term, one.leader != other.leader
            else { continue }
            return Diagnosis(
                name: .twoLeaders,
                summary: "Term \(one.term) has two leaders: \(Access.text(one.leader)) (\(name(first))) and "
                    + "\(Access.text(other.leader)) (\(name(second))).",
                why: "\(name(first)) names \(one.leader) as the leader of term \(one.term), \(name(second)) names "
                    + "\(other.leader), and a term has one leader at most")
        }
        return nil
    }
}

extension Access {
    /// What it returned; nil where it did not, or never learnt its outcome.
    var answer: Value? { isOK ? completion?.value : .none }

    /// An acquisition that would be the first, by the same process; for finding out whether a lock starts free.
    fileprivate var firstAcquire: Call {
        Call(function: "acquire", input: .integer(0), output: nil, outcome: .unknown)
    }
}

extension String {
    var lowercasedFirst: String { prefix(1).lowercased() + dropFirst() }
}
