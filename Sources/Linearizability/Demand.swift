/// How long each state of a partition matters, for models whose calls have shapes.
///
/// Let an *obligation* be a mandatory operation that has not returned yet.
///
/// **Required until**, R(v): the last return of an obligation that requires v (`only`), or R(x) of an optional operation
/// from v to x, whichever is later. **Forbidden until**, F(v): the last return of an obligation that forbids v
/// (`allBut`).
///
/// **Distinct until**, max of R(v) and F(v). After that v allows exactly the same operations as any other such state,
/// and all successors are fixed targets: the two are bisimilar. The search then calls both `LabelTable.indistinct`.
///
/// **Of use until.** An optional operation to x helps an obligation that requires x (R), or gets away from a state that
/// an obligation forbids: from v, if `only` v is its guard (F), else from any. Proof for a guard `only` v: take a valid
/// order and its last optional step g from v to x after R(x) and F(v). The optional steps that need what g or another
/// of them left, one after the other, lead to states that are not required either (else x were), so no obligation
/// requires any state from g up to the next step that is possible in every state; and what observers forbid there is
/// not v. So the order without g and the steps that hang on it is valid too. Repeat. For any other guard the same holds
/// after the last return of an obligation that forbids anything.
struct Demand {
    /// Rank of the last event at which the state differs from indistinct ones; -1 for never.
    private(set) var distinctUntil: [Int32]
    /// Rank of the last return of an obligation that requires the state, directly or through optional operations.
    private var requiredUntil: [Int32]
    /// Rank of the last return of an obligation that forbids any state.
    private(set) var forbiddingUntil: Int32 = -1

    private var forbiddenUntil: [Int32]

    /// Rank of the last event at which leading to `state` from any other may help.
    func ofUseUntil(_ state: Int32) -> Int32 { max(requiredUntil[Int(state)], forbiddingUntil) }

    /// Rank of the last event at which an operation that leads to `state` may help, if it needs the state `source`.
    func ofUseUntil(_ state: Int32, onlyFrom source: Int32) -> Int32 {
        max(requiredUntil[Int(state)], forbiddenUntil[Int(source)])
    }

    init(_ operations: [SearchOperation], table: LabelTable) {
        let count = Int(table.stateCount)
        requiredUntil = [Int32](repeating: -1, count: count)
        forbiddenUntil = [Int32](repeating: -1, count: count)
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
                let required = requiredUntil[Int(table.target[Int(label)])]
                if table.condition[Int(label)] == .only {
                    if requiredUntil[state] < required { (requiredUntil[state], changed) = (required, true) }
                } else {
                    // One that any state but `state` allows tells that state from the others as long as it is of use.
                    let use = max(required, forbiddingUntil)
                    if forbiddenUntil[state] < use {
                        forbiddenUntil[state] = use
                        forbiddingUntil = max(forbiddingUntil, use)
                        changed = true
                    }
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
