/// The steps from one configuration: what may take effect before the operation of a return does.
extension FrontierSearch {
    /// The operation whose return is being processed, and the bit that says it is done.
    struct Batch {
        var operation: Int32
        var isObserver: Bool
        var word: Int
        var bit: UInt64
        var event: Int32
    }

    /// Takes every step from `current` that may lead to the return of the batch's operation.
    func expand(_ batch: Batch) {
        let consume = current[0] & ConfigurationLayout.mustConsume != 0
        let from = layout.state(current)
        let words = layout.mutatorWords
        for rank in 0..<open.mutatorCount {
            let mutator = open.mutators[rank]
            if consume && mutator.isBlind { continue }
            let word = Int(mutator.word)
            if current[layout.doneAt &+ word] & mutator.bit != 0 { continue }
            var reached = mutator.target
            if Steps.areShaped {
                if !mutator.isBlind && open.possible(Int(from), word) & mutator.bit == 0 { continue }
            } else {
                reached = steps.next(from, mutator.label)
                if reached < 0 { continue }
            }
            if hasEqual(rank &* words, isFree: current[layout.freeAt &+ word] & mutator.bit != 0) { continue }
            frontier.copy(current, to: candidate)
            candidate[layout.doneAt &+ word] |= mutator.bit
            candidate[layout.freeAt &+ word] &= ~mutator.bit
            take(
                reached, blind: mutator.isBlind, returns: !batch.isObserver && mutator.operation == batch.operation,
                unseenAllowed: !mutator.isBlind, .operation(mutator.operation), batch)
        }
    }

    /// Takes every step of an optional operation from `current`.
    func expandOptional(_ batch: Batch) {
        if schedule.lanes.isEmpty { return }
        let consume = current[0] & ConfigurationLayout.mustConsume != 0
        let from = layout.state(current)
        for lane in usableLanes { use(lane, from: from, consume: consume, batch) }
    }

    /// Whether `current` can take an equal step of the same standing that returns earlier.
    @inline(__always)
    private func hasEqual(_ start: Int, isFree: Bool) -> Bool {
        for word in 0..<layout.mutatorWords {
            let free = current[layout.freeAt &+ word]
            let left = open.equalBefore[start &+ word] & ~current[layout.doneAt &+ word]
            if left & (isFree ? free : ~free) != 0 { return true }
        }
        return false
    }

    private func use(_ lane: Int32, from: Int32, consume: Bool, _ batch: Batch) {
        let group = schedule.lanes[Int(lane)]
        if group.isTracked {
            let used = (current[layout.usedAt + group.word] & group.mask) >> group.shift
            if used >= UInt64(available[Int(lane)]) { return }
        }
        let blind = open.isBlind(group.label)
        if consume && blind { return }
        let reached = group.isIndistinct ? LabelTable.indistinct : steps.next(from, group.label)
        if reached < 0 || hasEqualMutator(group.label, indistinct: group.isIndistinct) { return }
        frontier.copy(current, to: candidate)
        if group.isTracked { candidate[layout.usedAt + group.word] += group.unit }
        layout.addUse(candidate)
        take(reached, blind: blind, returns: false, unseenAllowed: !Steps.areShaped, .lane(lane), batch)
    }

    /// Whether a mandatory operation can take the step that an optional one would.
    private func hasEqualMutator(_ sought: Int32, indistinct: Bool) -> Bool {
        for rank in 0..<open.mutatorCount {
            let mutator = open.mutators[rank]
            let equal =
                indistinct
                ? mutator.isBlind && name(mutator.target) == LabelTable.indistinct : mutator.label == sought
            if equal && current[layout.doneAt + Int(mutator.word)] & mutator.bit == 0 { return true }
        }
        return false
    }

    /// Completes the step in `candidate`, and emits or queues it.
    @inline(__always)
    private func take(
        _ reached: Int32, blind: Bool, returns: Bool, unseenAllowed: Bool, _ step: WitnessArena.Step, _ batch: Batch
    ) {
        layout.setState(candidate, name(reached))
        if blind {
            for part in 0..<layout.mutatorWords {
                candidate[layout.freeAt &+ part] |= open.blind[part] & ~candidate[layout.doneAt &+ part]
            }
        }
        let seen = saturate(candidate)
        if returns || (batch.isObserver && candidate[batch.word] & batch.bit != 0) {
            candidate[batch.word] &= ~batch.bit
            emit(candidate, step, batch.event, after: layout.node(current))
            return
        }
        if !seen && !unseenAllowed {
            if !hasGuardedStep(candidate) { return }
            candidate[0] |= ConfigurationLayout.mustConsume
        }
        let place = work.insert(candidate)
        if place >= 0 {
            layout.setNode(work.pool[place], arena.append(step, event: batch.event, after: layout.node(current)))
        }
    }

    func emit(
        _ configuration: UnsafeMutablePointer<UInt64>, _ step: WitnessArena.Step, _ event: Int32, after parent: Int32
    ) {
        let place = emitted.insert(configuration)
        if place >= 0 { layout.setNode(emitted.pool[place], arena.append(step, event: event, after: parent)) }
    }

    /// Marks every open observer that the state satisfies.
    /// - Returns: whether any was not marked before.
    @inline(__always)
    @discardableResult
    func saturate(_ configuration: UnsafeMutablePointer<UInt64>) -> Bool {
        let state = layout.state(configuration)
        var fresh = false
        if Steps.areShaped {
            for word in 0..<layout.observerWords {
                let satisfied = open.satisfied(Int(state), word)
                let place = layout.seenAt &+ word
                if satisfied & ~configuration[place] != 0 {
                    configuration[place] |= satisfied
                    fresh = true
                }
            }
            return fresh
        }
        for observer in open.observers {
            let slot = open.slot(observer)
            let bit: UInt64 = 1 << UInt64(slot & 63)
            if configuration[layout.seenAt + slot >> 6] & bit == 0
                && steps.next(state, open.label(observer)) >= 0
            {
                configuration[layout.seenAt + slot >> 6] |= bit
                fresh = true
            }
        }
        return fresh
    }

    /// Whether a step that needs the present state is possible.
    private func hasGuardedStep(_ configuration: UnsafeMutablePointer<UInt64>) -> Bool {
        let state = layout.state(configuration)
        for word in 0..<layout.mutatorWords
        where open.possible(Int(state), word) & ~configuration[layout.doneAt &+ word] != 0 {
            return true
        }
        if schedule.lanes.isEmpty { return false }
        for lane in usableLanes {
            let group = schedule.lanes[Int(lane)]
            if open.isBlind(group.label) { continue }
            if group.isTracked {
                let used = (configuration[layout.usedAt + group.word] & group.mask) >> group.shift
                if used >= UInt64(available[Int(lane)]) { continue }
            }
            if steps.next(state, group.label) >= 0 { return true }
        }
        return false
    }
}
