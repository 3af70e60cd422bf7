import PolygraphHistory
import PolygraphModels

/// Names a contradiction by its last operation: whether what it learnt was right at another time, was right if an
/// operation that failed took effect after all, or was never right.
///
/// The other operations that are cited have an order, and in none of their orders does this one fit; so what is said of
/// it holds in all of them.
struct MomentDiagnosis<M: Model> {
    let model: M
    let scene: ObjectScene
    let failedCAS: LinearizabilityOptions.FailedCAS

    private typealias Question = Counterfactual<M>
    private typealias Candidate = Counterfactual<M>.Candidate

    /// When the answer of the last operation would have fitted.
    enum Moment: Equatable {
        /// Before this operation had ended.
        case earlier(Int)
        /// After this one had begun.
        case later(Int)
        /// Had this one, which failed, taken effect.
        case failed(Int)
        /// Had this one taken effect twice.
        case doubled(Int)
        /// Had this one never taken effect.
        case lost(Int)
        case never
    }

    /// Steps of the model for one name.
    private static var steps: Int { 60_000 }
    /// Operations beyond the cited ones that may have taken effect.
    private static var optional: Int { 24 }

    private var last: Int { scene.failed }
    private var access: Access { scene.accesses[scene.failed] }
    private var function: String { access.invocation.function }

    func make() -> Diagnosis? {
        if let found = lock() { return found }
        guard let moment = moment() else { return nil }
        return diagnosis(moment)
    }

    // MARK: - Locks

    /// A lock or permits that were taken while they were not free, or given back while they were not held. That there
    /// is no order without anything else being wrong says so.
    private func lock() -> Diagnosis? {
        let isSemaphore = model.family == .semaphore
        let locks: [ModelFamily] = [.mutex, .ownerMutex, .fencedMutex, .semaphore]
        guard locks.contains(model.family) || model.name == "reentrant-mutex",
            let function = LockFunction(self.function)
        else { return nil }
        let subject = "\(scene.who(last)) \(function == .acquire ? "acquired" : "released")"
        let place = "\(scene.node(last)) (\(scene.name(last)))"
        switch function {
        case .acquire where model.family == .fencedMutex:
            guard let holds = lockOrToken() else { return nil }
            if !holds {
                return Diagnosis(
                    name: .tokenBackwards,
                    summary:
                        "\(scene.who(last)) got the token \(Access.text(access.answer ?? .null))\(place), which is "
                        + "not larger than all that had been given out before.",
                    why: "in whatever order the others took effect, a token as large had been given out before "
                        + "\(scene.name(last)) could have the lock")
            }
            fallthrough
        case .acquire:
            return Diagnosis(
                name: isSemaphore ? .tooManyPermits : .twoHolders,
                summary: isSemaphore
                    ? "\(subject) \(permits)\(place), but so many were not free at any moment meanwhile."
                    : "\(subject) the lock\(place), although it was held by another acquisition all the time meanwhile.",
                why:
                    "in whatever order the others took effect, \(isSemaphore ? "too few permits were free" : "the lock was held") "
                    + "at every moment at which \(scene.name(last)) can have acquired")
        case .release:
            let isAnybodys = model.family == .mutex
            return Diagnosis(
                name: isSemaphore ? .tooManyReturned : .wrongRelease,
                summary: isSemaphore
                    ? "\(subject) \(permits)\(place), but so many were not taken at any moment meanwhile."
                    : "\(subject) the lock\(place), but \(isAnybodys ? "nobody held it" : "did not hold it") at any "
                        + "moment meanwhile.",
                why: "in whatever order the others took effect, "
                    + (isSemaphore
                        ? "too few permits were taken"
                        : isAnybodys ? "the lock was free" : "the lock was free or another's")
                    + " at every moment at which \(scene.name(last)) can have released")
        }
    }

    private var permits: String {
        Phrases.count(Int(clamping: access.invocation.value.integerValue ?? 1), "permit")
    }

    /// For a fenced lock: whether it was held, whatever the token; nil where that is not known.
    private func lockOrToken() -> Bool? {
        var question = Question(model: model, steps: Self.steps)
        var candidates = candidates()
        guard let place = candidates.firstIndex(where: { $0.place == last }) else { return nil }
        candidates[place].candidate.call.output = nil
        candidates[place].candidate.call.outcome = .unknown
        switch question.ask(candidates.map(\.candidate)) {
        case .order: return false
        case .noOrder: return optionalOperations().count <= Self.optional ? true : nil
        case .undecided: return nil
        }
    }

    // MARK: - Asking

    private func call(_ access: Access) -> Call {
        var call = Call(
            function: access.invocation.function, input: access.invocation.value, output: nil, outcome: .unknown,
            process: model.needsProcess ? access.invocation.process.number : nil, key: access.invocation.key)
        switch access.completion?.kind {
        case .ok:
            call.output = access.completion?.value
            call.outcome = .happened
        case .fail where access.invocation.function == "cas":
            if failedCAS.observes(isMismatch: access.completion?.error == "mismatch") { call.outcome = .refused }
        default: break
        }
        return call
    }

    /// Operations that are not cited and may have changed something, those near the last operation first.
    private func optionalOperations() -> [Int] {
        let cited = Set(scene.required)
        let touched = parts(scene.required)
        let here = access.position
        return scene.accesses.indices.filter { place in
            let access = scene.accesses[place]
            if cited.contains(place) || access.completion?.kind == .fail { return false }
            let call = call(access)
            if model.isObserver(call) { return false }
            guard let touched, let parts = model.parts(of: call) else { return true }
            return parts.contains { touched.contains($0) }
        }.sorted { abs(scene.accesses[$0].position - here) < abs(scene.accesses[$1].position - here) }
    }

    /// The parts of the object that operations touch; nil where they concern it as a whole.
    private func parts(_ places: [Int]) -> Set<Value>? {
        var touched: Set<Value> = []
        for place in places {
            guard let parts = model.parts(of: call(scene.accesses[place])) else { return nil }
            touched.formUnion(parts)
        }
        return touched
    }

    private func candidates() -> [(place: Int, candidate: Candidate)] {
        scene.required.map { place in
            let access = scene.accesses[place]
            return (
                place,
                Candidate(
                    invoked: access.position, returned: access.returned, isRequired: true, call: call(access))
            )
        }
            + optionalOperations().prefix(Self.optional).map { place in
                let access = scene.accesses[place]
                return (
                    place,
                    Candidate(invoked: access.position, returned: .max, isRequired: false, call: call(access))
                )
            }
    }

    func moment() -> Moment? {
        let all = candidates()
        guard all.count < Question.most, let place = all.firstIndex(where: { $0.place == last }) else { return nil }
        let plain = all.map(\.candidate)
        var question = Question(model: model, steps: Self.steps)
        func hasOrder(_ change: (inout [Candidate]) -> Void) -> Bool {
            var changed = plain
            change(&changed)
            if case .order = question.ask(changed) { return true }
            return false
        }
        // As little earlier as suffices.
        let before = scene.required.filter { scene.precedes($0, last) }
            .sorted { scene.accesses[$0].returned > scene.accesses[$1].returned }
        for other in before
        where hasOrder({ $0[place].invoked = scene.accesses[other].returned }) {
            return .earlier(other)
        }
        for failed in failedOperations() {
            let access = scene.accesses[failed]
            var call = call(access)
            call.outcome = .unknown
            let candidate = Candidate(invoked: access.position, returned: .max, isRequired: false, call: call)
            if hasOrder({ $0.append(candidate) }) { return .failed(failed) }
        }
        for other in scene.required.reversed() where other != last && isPlainChange(other) {
            let access = scene.accesses[other]
            let copy = Candidate(
                invoked: access.position, returned: .max, isRequired: false, call: call(access))
            if hasOrder({ $0.append(copy) }) { return .doubled(other) }
        }
        let after = scene.accesses.indices.filter {
            scene.precedes(last, $0) && scene.accesses[$0].completion?.kind != .fail
                && !model.isObserver(call(scene.accesses[$0]))
        }
        for other in after.prefix(Self.optional) {
            let access = scene.accesses[other]
            let candidate = Candidate(invoked: access.position, returned: .max, isRequired: false, call: call(access))
            let isThere = all.contains { $0.place == other }
            let isFound = hasOrder {
                $0[place].returned = access.position + 1
                if !isThere { $0.append(candidate) }
            }
            if isFound { return .later(other) }
        }
        for (number, other) in all.enumerated().reversed()
        where other.candidate.isRequired && other.place != last && isPlainChange(other.place) {
            if hasOrder({ $0.remove(at: number) }) { return .lost(other.place) }
        }
        guard optionalOperations().count <= Self.optional, after.count <= Self.optional else { return nil }
        var anyTime = plain
        anyTime[place].invoked = -1
        anyTime[place].returned = .max
        if case .noOrder = question.ask(anyTime) { return .never }
        return nil
    }

    /// Operations that failed and would have changed something, the nearest first.
    private func failedOperations() -> [Int] {
        let here = access.position
        let touched = parts(scene.required)
        return Array(
            scene.accesses.indices.filter { place in
                let access = scene.accesses[place]
                guard access.completion?.kind == .fail, access.position < self.access.returned else { return false }
                var call = call(access)
                if call.outcome == .refused { return false }
                call.outcome = .unknown
                if model.isObserver(call) { return false }
                guard let touched, let parts = model.parts(of: call) else { return true }
                return parts.contains { touched.contains($0) }
            }.sorted { abs(scene.accesses[$0].position - here) < abs(scene.accesses[$1].position - here) }.prefix(8))
    }

    /// An acknowledged change whose answer says nothing of the state.
    private func isPlainChange(_ place: Int) -> Bool {
        let access = scene.accesses[place]
        return access.isOK && Self.plain[access.invocation.function] != nil && !model.isObserver(call(access))
            && (access.answer == .null || access.answer == access.invocation.value || model.family == .counter)
    }

    /// Changes that every state allows, with the name of their loss.
    private static var plain: [String: Diagnosis.Name] {
        [
            "write": .lostWrite, "put": .lostWrite, "delete": .lostWrite, "append": .lostAppend, "add": .lostUpdate,
            "insert": .lostUpdate, "increment": .lostUpdate, "decrement": .lostUpdate, "remove": .lostUpdate,
            "enqueue": .lostElement, "offer": .lostElement, "send": .lostElement, "push": .lostElement,
        ]
    }

    // MARK: - Telling

    private var isContainer: Bool {
        [.fifoQueue, .unorderedQueue, .stack, .priorityQueue].contains(model.family)
    }
    private var isNumber: Bool { [.counter, .fetchAndAdd].contains(model.family) }
    private var isObserver: Bool { model.isObserver(call(access)) }

    /// What the last operation learnt, in words.
    private var deed: String {
        let input = access.invocation.value == .null ? "" : " \(access.invocation.value)"
        let key = access.invocation.key.map { " of key \($0)" } ?? ""
        let question = "\(function)\(input)\(key)\(scene.node(last)) (\(scene.name(last)))"
        if access.completion?.kind == .fail { return "\(scene.who(last)) was refused its \(question)" }
        guard let answer = access.answer, answer != access.invocation.value, answer != .null || isObserver else {
            return "\(scene.who(last)) did \(question)"
        }
        return "\(scene.who(last)) got \(Access.text(answer)) from \(question)"
    }

    /// The operation, with what it was.
    private func told(_ place: Int) -> String {
        let access = scene.accesses[place]
        let input = access.invocation.value == .null ? "" : " \(access.invocation.value)"
        return "\(scene.name(place)) (\(access.invocation.function)\(input))"
    }

    /// The name where the answer was right at another time.
    private func misplaced(isEarlier: Bool, by other: Int) -> Diagnosis.Name {
        if isContainer { return access.answer == .some(.null) ? .emptyThoughFull : .outOfOrderDelivery }
        if model.name == "log", function == "append" { return .wrongOffset }
        if isEarlier {
            guard isObserver else { return .lostUpdate }
            return model.isObserver(call(scene.accesses[other])) ? .nonMonotonicRead : .staleRead
        }
        return .futureRead
    }

    private func diagnosis(_ moment: Moment) -> Diagnosis {
        let name = scene.name(last)
        switch moment {
        case .earlier(let other):
            return Diagnosis(
                name: misplaced(isEarlier: true, by: other),
                summary: "\(deed), which would have been right before \(told(other)) had ended.",
                why:
                    "\(scene.name(other)) was over before \(name) began; had \(name) begun before that, there would be an "
                    + "order", witnesses: [other])
        case .later(let other):
            return Diagnosis(
                name: misplaced(isEarlier: false, by: other),
                summary: "\(deed), which would be right after \(told(other)) had begun.",
                why:
                    "\(name) was over before \(scene.name(other)) began; had it ended after that, there would be an order",
                witnesses: [other])
        case .failed(let other):
            let isWrite = Self.plain[scene.accesses[other].invocation.function] != nil
            return Diagnosis(
                name: isObserver && isWrite && !isContainer && !isNumber ? .failedWrite : .failedEffect,
                summary: "\(deed), which would be right if \(told(other)), which failed, had taken effect.",
                why: "\(scene.name(other)) failed, so it did not happen; had it happened, there would be an order",
                witnesses: [other])
        case .doubled(let other):
            let isAppend = scene.accesses[other].invocation.function == "append"
            return Diagnosis(
                name: isAppend ? .duplicateAppend : isContainer ? .duplicateDelivery : .duplicateUpdate,
                summary: "\(deed), which would be right if \(told(other)) had taken effect twice.",
                why: "\(scene.name(other)) took effect once; had it done so a second time, there would be an order",
                witnesses: [other])
        case .lost(let other):
            let isElement = isContainer || [.set, .growOnlySet].contains(model.family)
            let name = Self.plain[scene.accesses[other].invocation.function] ?? .lostUpdate
            return Diagnosis(
                name: isElement ? .lostElement : name,
                summary:
                    "\(deed), which would be right if \(told(other)), which was acknowledged, had never taken effect.",
                why: "\(scene.name(other)) was acknowledged, so it happened; had it not, there would be an order",
                witnesses: [other])
        case .never:
            return Diagnosis(
                name: neverRight, summary: "\(deed), which was not right at any time.",
                why: "in whatever order the others took effect, and whenever \(name) did, its answer does not fit")
        }
    }

    /// The name where the answer fits at no time.
    private var neverRight: Diagnosis.Name {
        let isAlone = scene.required.count == 1
        if isNumber { return .neverReached }
        if isContainer { return access.answer == .some(.null) ? .emptyThoughFull : .outOfOrderDelivery }
        if model.name == "log", function == "append" { return .wrongOffset }
        if function == "txn", reads > 1 { return .fracturedRead }
        if isAlone, ["kv", "multi-register", "string-kv"].contains(model.name) { return .neverWritten }
        return isObserver || function == "txn" ? .neverState : .lostUpdate
    }

    /// How much a transaction read.
    private var reads: Int {
        (access.invocation.value.elements ?? []).count {
            ["r", "read", ":r", ":read"].contains($0.elements?.first?.stringValue ?? "")
        }
    }
}
