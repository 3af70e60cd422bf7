import PolygraphHistory

/// Names what is wrong with a queue, a stack or a priority queue.
struct ContainerDiagnosis {
    /// Which of its elements it hands out.
    enum Order {
        case oldestFirst
        case youngestFirst
        case leastFirst
        case any
    }

    let scene: ObjectScene
    let order: Order
    let initial: [Value]
    /// By value all additions that may have happened, and all removals that returned it.
    private let addsByValue: [Value: [Int]]
    private let removalsByValue: [Value: [Int]]

    init(scene: ObjectScene, order: Order, initial: [Value]) {
        self.scene = scene
        self.order = order
        self.initial = initial
        addsByValue = Dictionary(grouping: scene.possible { Self.adders.contains($0.invocation.function) }) {
            scene.accesses[$0].invocation.value
        }
        removalsByValue = Dictionary(
            grouping: scene.possible { Self.removers.contains($0.invocation.function) && $0.answer != nil }
        ) { scene.accesses[$0].answer ?? .null }
    }

    private static let adders: Set<String> = ["enqueue", "offer", "send", "push", "insert", "add"]
    private static let removers: Set<String> = [
        "dequeue", "poll", "take", "pop", "delete-min", "extract-min",
    ]

    private func isAdd(_ access: Access) -> Bool { Self.adders.contains(access.invocation.function) }
    private func isRemove(_ access: Access) -> Bool { Self.removers.contains(access.invocation.function) }
    private func value(_ place: Int) -> Value { scene.accesses[place].invocation.value }
    private func answer(_ place: Int) -> Value { scene.accesses[place].answer ?? .null }

    private func adds(_ value: Value) -> [Int] { addsByValue[value] ?? [] }
    private func removals(_ value: Value) -> [Int] { removalsByValue[value] ?? [] }
    /// Removals of unknown outcome that may have taken something by the time that `place` returned.
    private func openRemovals(before place: Int) -> [Int] {
        scene.possible { isRemove($0) && !$0.isOK && $0.position < scene.accesses[place].returned }
    }

    func make() -> Diagnosis? { withoutSource() ?? duplicate() ?? outOfOrder() ?? empty() }

    private var delivered: [Int] { scene.certain { isRemove($0) && $0.answer != .some(.null) } }

    private func withoutSource() -> Diagnosis? {
        for removal in delivered where !initial.contains(answer(removal)) {
            let value = answer(removal)
            let deed = "\(scene.who(removal)) got \(value)\(scene.node(removal)) (\(scene.name(removal)))"
            let adds = adds(value)
            if adds.isEmpty {
                let failed = scene.accesses.indices.filter {
                    isAdd(scene.accesses[$0]) && self.value($0) == value
                }
                return Diagnosis(
                    name: .neverAdded,
                    summary: failed.isEmpty
                        ? "\(deed), which nobody ever added."
                        : "\(deed), which only failed operations added (\(scene.names(failed))).",
                    why: failed.isEmpty
                        ? "no operation adds \(value)"
                        : "the only operations that add \(value) failed, so they did not happen",
                    witnesses: failed)
            }
            if adds.allSatisfy({ scene.precedes(removal, $0) }) {
                return Diagnosis(
                    name: .neverAdded, summary: "\(deed) before anybody began to add it (\(scene.name(adds[0]))).",
                    why: "the first operation that adds \(value), \(scene.name(adds[0])), was invoked after "
                        + "\(scene.name(removal)) had returned",
                    witnesses: [adds[0]])
            }
        }
        return nil
    }

    private func duplicate() -> Diagnosis? {
        for (first, second) in scene.pairs(delivered) where answer(first) == answer(second) {
            let value = answer(first)
            let copies = adds(value)
            let removals = removals(value)
            guard removals.count > copies.count + initial.count(where: { $0 == value }) else { continue }
            let times = removals.count == 2 ? "twice" : "\(removals.count) times"
            let added = copies.count == 1 ? "once" : "\(copies.count) times"
            return Diagnosis(
                name: .duplicateDelivery,
                summary: "\(value) was delivered \(times) (\(scene.names(removals))), but "
                    + (copies.isEmpty ? "never added again." : "added only \(added) (\(scene.names(copies)))."),
                why: "\(scene.names(removals)) all returned \(value), more often than it was ever added",
                witnesses: copies + removals)
        }
        return nil
    }

    // MARK: - Order

    private func outOfOrder() -> Diagnosis? {
        for removal in delivered {
            guard let added = adds(answer(removal)).only, !initial.contains(answer(removal)) else { continue }
            for other in scene.certain(isAdd) where other != added {
                guard adds(value(other)).only == other, !initial.contains(value(other)) else { continue }
                guard comesFirst(other, added, removal) else { continue }
                if let found = overtaken(other, by: added, removal) { return found }
            }
        }
        return nil
    }

    /// Whether what `other` added had to be handed out before what `added` added, if both were there for `removal`.
    private func comesFirst(_ other: Int, _ added: Int, _ removal: Int) -> Bool {
        switch order {
        case .oldestFirst: return scene.precedes(other, added)
        case .youngestFirst: return scene.precedes(added, other) && scene.precedes(other, removal)
        case .leastFirst:
            guard let one = value(other).integerValue, let two = value(added).integerValue else { return false }
            return one < two && scene.precedes(other, removal)
        case .any: return false
        }
    }

    private func overtaken(_ other: Int, by added: Int, _ removal: Int) -> Diagnosis? {
        let first = value(other)
        let second = value(added)
        let relation =
            switch order {
            case .oldestFirst, .any: "had been added after \(first)"
            case .youngestFirst: "lay below \(first)"
            case .leastFirst: "is more than \(first), which was there"
            }
        let subject =
            "\(scene.who(removal)) got \(second)\(scene.node(removal)) (\(scene.name(removal))), which \(relation) "
            + "(\(scene.names([other, added])))"
        let taken = removals(first)
        if let later = taken.first, taken.allSatisfy({ scene.precedes(removal, $0) }) {
            return Diagnosis(
                name: .outOfOrderDelivery,
                summary: "\(subject), while \(first) came only later (\(scene.name(later))).",
                why: "\(first) had to be handed out before \(second), but \(scene.name(later)), which returned it, "
                    + "began after \(scene.name(removal)) was over",
                witnesses: [added, later])
        }
        guard taken.isEmpty, openRemovals(before: removal).isEmpty else { return nil }
        return Diagnosis(
            name: order == .oldestFirst ? .lostElement : .outOfOrderDelivery,
            summary: "\(subject), and \(first) was not delivered to anybody.",
            why: "\(first) had to be handed out before \(second), but nobody got it, and no removal of unknown outcome "
                + "can have taken it",
            witnesses: [added])
    }

    // MARK: - Emptiness

    private func empty() -> Diagnosis? {
        for removal in scene.certain({ isRemove($0) && $0.answer == .some(.null) }) {
            // What was there for certain, if nobody of unknown outcome took it.
            let there = scene.possible { access in
                guard isAdd(access), access.isOK, access.precedes(scene.accesses[removal]) else { return false }
                let value = access.invocation.value
                return adds(value).count == 1 && !initial.contains(value)
                    && removals(value).allSatisfy { scene.precedes(removal, $0) }
            }
            let open = openRemovals(before: removal)
            guard there.count > open.count else { continue }
            let preferred = there.filter(scene.required.contains) + there.filter { !scene.required.contains($0) }
            let cited = Array(preferred.prefix(open.count + 1))
            let isLost = cited.allSatisfy { removals(value($0)).isEmpty } && open.isEmpty
            let values = Phrases.list(cited.sorted().map { "\(value($0))" })
            let deed = "\(scene.who(removal)) found nothing\(scene.node(removal)) (\(scene.name(removal)))"
            let state =
                "\(values) had been added and acknowledged (\(scene.names(cited)))"
            return Diagnosis(
                name: isLost ? .lostElement : .emptyThoughFull,
                summary:
                    "\(deed), although \(state)\(isLost ? ", and was never delivered" : " and not yet delivered").",
                why: open.isEmpty
                    ? "\(values) was there when \(scene.name(removal)) began, and nobody took it before it was over"
                    : "the \(Phrases.count(open.count, "removal")) of unknown outcome (\(scene.names(open))) cannot have "
                        + "taken all \(cited.count) of these",
                witnesses: cited + open)
        }
        return nil
    }
}

extension Array {
    /// The element of an array of one.
    fileprivate var only: Element? { count == 1 ? self[0] : nil }
}
