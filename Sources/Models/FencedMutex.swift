import PolygraphHistory

/// A lock whose every acquisition gets a fencing token, an integer larger than all tokens before it.
///
/// `acquire` (or `lock`) is possible while the lock is free, and returns the token. `release` (or `unlock`) carries the
/// token of the present holder, or null; with null it must come from the process that acquired.
///
/// An acquisition whose answer was lost got some token, of which only a lower bound is known; the state keeps that
/// bound, because a smaller token allows all that a larger one does.
public struct FencedMutex: Model {
    /// The holder and the last token.
    public struct State: Hashable, Sendable {
        /// Who holds the lock; nil for a holder that no process stands for.
        public var holder: Int?
        public var isHeld: Bool
        /// The last token, or the least that it can have been; nil before the first.
        public var token: Int64?
        /// Whether `token` is the holder's own and not only a bound.
        public var isExact: Bool
    }

    public let name = "fenced-mutex"
    public let family = ModelFamily.fencedMutex
    public let needsProcess = true
    public let initial: State

    /// - Parameter lastToken: the largest token given out before any operation; nil where any may come first.
    public init(lastToken: Int64? = nil) {
        initial = State(holder: nil, isHeld: false, token: lastToken, isExact: true)
    }

    public func step(_ state: State, _ call: Call) -> State? {
        switch LockFunction(call.function) {
        case .acquire: acquire(state, call)
        case .release: release(state, call)
        case nil: nil
        }
    }

    private func acquire(_ state: State, _ call: Call) -> State? {
        guard !state.isHeld else { return nil }
        guard let output = call.output else {
            // No token follows the largest.
            if state.token == .max { return nil }
            return State(
                holder: call.process, isHeld: true, token: state.token.map { $0 + 1 } ?? .min, isExact: false)
        }
        guard let token = output.integerValue, state.token.map({ $0 < token }) ?? true else { return nil }
        return State(holder: call.process, isHeld: true, token: token, isExact: true)
    }

    private func release(_ state: State, _ call: Call) -> State? {
        guard state.isHeld, let last = state.token else { return nil }
        if let token = call.input.integerValue {
            guard state.isExact ? token == last : token >= last else { return nil }
            return State(holder: nil, isHeld: false, token: token, isExact: true)
        }
        guard call.process != nil, call.process == state.holder else { return nil }
        return State(holder: nil, isHeld: false, token: last, isExact: true)
    }

    public func problem(with call: Call) -> String? {
        switch LockFunction(call.function) {
        case .acquire:
            if let output = call.output, output.integerValue == nil {
                return "an acquire must return its token, an integer, but this one returned \(output)"
            }
        case .release:
            if call.input != .null && call.input.integerValue == nil {
                return "a release carries its token, an integer, or null, but this one carries \(call.input)"
            }
            if call.input == .null && call.process == nil {
                return "a release must carry its token, or come from a known process"
            }
        case nil: return noSuchFunction(call, has: "acquire and release")
        }
        return refusal(call)
    }
}
