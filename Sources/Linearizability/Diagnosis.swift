import PolygraphHistory

/// The name of what is wrong, and how it is told; for a register (`make`) from the operations that contradict each other and what else happened to
/// the key.
struct Diagnosis {
    /// The field's names for violations of linearizability.
    enum Name: String, CaseIterable {
        case staleRead = "stale read"
        case neverWritten = "read of a value never written"
        case failedWrite = "read of a failed write"
        case futureRead = "future read"
        case dirtyRead = "dirty read"
        case lostWrite = "lost write"
        case resurrectedValue = "resurrected value"
        case lostUpdate = "lost update"
        case nonMonotonicRead = "non-monotonic read"
        case impossibleMismatch = "impossible mismatch"
        case duplicateDelivery = "duplicate delivery"
        case outOfOrderDelivery = "out-of-order delivery"
        case lostElement = "lost element"
        case neverAdded = "delivery of an element never added"
        case emptyThoughFull = "empty although not empty"
        case twoHolders = "two holders of a lock"
        case wrongRelease = "release by one who does not hold"
        case tooManyPermits = "more permits than there are"
        case tokenBackwards = "token went backwards"
        case readTooLow = "counter read too low"
        case readTooHigh = "counter read too high"
        case duplicateID = "duplicate id"
        case twoLeaders = "two leaders in one term"
        case lostAppend = "lost append"
        case duplicateAppend = "duplicate append"
        case divergentOrder = "divergent order"
        case tooManyReturned = "more permits returned than taken"
        case failedEffect = "effect of a failed operation"
        case duplicateUpdate = "update applied twice"
        case wrongOffset = "wrong offset"
        case neverReached = "counter value never reached"
        case neverState = "read of a state that never was"
        case fracturedRead = "fractured read"
        case other = "linearizability violation"
    }

    var name: Name
    /// One sentence for a headline.
    var summary: String
    /// Why no order is possible, in one sentence.
    var why: String
    /// Further operations (indices into the accesses) that the name rests on.
    var witnesses: [Int] = []

    /// - Parameters:
    ///   - accesses: all operations of the key.
    ///   - core: indices of those that contradict each other.
    ///   - failed: the index of the one at whose return no order was left.
    static func make(_ accesses: [Access], core: [Int], failed: Int, initial: Value) -> Diagnosis {
        let scene = Scene(accesses: accesses, core: core.filter { $0 != failed }, failed: failed, initial: initial)
        var diagnosis =
            scene.impossibleMismatch() ?? scene.withoutSource() ?? scene.lostUpdate() ?? scene.overwritten()
            ?? scene.unnamed()
        // Where the old value came from belongs to the story, though the proof may do without it.
        if let writer = scene.oldWriter() { diagnosis.witnesses.append(writer) }
        return diagnosis
    }
}

/// What a diagnosis looks at.
private struct Scene {
    let accesses: [Access]
    let core: [Int]
    let failed: Int
    let initial: Value

    private var culprit: Access { accesses[failed] }
    private var object: String { culprit.invocation.key.map { "key \($0)" } ?? "the register" }
    private func text(_ value: Value) -> String { Access.text(value) }
    private func number(_ access: Access) -> String { "operation \(access.invocation.index)" }

    /// `read 38 from key 3` or `replaced 38 in key 3`.
    private func deed(_ value: Value) -> String {
        let who = "Process \(culprit.invocation.process.number ?? -1)"
        let node = culprit.invocation.node.map { " on \($0)" } ?? ""
        return culprit.isCAS
            ? "\(who) replaced \(text(value)) in \(object)\(node) (\(number(culprit)))"
            : "\(who) read \(text(value)) from \(object)\(node) (\(number(culprit)))"
    }

    /// The last write of what the culprit saw that began before the culprit was over.
    func oldWriter() -> Int? {
        guard let value = culprit.observed else { return nil }
        return accesses.indices.last {
            $0 != failed && accesses[$0].written == .some(value) && !accesses[$0].hasFailed
                && accesses[$0].position < culprit.returned
        }
    }

    func impossibleMismatch() -> Diagnosis? {
        guard let excluded = culprit.excluded else { return nil }
        return Diagnosis(
            name: .impossibleMismatch,
            summary: "A cas of \(object) was refused although its value was \(text(excluded)) all the time "
                + "(\(number(culprit))).",
            why: "At every instant at which \(number(culprit)) can have looked, the value was \(text(excluded)), so it "
                + "could not be refused for a mismatch")
    }

    /// A value that nobody can have written in time.
    func withoutSource() -> Diagnosis? {
        guard let value = culprit.observed, value != initial else { return nil }
        let writers = accesses.indices.filter { accesses[$0].written == .some(value) && $0 != failed }
        let possible = writers.filter { !accesses[$0].hasFailed }
        if possible.isEmpty {
            guard let writer = writers.first else {
                return Diagnosis(
                    name: .neverWritten, summary: "\(deed(value)), which nobody ever wrote.",
                    why: "no operation writes \(text(value)) to \(object), and it does not start with it")
            }
            return Diagnosis(
                name: .failedWrite,
                summary: "\(deed(value)), which only a failed operation wrote (\(number(accesses[writer]))).",
                why: "the only operations that write \(text(value)) to \(object) failed, so they did not happen",
                witnesses: [writer])
        }
        if possible.allSatisfy({ culprit.precedes(accesses[$0]) }) {
            return Diagnosis(
                name: .futureRead,
                summary: "\(deed(value)) before anybody began to write it (\(number(accesses[possible[0]]))).",
                why: "the first operation that writes \(text(value)), \(number(accesses[possible[0]])), was invoked "
                    + "after \(number(culprit)) had returned",
                witnesses: [possible[0]])
        }
        return nil
    }

    /// Two compare-and-sets that both replaced the same value.
    func lostUpdate() -> Diagnosis? {
        let updates = (core + [failed]).filter { accesses[$0].isCAS && accesses[$0].isOK }
        for (rank, first) in updates.enumerated() {
            for second in updates.dropFirst(rank + 1) {
                guard let value = accesses[first].observed, accesses[second].observed == .some(value) else { continue }
                // A value that was put back in between would explain both.
                if accesses.contains(where: {
                    $0.written == .some(value) && !$0.hasFailed && !isOnlyWrite($0, of: value)
                }) {
                    continue
                }
                let numbers = [first, second].sorted().map { number(accesses[$0]) }
                return Diagnosis(
                    name: .lostUpdate,
                    summary: "Two cas of \(object) both replaced \(text(value)) (\(Phrases.list(numbers))): "
                        + "one update is lost.",
                    why: "after the first of \(Phrases.list(numbers)) the value is not \(text(value)) any more, and "
                        + "nobody wrote it again")
            }
        }
        return nil
    }

    /// Whether the value can have been in place only once, thanks to this write.
    private func isOnlyWrite(_ access: Access, of value: Value) -> Bool {
        value != initial && accesses.count { $0.written == .some(value) && !$0.hasFailed } == 1
    }

    /// A newer value that was known before the culprit began, and an older one that it saw.
    func overwritten() -> Diagnosis? {
        guard let old = culprit.observed else { return nil }
        let known = core.filter { accesses[$0].precedes(culprit) && accesses[$0].isOK }
        // The evidence of something newer: acknowledged writes first, then reads; the last one of each.
        let writes = known.filter { accesses[$0].written.map { $0 != old } ?? false }
        let reads = known.filter { accesses[$0].written == .none && accesses[$0].observed.map { $0 != old } ?? false }
        if let write = writes.last, let value = accesses[write].written {
            return afterAcknowledged(write, value, old: old)
        }
        guard let read = reads.last, let value = accesses[read].observed else { return nil }
        // A value that was read may have been acknowledged as well, which is the stronger fact; but where it was written
        // more often, nobody knows which of its writes was read.
        let sources = accesses.indices.filter { accesses[$0].written == .some(value) && !accesses[$0].hasFailed }
        guard sources.count == 1, let source = sources.first, accesses[source].isOK, accesses[source].precedes(culprit)
        else { return afterRead(read, value, old: old) }
        var diagnosis = afterAcknowledged(source, value, old: old)
        // The write belongs to the story, and only the read to what contradicts itself.
        diagnosis.why = why(accesses[read], old)
        diagnosis.witnesses.append(source)
        return diagnosis
    }

    private func afterAcknowledged(_ write: Int, _ value: Value, old: Value) -> Diagnosis {
        let newer = accesses[write]
        let sightings = observers(of: value).filter { $0 != failed }
        let sawBefore = sightings.first { accesses[$0].precedes(culprit) }
        let sawAfter = sightings.contains { culprit.precedes(accesses[$0]) }
        let oldAgain = observers(of: old).filter { $0 != failed && newer.precedes(accesses[$0]) }
        let elsewhere = oldAgain.first {
            accesses[$0].invocation.node != culprit.invocation.node || culprit.invocation.node == .none
        }
        let stays = culprit.isCAS || elsewhere != nil
        let why = why(newer, old)
        if sightings.isEmpty, stays {
            return Diagnosis(
                name: .lostWrite,
                summary: "The acknowledged write of \(text(value)) to \(object) (\(number(newer))) was never seen: "
                    + "\(deed(old)) after it.",
                why: why, witnesses: elsewhere.map { [$0] } ?? [])
        }
        if let sawBefore, !sawAfter, cameBack(sawBefore, old: old, elsewhere: stays) {
            return resurrected(old, value, sawBefore, why)
        }
        if culprit.isCAS {
            return Diagnosis(
                name: .lostUpdate,
                summary: "\(deed(old)) after \(text(value)) had been written and acknowledged (\(number(newer))): "
                    + "that update is lost.",
                why: why)
        }
        return Diagnosis(
            name: .staleRead,
            summary: "\(deed(old)) after \(text(value)) had been written and acknowledged (\(number(newer))).",
            why: why)
    }

    /// True of every core whose last operation saw `old`, whatever the other operations are: they alone can be ordered,
    /// and with it they cannot.
    private func why(_ newer: Access, _ old: Value) -> String {
        "\(number(newer)) was over before \(number(culprit)) began, and in whatever order the operations took effect, "
            + (culprit.isCAS
                ? "\(number(culprit)) cannot have met \(text(old)) and left the others what they saw"
                : "the value was not \(text(old)) at any instant while \(number(culprit)) ran")
    }

    private func afterRead(_ read: Int, _ value: Value, old: Value) -> Diagnosis {
        let sawAfter = observers(of: value).contains { culprit.precedes(accesses[$0]) }
        let why = why(accesses[read], old)
        let sources = accesses.indices.filter { accesses[$0].written == .some(value) && !accesses[$0].hasFailed }
        if !sawAfter, !sources.isEmpty, sources.allSatisfy({ accesses[$0].isOpen }) {
            return Diagnosis(
                name: .dirtyRead,
                summary: "\(text(value)), a value of a write that was never acknowledged, was read from \(object) "
                    + "(\(number(accesses[read]))) and then vanished: \(deed(old)).",
                why: why, witnesses: [sources[0]])
        }
        if !sawAfter, cameBack(read, old: old, elsewhere: false) { return resurrected(old, value, read, why) }
        return Diagnosis(
            name: .nonMonotonicRead,
            summary: "\(deed(old)) after \(text(value)), which is newer, had been read (\(number(accesses[read]))).",
            why: why)
    }

    /// Whether the old value was in place for good again: it was seen before the newer one was, and then again by
    /// someone who had moved on already, or not only by the culprit.
    private func cameBack(_ sighting: Int, old: Value, elsewhere: Bool) -> Bool {
        let seenEarlier = observers(of: old).contains { accesses[$0].precedes(accesses[sighting]) }
        let node = culprit.invocation.node
        return seenEarlier && (elsewhere || node == .none || accesses[sighting].invocation.node == node)
    }

    private func resurrected(_ old: Value, _ value: Value, _ sighting: Int, _ why: String) -> Diagnosis {
        let earlier = observers(of: old).first { accesses[$0].precedes(accesses[sighting]) }
        return Diagnosis(
            name: .resurrectedValue,
            summary: "The value \(text(old)) of \(object) came back: it had been replaced by \(text(value)), which was "
                + "read (\(number(accesses[sighting]))), and then \(deed(old)).",
            why: why, witnesses: [sighting] + (earlier.map { [$0] } ?? []))
    }

    /// Operations that certainly saw the value, in order of invocation.
    private func observers(of value: Value) -> [Int] {
        accesses.indices.filter { accesses[$0].isOK && accesses[$0].observed == .some(value) }
    }

    func unnamed() -> Diagnosis {
        Diagnosis(
            name: .other,
            summary: "\(Phrases.count(core.count + 1, "operation")) of \(object) have no order that a correct system "
                + "could have shown; the last is \(number(culprit)).",
            why: "every order of them that respects their times makes the model refuse one of them")
    }
}
