import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// Turns a refutation into an anomaly: a name, a headline and a proof in words.
struct Explanation<M: Model> {
    let history: History
    let model: M
    let failedCAS: LinearizabilityOptions.FailedCAS
    let faults: FaultTimeline

    /// Sentences about operations that one explanation may hold; a core that could not be minimised may be long.
    private static var citedOperations: Int { 24 }

    func anomaly(for refutation: Refutation, in partition: Partition) -> Anomaly {
        let invoked = { (operation: Int) in Int(partition.operations[operation].invoked) }
        let accesses = Access.all(
            of: partition.key, in: history, model: model, failedCAS: failedCAS,
            about: (refutation.core + [refutation.failed]).map(invoked))
        let place = { (operation: Int) in
            // They are in order of invocation.
            var (low, high) = (0, accesses.count)
            while low < high {
                let middle = (low + high) / 2
                if accesses[middle].position < invoked(operation) { low = middle + 1 } else { high = middle }
            }
            return low
        }
        let core = refutation.core.map(place)
        let failed = place(refutation.failed)
        let diagnosis = diagnose(accesses, core: core, failed: failed)
        let cited = Array(core.suffix(Self.citedOperations))

        var steps = cited.map { accesses[$0].sentence }
        if cited.count < core.count {
            steps.insert("The last \(cited.count) of \(core.count) operations that contradict each other:", at: 0)
        }
        let further = Set(diagnosis.witnesses).subtracting(core).sorted()
        steps += further.map { "Besides: " + accesses[$0].sentence }
        steps.append("No order of these operations is possible: \(diagnosis.why).")
        let others = partition.operations.count - core.count
        if let start = refutation.start {
            let first = history.operations[Int(start)]
            steps.append(
                "This holds whatever came before operation \(first.index) began (at \(Phrases.seconds(first.time))): what "
                    + "was over by then is left out of the proof, and the state at that moment may have been any. Each "
                    + "other change that was open then or came later may have taken effect at any time, or never.")
        } else if refutation.dependsOnOthers {
            steps.append(
                "The \(Phrases.count(others, "other operation")) of \(object(partition.key)) are taken to have had the "
                    + "answers that were recorded; the time to find out whether these alone contradict each other ran out."
            )
        } else if others > 0 {
            steps.append(
                "This does not depend on the \(Phrases.count(others, "other operation")) of \(object(partition.key)): it "
                    + "holds even if each other change took effect, with the answer it got, at any time after its "
                    + "invocation, or never.")
        }
        let shown = Set(core + further).map { accesses[$0] }
        if let sentence = faultSentence(shown) { steps.append(sentence) }
        steps.append(confirmation(refutation))
        return Anomaly(
            name: diagnosis.name.rawValue, key: partition.key, summary: diagnosis.summary, explanation: steps,
            failedAt: accesses[failed].invocation.index,
            operations: Set(core + further).map { accesses[$0].invocation.index }.sorted())
    }

    /// The same without a minimal proof: where the history became impossible.
    func shortAnomaly(failed: Int, in partition: Partition) -> Anomaly {
        let access = Access(
            at: Int(partition.operations[failed].invoked), in: history, model: model, failedCAS: failedCAS)
        return Anomaly(
            name: Diagnosis.Name.other.rawValue, key: partition.key,
            summary: "The operations of \(object(partition.key)) have no order up to the return of operation "
                + "\(access.invocation.index).",
            explanation: [
                access.sentence,
                "Up to its return no order of the operations of \(object(partition.key)) is possible; this key is one of "
                    + "those that are listed without a minimal proof.",
            ] + (faultSentence([access]).map { [$0] } ?? []),
            failedAt: access.invocation.index, operations: [access.invocation.index])
    }

    private func diagnose(_ accesses: [Access], core: [Int], failed: Int) -> Diagnosis {
        let diagnosis =
            (model.initial as? Value).map {
                Diagnosis.make(accesses, core: core, failed: failed, initial: $0)
            } ?? ObjectDiagnosis(model: model, accesses: accesses, core: core, failed: failed).make()
        guard diagnosis.name == .other else { return diagnosis }
        let scene = ObjectScene(accesses: accesses, core: core, failed: failed)
        return MomentDiagnosis(model: model, scene: scene, failedCAS: failedCAS).make() ?? diagnosis
    }

    private func object(_ key: Value?) -> String { key.map { "key \($0)" } ?? "this history" }

    /// The faults in force from the first of these operations to the last.
    private func faultSentence(_ accesses: [Access]) -> String? {
        guard faults.isKnown else { return nil }
        let start = accesses.map(\.invocation.time).min() ?? 0
        let end = accesses.map { $0.completion?.time ?? $0.invocation.time }.max() ?? start
        let inForce = faults.inForce(from: start, to: end)
        return inForce.isEmpty
            ? "No fault was in force meanwhile." : "In force meanwhile: \(inForce.joined(separator: ", "))."
    }

    private func confirmation(_ refutation: Refutation) -> String {
        let minimal =
            refutation.isMinimal
            ? "Leaving out what any one of these operations tells makes an order possible. "
            : "The time to look for fewer operations ran out. "
        switch refutation.confirmation {
        case .core: return minimal + "A second, independent search found no order of these operations either."
        case .prefix: return minimal + "A second, independent search found no order of the whole history either."
        case .undecided: return minimal + "The second search ran out of budget before it could confirm this."
        case .contradicted: return "The second search found an order."
        }
    }
}
