/// How long each state of a partition matters, for models whose calls have shapes.
///
/// Let an *obligation* be a mandatory operation that has not returned yet.
///
/// **Distinct until.** A state v is told from others by obligations that require v (`only`), by obligations that
/// forbid v (`allBut`), and by optional operations that require or forbid v and are still of use. After the last of
/// these has returned, v allows exactly the same operations as any other such state, and all successors are fixed
/// targets: the two are bisimilar. The search then calls both `LabelTable.indistinct`.
///
/// **Of use until.** An optional operation that leads to v is of use only while an obligation requires v, forbids
/// some state at all (leaving that state may help it), or an optional operation out of v is itself of use. Proof:
/// take a valid order and its last optional operation g (leading to v) that stands after that time. No obligation
/// that follows requires v or forbids anything, so no observer stands between g and the next mutator m, and m is not
/// guarded by `only` (v): if m were optional it would be of use after v's time, which the definition excludes. So m
/// is possible in every state (or there is none), and the order without g is valid too. Repeat.
struct Demand {
    /// Rank of the last event at which the state differs from indistinct ones; -1 for never.
    private(set) var distinctUntil: [Int32]
    /// Rank of the last return of an obligation that requires the state, directly or through optional operations.
    private var requiredUntil: [Int32]
    /// Rank of the last return of an obligation that forbids any state.
    private(set) var forbiddingUntil: Int32 = -1

    /// Rank of the last event at which leading to `state` may help.
    func ofUseUntil(_ state: Int32) -> Int32 { max(requiredUntil[Int(state)], forbiddingUntil) }

    init(_ operations: [SearchOperation], table: LabelTable) {
        let count = Int(table.stateCount)
        requiredUntil = [Int32](repeating: -1, count: count)
        var forbiddenUntil = [Int32](repeating: -1, count: count)
        var guarded: [Int32] = []
        var seen = [Bool](repeating: false, count: table.calls.count)
        for operation in operations {
            let label = Int(operation.label)
            let condition = table.condition[label]
            if condition == .always { continue }
            let state = Int(table.conditionState[label])
            if operation.isMandatory {
                if condition == .only {
                    requiredUntil[state] = max(requiredUntil[state], operation.returned)
                } else {
                    forbiddenUntil[state] = max(forbiddenUntil[state], operation.returned)
                    forbiddingUntil = max(forbiddingUntil, operation.returned)
                }
            } else if !seen[label] {
                seen[label] = true
                guarded.append(operation.label)
            }
        }
        // Optional operations pass the demand for their target on to the state they need; ranks only grow, and each
        // is one of finitely many, so this ends.
        var changed = true
        while changed {
            changed = false
            for label in guarded {
                let state = Int(table.conditionState[Int(label)])
                let use = max(requiredUntil[Int(table.target[Int(label)])], forbiddingUntil)
                if table.condition[Int(label)] == .only {
                    if requiredUntil[state] < use { (requiredUntil[state], changed) = (use, true) }
                } else if forbiddenUntil[state] < use {
                    forbiddenUntil[state] = use
                    forbiddingUntil = max(forbiddingUntil, use)
                    changed = true
                }
            }
        }
        distinctUntil = zip(requiredUntil, forbiddenUntil).map { max($0, $1) }
        distinctUntil[Int(LabelTable.indistinct)] = -1
    }
}

/// An operation as the search sees it.
struct SearchOperation: Sendable {
    /// Rank of the invocation.
    var invoked: Int32
    /// Rank of the return; `PartitionOperation.never` for an optional operation.
    var returned: Int32
    var label: Int32
    /// The operation's place in the partition.
    var source: Int32

    var isMandatory: Bool { returned != PartitionOperation.never }
}
