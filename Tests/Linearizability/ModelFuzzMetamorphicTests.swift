import PolygraphChecking
import PolygraphHistory
import PolygraphModelVocabulary
import PolygraphModels
import Testing

/// Changes of a history whose effect on the verdict is known without knowing the verdict's reason.
@Suite struct ModelFuzzMetamorphicTests {
    private static let rounds = max(500, ModelFuzzTests.histories / 50)

    private static func renumbered(_ events: [Operation]) -> [Operation] {
        events.enumerated().map { index, event in
            var event = event
            event.index = index
            event.time = Int64(index) * 1_000_000
            return event
        }
    }

    /// Random histories with what is made of them.
    private func forEachHistory<M: Model>(
        _ vocabulary: ModelVocabulary, _ model: M, _ body: (UInt64, [Operation], inout VocabularyRandom) -> Void
    ) {
        let generator = RandomModelHistory(vocabulary, model, maximumOperations: 9)
        for round in 0..<Self.rounds {
            let seed = UInt64(round) + 1_000_000_000
            var random = VocabularyRandom(~seed)
            body(seed, generator.make(seed: seed), &random)
        }
    }

    // MARK: - One more observation that fits

    @Test(arguments: ModelVocabulary.all)
    func anObservationThatFitsTheWitnessKeepsValid(vocabulary: ModelVocabulary) {
        let added = addObservations(vocabulary, vocabulary.model)
        let observes = vocabulary.requests.contains { request in
            request.answers.contains {
                vocabulary.model.isObserver(
                    vocabulary.call(request, process: 0, output: $0, outcome: .happened))
            }
        }
        #expect(added > Self.rounds / 200 || !observes, "\(added)")
    }

    private func addObservations<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> Int {
        let oracle = ExhaustiveSearch(model)
        var added = 0
        forEachHistory(vocabulary, model) { seed, events, random in
            guard let orders = oracle.witness(events), orders.count == 1, let (key, order) = orders.first else {
                return
            }
            // The observation comes right after the begin of the latest of the operations that stand before it in the
            // order; none of those that stand after it had returned then.
            let place = random.below(order.count + 1)
            let position = order[..<place].max() ?? -1
            var state = model.initial
            for earlier in order[..<place] {
                guard let next = model.step(state, Self.call(at: earlier, in: events, model)) else { return }
                state = next
            }
            let offset = random.below(vocabulary.requests.count)
            for number in vocabulary.requests.indices {
                let request = vocabulary.requests[(number + offset) % vocabulary.requests.count]
                let fitting = request.answers.first {
                    let call = vocabulary.call(request, process: 99, output: $0, outcome: .happened)
                    return model.isObserver(call) && model.step(state, call) != nil
                }
                guard let fitting else { continue }
                var changed = events
                for (kind, value) in [(Operation.Kind.ok, fitting), (.invoke, request.input)] {
                    changed.insert(
                        Operation(
                            index: 0, time: 0, process: .client(99), kind: kind, function: request.function, key: key,
                            value: value),
                        at: position + 1)
                }
                added += 1
                let verdict = ModelFuzzTests.verdict(Self.renumbered(changed), model)
                #expect(verdict == .valid, "\(vocabulary), seed \(seed), \(request.function) after \(position)")
                return
            }
        }
        return added
    }

    private static func call(at position: Int, in events: [Operation], _ model: some Model) -> Call {
        let invocation = events[position]
        let completion = events[(position + 1)...].first { $0.process == invocation.process }
        let outcome: Call.Outcome =
            switch completion?.kind {
            case .ok: .happened
            case .fail: .refused
            default: .unknown
            }
        return Call(
            function: invocation.function, input: invocation.value,
            output: outcome == .happened ? completion?.value : nil, outcome: outcome,
            process: model.needsProcess ? invocation.process.number : nil, key: invocation.key)
    }

    // MARK: - Less known

    @Test(arguments: ModelVocabulary.all)
    func forgettingAnAnswerKeepsValid(vocabulary: ModelVocabulary) {
        #expect(forgetAnswers(vocabulary, vocabulary.model) > Self.rounds / 20)
    }

    private func forgetAnswers<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> Int {
        var forgotten = 0
        forEachHistory(vocabulary, model) { seed, events, random in
            guard ModelFuzzTests.verdict(events, model) == .valid else { return }
            // The last operation of a process, so that no process goes on after an unknown outcome.
            let ends = events.indices.filter { place in
                events[place].kind == .ok
                    && !events[(place + 1)...].contains { $0.process == events[place].process }
            }
            guard !ends.isEmpty else { return }
            var changed = events
            changed[ends[random.below(ends.count)]].kind = .info
            forgotten += 1
            #expect(ModelFuzzTests.verdict(changed, model) == .valid, "\(vocabulary), seed \(seed)")
        }
        return forgotten
    }

    // MARK: - The same history

    @Test(arguments: ModelVocabulary.all)
    func timesAndNamesOfProcessesDoNotMatter(vocabulary: ModelVocabulary) {
        let counts = rename(vocabulary, vocabulary.model)
        #expect(counts.valid > Self.rounds / 20 && counts.invalid > Self.rounds / 50, "\(counts)")
    }

    private func rename<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> (valid: Int, invalid: Int) {
        var counts = (valid: 0, invalid: 0)
        forEachHistory(vocabulary, model) { seed, events, random in
            let shift = Int64(random.below(1 << 40))
            let pace = Int64(1 + random.below(50))
            let names = 7 + random.below(1000)
            var changed = events.map { event in
                var event = event
                event.time = event.time * pace + shift
                event.process = .client((event.process.number ?? 0) * 3 + names)
                return event
            }
            // Neighbours that both begin, or both end, can change places.
            for place in changed.indices.dropLast()
            where (changed[place].kind == .invoke) == (changed[place + 1].kind == .invoke) && random.below(2) == 0
                && changed[place].process != changed[place + 1].process
            {
                changed.swapAt(place, place + 1)
            }
            for place in changed.indices { changed[place].index = place }
            let verdict = ModelFuzzTests.verdict(events, model)
            if verdict == .valid { counts.valid += 1 } else { counts.invalid += 1 }
            #expect(ModelFuzzTests.verdict(changed, model) == verdict, "\(vocabulary), seed \(seed)")
        }
        return counts
    }

    /// Models to which all values but null are alike.
    private static let indifferent = ModelVocabulary.all.filter {
        $0.variant.isEmpty
            && [
                "register", "cas-register", "multi-register", "fifo-queue", "unordered-queue", "stack", "set", "g-set",
                "unique-ids", "leader",
            ].contains($0.model.name)
    }

    @Test(arguments: indifferent)
    func otherValuesDoNotMatter(vocabulary: ModelVocabulary) {
        let counts = relabel(vocabulary, vocabulary.model)
        #expect(counts.valid > Self.rounds / 20 && counts.invalid > Self.rounds / 50, "\(counts)")
    }

    private func relabel<M: Model>(_ vocabulary: ModelVocabulary, _ model: M) -> (valid: Int, invalid: Int) {
        func other(_ value: Value) -> Value {
            switch value {
            // One to one, and in another order.
            case .integer(let number): number % 2 == 0 ? .string("value \(number)") : .integer(1_000 - 7 * number)
            case .list(let elements): .list(elements.map(other))
            default: value
            }
        }
        var counts = (valid: 0, invalid: 0)
        forEachHistory(vocabulary, model) { seed, events, _ in
            let changed = events.map { event in
                var event = event
                event.value = other(event.value)
                return event
            }
            let verdict = ModelFuzzTests.verdict(events, model)
            if verdict == .valid { counts.valid += 1 } else { counts.invalid += 1 }
            #expect(ModelFuzzTests.verdict(changed, model) == verdict, "\(vocabulary), seed \(seed)")
        }
        return counts
    }
}
