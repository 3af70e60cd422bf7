import PolygraphHistory

/// A sequential specification: a state, and the steps that it allows.
///
/// A checker asks whether the operations of a history, each at one instant between its invocation and its
/// completion, form a sequence that the model allows from `initial`.
///
/// A model is deterministic: a state and a call have at most one successor. An object that may choose is described by
/// a `NondeterministicModel`, and judged through `SubsetConstruction`.
///
/// ```swift
/// struct Counter: Model {
///     let name = "counter"
///     let initial: Int64 = 0
///     func step(_ state: Int64, _ call: Call) -> Int64? {
///         switch call.function {
///         case "add": state + (call.input.integerValue ?? 0)
///         default: call.output == .integer(state) ? state : nil
///         }
///     }
///     func isObserver(_ call: Call) -> Bool { call.function == "read" }
/// }
/// ```
public protocol Model: Sendable {
    associatedtype State: Hashable & Sendable

    /// The model's name, as in a workload file.
    var name: String { get }

    /// The state before any operation.
    var initial: State { get }

    /// The state after `call` in `state`, or nil when the model forbids the call there.
    func step(_ state: State, _ call: Call) -> State?

    /// Takes the step in place; engines that keep no earlier state call this. The default copies.
    /// - Returns: false when the model forbids the call; the state then does not matter any more.
    func apply(_ call: Call, to state: inout State) -> Bool

    /// Why the model cannot judge this call (a function it does not have, a value of the wrong form), in words for
    /// people; nil when it can.
    func problem(with call: Call) -> String?

    /// Whether the call never changes any state. The default says no, which is always right, only slower.
    func isObserver(_ call: Call) -> Bool

    /// The call as a guard and a target, where its meaning is that simple; nil (the default) where it is not.
    /// Engines prune much more when they see the shape of every call of a history.
    ///
    /// It must agree with `step`: in a state that meets the guard the successor is the target (or the state itself
    /// when there is no target), in any other state there is none.
    func shape(of call: Call) -> Shape<State>?

    /// The parts of the object that the call touches, where the model's parts are independent objects: the elements of
    /// a set, the keys of a map. Operations that share no part, directly or through others, are decided apart.
    /// Nil (the default): the call concerns the object as a whole.
    func parts(of call: Call) -> [Value]?

    /// What kind of object it is, for engines that know a shorter way to decide that kind.
    var family: ModelFamily { get }

    /// Whether `step` looks at `Call.process`. The default says no; calls then carry none, so that the same request of
    /// two clients is one call.
    var needsProcess: Bool { get }
}

extension Model {
    public func apply(_ call: Call, to state: inout State) -> Bool {
        guard let next = step(state, call) else { return false }
        state = next
        return true
    }

    public func problem(with call: Call) -> String? { nil }
    public func isObserver(_ call: Call) -> Bool { false }
    public func shape(of call: Call) -> Shape<State>? { nil }
    public func parts(of call: Call) -> [Value]? { nil }
    public var family: ModelFamily { .general }
    public var needsProcess: Bool { false }
}

/// What an operation asked for, and what it learnt: all that a model sees of it.
public struct Call: Hashable, Sendable {
    /// How much is known of the operation's effect.
    public enum Outcome: Hashable, Sendable {
        /// It happened, and `output` is its answer.
        case happened
        /// It was refused because of the state it met, which is an observation: a `cas` that failed with `mismatch`.
        case refused
        /// Nobody knows; it happened at some time after its invocation, or never. There is no output.
        case unknown
    }

    public var function: String
    /// The value of the invocation.
    public var input: Value
    /// The value of the completion; nil where the outcome is unknown.
    public var output: Value?
    public var outcome: Outcome
    /// The logical client that called, for models that say `needsProcess`; nil for all others.
    public var process: Int?
    /// The key of the operation, where it has one. Calls of different keys never meet in one state.
    public var key: Value?

    public init(
        function: String, input: Value, output: Value?, outcome: Outcome = .happened, process: Int? = nil,
        key: Value? = nil
    ) {
        self.function = function
        self.input = input
        self.output = output
        self.outcome = outcome
        self.process = process
        self.key = key
    }
}

/// The meaning of a call as a guard on the state and a fixed state that it leads to.
public struct Shape<State: Hashable & Sendable>: Hashable, Sendable {
    /// The states in which the call is possible.
    public enum Guard: Hashable, Sendable {
        case always
        case only(State)
        case allBut(State)
    }

    public var `guard`: Guard
    /// The state after the call, whatever it was before; nil for a call that changes nothing.
    public var target: State?

    public init(guard condition: Guard, target: State?) {
        self.guard = condition
        self.target = target
    }

    /// The successor of `state`, or nil where the guard does not hold.
    public func step(_ state: State) -> State? {
        switch self.guard {
        case .always: target ?? state
        case .only(let required): state == required ? target ?? state : nil
        case .allBut(let excluded): state == excluded ? nil : target ?? state
        }
    }
}
