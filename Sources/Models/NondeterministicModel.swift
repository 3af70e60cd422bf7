import PolygraphHistory

/// A sequential specification of an object that may choose: a state and a call have any number of successors.
///
/// ```swift
/// /// A bag; `take` of unknown outcome took any one element.
/// struct Bag: NondeterministicModel {
///     let name = "bag"
///     let initial: [Value] = []
///     func successors(of state: [Value], under call: Call) -> [[Value]] {
///         if call.function == "put" { return [state + [call.input]] }
///         return state.indices.filter { call.output == nil || call.output == state[$0] }.map {
///             var rest = state
///             rest.remove(at: $0)
///             return rest
///         }
///     }
/// }
///
/// let checker = Linearizable(model: SubsetConstruction(Bag()))
/// ```
///
/// A `State` in which equal situations are equal values (here: the elements sorted) keeps the search small.
public protocol NondeterministicModel: Sendable {
    associatedtype State: Hashable & Sendable

    /// The model's name, as in reports.
    var name: String { get }

    /// The state before any operation.
    var initial: State { get }

    /// The states in which `call` may leave `state`; none where the model forbids the call there.
    func successors(of state: State, under call: Call) -> [State]

    /// Why the model cannot judge this call, in words for people; nil when it can.
    func problem(with call: Call) -> String?

    /// Whether the call leaves every state as it is, where it is possible at all. The default says no, which is always
    /// right, only slower.
    func isObserver(_ call: Call) -> Bool

    /// The independent parts of the object that the call touches, as in `Model`.
    func parts(of call: Call) -> [Value]?

    /// Whether `successors` looks at `Call.process`. The default says no.
    var needsProcess: Bool { get }
}

extension NondeterministicModel {
    public func problem(with call: Call) -> String? { nil }
    public func isObserver(_ call: Call) -> Bool { false }
    public func parts(of call: Call) -> [Value]? { nil }
    public var needsProcess: Bool { false }
}

/// A nondeterministic model as a deterministic one, whose state is the set of states that the object may be in
/// (the subset construction of Rabin and Scott, 1959).
public struct SubsetConstruction<Base: NondeterministicModel>: Model {
    public let base: Base
    public let initial: Set<Base.State>

    public init(_ base: Base) {
        self.base = base
        initial = [base.initial]
    }

    public var name: String { base.name }
    public var needsProcess: Bool { base.needsProcess }

    public func step(_ state: Set<Base.State>, _ call: Call) -> Set<Base.State>? {
        var next: Set<Base.State> = []
        for possible in state { next.formUnion(base.successors(of: possible, under: call)) }
        return next.isEmpty ? nil : next
    }

    public func problem(with call: Call) -> String? { base.problem(with: call) }

    /// An answer narrows down the states that the object may be in even where it changes none of them, so only
    /// observers that nobody saw the answer of change nothing here.
    public func isObserver(_ call: Call) -> Bool { call.outcome == .unknown && base.isObserver(call) }

    public func parts(of call: Call) -> [Value]? { base.parts(of: call) }
}
