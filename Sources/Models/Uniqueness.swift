import PolygraphHistory

/// A source of ids that never gives one out twice.
///
/// `generate` returns the id. Each id is decided alone: whether it was given out once only does not depend on others.
public struct UniqueIDs: Model {
    public let name = "unique-ids"
    public let family = ModelFamily.uniqueIDs
    /// The ids given out.
    public let initial: Set<Value>

    /// - Parameter initial: ids that were given out before any operation.
    public init(initial: Set<Value> = []) { self.initial = initial }

    public func step(_ state: Set<Value>, _ call: Call) -> Set<Value>? {
        guard call.function == "generate" else { return nil }
        // An id that nobody saw is one that nobody else got.
        guard let id = call.output else { return state }
        return state.contains(id) ? nil : state.union([id])
    }

    public func problem(with call: Call) -> String? {
        if call.function != "generate" { return noSuchFunction(call, has: "generate") }
        return call.output == .some(.null) ? "a generate must return an id, but this one returned null" : refusal(call)
    }

    public func isObserver(_ call: Call) -> Bool { call.function == "generate" && call.output == nil }

    public func parts(of call: Call) -> [Value]? { call.output.map { [$0] } ?? [] }
}

/// Terms with at most one leader each.
///
/// `elected` carries `[term, leader]`: the election that someone won or learnt of. `leader` returns `[term, leader]`, or
/// null where the node asked knows of none. Each term is decided alone.
public struct LeaderElection: Model {
    public let name = "leader"
    public let family = ModelFamily.leader
    /// The leader of every term that is known to have one.
    public let initial: [Value: Value]

    /// - Parameter initial: the leaders of terms before any operation.
    public init(initial: [Value: Value] = [:]) { self.initial = initial }

    public func step(_ state: [Value: Value], _ call: Call) -> [Value: Value]? {
        guard problem(with: call) == nil else { return nil }
        guard let (term, leader) = Self.observation(of: call) else { return state }
        if let known = state[term] { return known == leader ? state : nil }
        var next = state
        next[term] = leader
        return next
    }

    /// Which term the call says has which leader; nil where it says nothing.
    public static func observation(of call: Call) -> (term: Value, leader: Value)? {
        let told = call.function == "elected" ? call.input : call.output ?? .null
        guard let pair = told.elements, pair.count == 2 else { return nil }
        return (pair[0], pair[1])
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "elected" where call.input.elements?.count != 2:
            return "an elected must carry [term, leader], but this one carries \(call.input)"
        case "elected": return refusal(call)
        case "leader":
            if let output = call.output, output != .null, output.elements?.count != 2 {
                return "a leader must return [term, leader] or null, but this one returned \(output)"
            }
            return refusal(call)
        default: return noSuchFunction(call, has: "elected and leader")
        }
    }

    /// The first call that names the leader of a term settles it, so only calls that name none change nothing.
    public func isObserver(_ call: Call) -> Bool {
        problem(with: call) == nil && Self.observation(of: call) == nil
    }

    public func parts(of call: Call) -> [Value]? { Self.observation(of: call).map { [$0.term] } ?? [] }
}
