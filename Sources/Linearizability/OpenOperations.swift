/// The mandatory operations that are open at the present event of a search, in the forms that expanding asks for.
///
/// For shaped tables every state has a mask of the open observers that it satisfies and one of the open mutators that
/// need it, so that a configuration is brought up to date by a few words.
final class OpenOperations {
    struct Mutator: BitwiseCopyable {
        var operation: Int32
        var label: Int32
        var word: Int32
        /// Possible in any state, leading to a fixed one.
        var isBlind: Bool
        var bit: UInt64
        var returned: Int32
        var target: Int32
    }

    private let layout: ConfigurationLayout
    private let table: LabelTable
    private let slots: [Int32]
    private let operations: [SearchOperation]
    private let isShaped: Bool
    private let hasExclusions: Bool

    /// By return, first first.
    @exclusivity(unchecked) private(set) var mutators: FlatArray<Mutator>
    @exclusivity(unchecked) private(set) var mutatorCount = 0
    /// Of each open mutator the slots of those with its label that return earlier.
    @exclusivity(unchecked) private(set) var equalBefore: FlatArray<UInt64>
    @exclusivity(unchecked) private(set) var observers: [Int32] = []
    /// Slots of open mutators that are blind.
    let blind: FlatArray<UInt64>

    /// By state: slots of open observers that require it.
    private let observersOf: FlatArray<UInt64>
    /// Slots of open observers that any state satisfies but those that forbid it.
    private let indifferentObservers: FlatArray<UInt64>
    private let observersAgainst: FlatArray<UInt64>
    /// The same for mutators that are not blind.
    private let mutatorsOf: FlatArray<UInt64>
    private let indifferentMutators: FlatArray<UInt64>
    private let mutatorsAgainst: FlatArray<UInt64>

    init(_ schedule: Schedule, table: LabelTable, layout: ConfigurationLayout) {
        self.layout = layout
        self.table = table
        isShaped = table.isShaped
        slots = schedule.slot
        operations = schedule.operations
        let (mutatorWords, observerWords) = (layout.mutatorWords, layout.observerWords)
        hasExclusions = isShaped && table.condition.contains(.allBut)
        let states = isShaped ? Int(table.stateCount) : 0
        mutators = FlatArray(
            repeating: Mutator(
                operation: 0, label: 0, word: 0, isBlind: false, bit: 0, returned: 0, target: 0),
            count: mutatorWords * 64 + 1)
        equalBefore = FlatArray(repeating: 0, count: (mutatorWords * 64 + 1) * mutatorWords)
        blind = FlatArray(repeating: 0, count: mutatorWords)
        observersOf = FlatArray(repeating: 0, count: states * observerWords)
        indifferentObservers = FlatArray(repeating: 0, count: observerWords)
        observersAgainst = FlatArray(repeating: 0, count: hasExclusions ? states * observerWords : 0)
        mutatorsOf = FlatArray(repeating: 0, count: states * mutatorWords)
        indifferentMutators = FlatArray(repeating: 0, count: mutatorWords)
        mutatorsAgainst = FlatArray(repeating: 0, count: hasExclusions ? states * mutatorWords : 0)
    }

    var bytes: Int {
        (observersOf.count + observersAgainst.count + mutatorsOf.count + mutatorsAgainst.count + equalBefore.count) * 8
    }

    /// The operations that are open, for returning to this moment.
    var saved: (mutators: [Int32], observers: [Int32]) {
        ((0..<mutatorCount).map { mutators[$0].operation }, observers)
    }

    /// Returns to a moment at which these operations were open.
    func restore(_ saved: (mutators: [Int32], observers: [Int32])) {
        removeAll()
        for operation in saved.mutators { openMutator(operation) }
        for operation in saved.observers { openObserver(operation) }
    }

    private func removeAll() {
        mutatorCount = 0
        observers.removeAll()
        for masks in [
            blind, observersOf, indifferentObservers, observersAgainst, mutatorsOf, indifferentMutators,
            mutatorsAgainst,
        ] {
            masks.base.update(repeating: 0, count: masks.count)
        }
    }

    @inline(__always)
    func slot(_ operation: Int32) -> Int { Int(slots[Int(operation)]) }

    @inline(__always)
    func label(_ operation: Int32) -> Int32 { operations[Int(operation)].label }

    @inline(__always)
    func isBlind(_ label: Int32) -> Bool { isShaped && table.condition[Int(label)] == .always }

    // MARK: - Mutators

    func openMutator(_ operation: Int32) {
        let label = label(operation)
        let slot = slot(operation)
        let words = layout.mutatorWords
        let new = Mutator(
            operation: operation, label: label, word: Int32(slot >> 6), isBlind: isBlind(label),
            bit: 1 << UInt64(slot & 63), returned: operations[Int(operation)].returned,
            target: isShaped ? table.target[Int(label)] : -1)
        var place = mutatorCount
        while place > 0 && mutators[place - 1].returned > new.returned {
            mutators[place] = mutators[place - 1]
            for word in 0..<words { equalBefore[place * words + word] = equalBefore[(place - 1) * words + word] }
            place -= 1
        }
        mutators[place] = new
        mutatorCount += 1
        for word in 0..<words { equalBefore[place * words + word] = 0 }
        for other in 0..<mutatorCount where other != place && mutators[other].label == label {
            if other < place {
                equalBefore[place * words + Int(mutators[other].word)] |= mutators[other].bit
            } else {
                equalBefore[other * words + Int(new.word)] |= new.bit
            }
        }
        note(new, opens: true)
    }

    func closeMutator(_ operation: Int32) {
        guard let place = (0..<mutatorCount).first(where: { mutators[$0].operation == operation }) else { return }
        let closed = mutators[place]
        let words = layout.mutatorWords
        mutatorCount -= 1
        for other in place..<mutatorCount {
            mutators[other] = mutators[other + 1]
            for word in 0..<words { equalBefore[other * words + word] = equalBefore[(other + 1) * words + word] }
        }
        for other in 0..<mutatorCount where mutators[other].label == closed.label {
            equalBefore[other * words + Int(closed.word)] &= ~closed.bit
        }
        note(closed, opens: false)
    }

    private func note(_ mutator: Mutator, opens: Bool) {
        guard isShaped else { return }
        let (word, bit) = (Int(mutator.word), mutator.bit)
        if mutator.isBlind {
            if opens { blind[word] |= bit } else { blind[word] &= ~bit }
            return
        }
        mark(
            mutator.label, word, bit, opens, layout.mutatorWords, mutatorsOf, indifferentMutators, mutatorsAgainst)
    }

    // MARK: - Observers

    func openObserver(_ operation: Int32) {
        observers.append(operation)
        if isShaped { note(operation, opens: true) }
    }

    func closeObserver(_ operation: Int32) {
        if let place = observers.firstIndex(of: operation) { observers.swapAt(place, observers.count - 1) }
        observers.removeLast()
        if isShaped { note(operation, opens: false) }
    }

    private func note(_ operation: Int32, opens: Bool) {
        let slot = slot(operation)
        mark(
            label(operation), slot >> 6, 1 << UInt64(slot & 63), opens, layout.observerWords, observersOf,
            indifferentObservers, observersAgainst)
    }

    private func mark(
        _ label: Int32, _ word: Int, _ bit: UInt64, _ opens: Bool, _ words: Int, _ of: FlatArray<UInt64>,
        _ indifferent: FlatArray<UInt64>, _ against: FlatArray<UInt64>
    ) {
        func set(_ masks: FlatArray<UInt64>, _ place: Int) {
            if opens { masks[place] |= bit } else { masks[place] &= ~bit }
        }
        let state = Int(table.conditionState[Int(label)])
        switch table.condition[Int(label)] {
        case .only: set(of, state * words + word)
        case .allBut:
            set(indifferent, word)
            set(against, state * words + word)
        case .always: set(indifferent, word)
        }
    }

    // MARK: - Asking

    /// The open observers of one word that a state satisfies; shaped tables only.
    @inline(__always)
    func satisfied(_ state: Int, _ word: Int) -> UInt64 {
        let place = state &* layout.observerWords &+ word
        if hasExclusions { return observersOf[place] | indifferentObservers[word] & ~observersAgainst[place] }
        return observersOf[place] | indifferentObservers[word]
    }

    /// The open mutators of one word that are not blind and possible in a state; shaped tables only.
    @inline(__always)
    func possible(_ state: Int, _ word: Int) -> UInt64 {
        let place = state &* layout.mutatorWords &+ word
        if hasExclusions { return mutatorsOf[place] | indifferentMutators[word] & ~mutatorsAgainst[place] }
        return mutatorsOf[place] | indifferentMutators[word]
    }
}
