import PolygraphHistory
import PolygraphModels

/// A model that judges operations with and without a key together.
protocol JoinsKeys {}

/// A model of several keys for histories in which some operations bear a key and others name their keys inside: no
/// operation may then be judged apart because of its key alone.
///
/// It has no shapes: those of an operation with a key count on nobody else touching other keys in the same state.
struct JoinedKeys<Base: Model>: Model, JoinsKeys {
    let base: Base

    var name: String { base.name }
    var initial: Base.State { base.initial }
    var family: ModelFamily { base.family }
    var needsProcess: Bool { base.needsProcess }

    func step(_ state: Base.State, _ call: Call) -> Base.State? { base.step(state, call) }
    func apply(_ call: Call, to state: inout Base.State) -> Bool { base.apply(call, to: &state) }
    func problem(with call: Call) -> String? { base.problem(with: call) }
    func isObserver(_ call: Call) -> Bool { base.isObserver(call) }
    func parts(of call: Call) -> [Value]? { base.parts(of: call) }

    /// Whether a history has operations of both kinds and the model knows the keys of those that bear one.
    static func isNeeded(_ history: History, _ base: Base) -> Bool {
        let columns = history.columns
        var keyed = -1
        var hasKeyless = false
        for position in 0..<columns.count
        where columns.kinds[position] == .invoke && columns.processes[position] != EventColumns.nemesis {
            if columns.keys[position] == EventColumns.none { hasKeyless = true } else { keyed = position }
            if hasKeyless && keyed >= 0 {
                return base.parts(of: columns.call(keyed, needsProcess: base.needsProcess)) != nil
            }
        }
        return false
    }
}
