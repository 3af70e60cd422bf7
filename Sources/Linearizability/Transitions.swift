import PolygraphModels

/// The steps of a model over interned states and labels.
protocol Transitions: Sendable {
    /// Whether states and labels are those of a `LabelTable` with shapes, so that `Schedule` may canonicalise them.
    static var areShaped: Bool { get }
    var initial: Int32 { get }
    /// The successor, or -1 where the label is not possible in the state.
    mutating func next(_ state: Int32, _ label: Int32) -> Int32
    /// Bytes held.
    var bytes: Int { get }
    /// Forgets all states but those of `kept`, where it remembers states at all.
    /// - Returns: the new numbers of `kept`; nil where numbers stay as they are.
    mutating func forget(allBut kept: [Int32]) -> [Int32]?
}

/// The size of states that may hold memory of their own.
enum StateSize {
    /// Bytes, about.
    static func bytes<State>(of state: State) -> Int {
        let own = MemoryLayout<State>.stride
        if _isPOD(State.self) { return own }
        // Elements of the values that models hold, and what a table keeps free.
        if let collection = state as? any Collection { return own + 64 + collection.count * 64 }
        return own + 1024
    }
}

/// Steps computed from shapes: no table, no model in the search.
struct ShapedTransitions: Transitions {
    static var areShaped: Bool { true }
    let initial: Int32
    private let condition: [LabelTable.Condition]
    private let conditionState: [Int32]
    private let target: [Int32]

    init(_ table: LabelTable) {
        initial = table.initial
        condition = table.condition
        conditionState = table.conditionState
        target = table.target
    }

    @inline(__always)
    func next(_ state: Int32, _ label: Int32) -> Int32 {
        let place = Int(label)
        switch condition[place] {
        case .always: break
        case .only: if conditionState[place] != state { return -1 }
        case .allBut: if conditionState[place] == state { return -1 }
        }
        return target[place] < 0 ? state : target[place]
    }

    var bytes: Int { condition.count * 9 }

    mutating func forget(allBut kept: [Int32]) -> [Int32]? { nil }
}

/// Steps asked of a model once, then remembered in a flat table.
struct RememberedTransitions<M: Model>: Transitions {
    static var areShaped: Bool { false }
    let initial: Int32 = 0
    private let model: M
    private let calls: [Call]
    private var states: [M.State]
    private var ids: [M.State: Int32]
    /// Open addressing; a key is `state << 32 | label`, all ones where a place is free.
    private var keys: [UInt64]
    private var successors: [Int32]
    private var used = 0
    private var stateBytes = 0

    init(_ table: LabelTable, model: M) {
        self.model = model
        calls = table.calls
        states = [model.initial]
        ids = [model.initial: 0]
        keys = [UInt64](repeating: .max, count: 1024)
        successors = [Int32](repeating: -1, count: 1024)
    }

    mutating func next(_ state: Int32, _ label: Int32) -> Int32 {
        let key = UInt64(UInt32(bitPattern: state)) << 32 | UInt64(UInt32(bitPattern: label))
        var place = find(key)
        if keys[place] == key { return successors[place] }
        let successor: Int32
        if let reached = model.step(states[Int(state)], calls[Int(label)]) {
            if let known = ids[reached] {
                successor = known
            } else {
                successor = Int32(states.count)
                ids[reached] = successor
                states.append(reached)
                stateBytes += StateSize.bytes(of: reached) + 64
            }
        } else {
            successor = -1
        }
        if used * 2 >= keys.count {
            grow()
            place = find(key)
        }
        keys[place] = key
        successors[place] = successor
        used += 1
        return successor
    }

    var bytes: Int { keys.count * 12 + stateBytes }

    mutating func forget(allBut kept: [Int32]) -> [Int32]? {
        var names: [Int32: Int32] = [0: 0]
        var left = [states[0]]
        for state in kept where names[state] == nil {
            names[state] = Int32(left.count)
            left.append(states[Int(state)])
        }
        states = left
        ids = Dictionary(uniqueKeysWithValues: left.enumerated().map { ($1, Int32($0)) })
        stateBytes = left.reduce(0) { $0 + StateSize.bytes(of: $1) + 64 }
        keys = [UInt64](repeating: .max, count: 1024)
        successors = [Int32](repeating: -1, count: 1024)
        used = 0
        return kept.map { names[$0] ?? 0 }
    }

    private func find(_ key: UInt64) -> Int {
        let mask = keys.count - 1
        var place = Int(truncatingIfNeeded: mix(key)) & mask
        while keys[place] != .max && keys[place] != key { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let old = (keys, successors)
        keys = [UInt64](repeating: .max, count: old.0.count * 2)
        successors = [Int32](repeating: -1, count: old.0.count * 2)
        for (position, key) in old.0.enumerated() where key != .max {
            let place = find(key)
            keys[place] = key
            successors[place] = old.1[position]
        }
    }
}

/// Spreads the bits of a word over all bits (the finaliser of MurmurHash3).
@inline(__always)
func mix(_ word: UInt64) -> UInt64 {
    var hash = word
    hash ^= hash >> 33
    hash &*= 0xff51_afd7_ed55_8ccd
    hash ^= hash >> 33
    hash &*= 0xc4ce_b9fe_1a85_ec53
    hash ^= hash >> 33
    return hash
}
