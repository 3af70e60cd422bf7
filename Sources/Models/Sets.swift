import PolygraphHistory

/// A set whose elements come and go.
///
/// `add` (or `insert`) and `remove` (or `delete`) carry the element and return whether they changed the set, as a truth
/// value; any other answer, and one that only repeats the element, tells nothing. `contains` (or `lookup`) carries the
/// element and returns whether it is there. `read` returns all elements as a list, in any order.
public struct ElementSet: Model {
    public let name = "set"
    public let family = ModelFamily.set
    public let initial: Set<Value>

    /// - Parameter initial: the elements before any operation.
    public init(initial: Set<Value> = []) { self.initial = initial }

    public func step(_ state: Set<Value>, _ call: Call) -> Set<Value>? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout Set<Value>) -> Bool {
        switch SetFunction(call.function) {
        case .add:
            if let answer = Self.answer(call), answer == state.contains(call.input) { return false }
            state.insert(call.input)
        case .remove:
            if let answer = Self.answer(call), answer != state.contains(call.input) { return false }
            state.remove(call.input)
        case .contains: return call.output == nil || call.output == .bool(state.contains(call.input))
        case .read: return readAllows(state, call)
        case nil: return false
        }
        return true
    }

    /// Whether the call said that it changed the set; nil where it did not say.
    public static func answer(_ call: Call) -> Bool? {
        call.output == call.input ? nil : call.output?.boolValue
    }

    public func problem(with call: Call) -> String? {
        switch SetFunction(call.function) {
        case .add, .remove: break
        case .contains:
            if let output = call.output, output.boolValue == nil {
                return "a contains must return true or false, but this one returned \(output)"
            }
        case .read: if let problem = problemOfRead(call) { return problem }
        case nil: return noSuchFunction(call, has: "add, remove, contains and read")
        }
        return refusal(call)
    }

    public func isObserver(_ call: Call) -> Bool {
        switch SetFunction(call.function) {
        case .add, .remove: Self.answer(call) == false
        case .contains, .read: true
        case nil: false
        }
    }

    public func parts(of call: Call) -> [Value]? {
        switch SetFunction(call.function) {
        case .add, .remove, .contains: [call.input]
        case .read, nil: nil
        }
    }
}

/// A set that only grows, read as a whole.
///
/// `add` (or `insert`) carries the element; what it returns says nothing. `read` returns all elements as a list, in any
/// order.
public struct GrowOnlySet: Model {
    public let name = "g-set"
    public let family = ModelFamily.growOnlySet
    public let initial: Set<Value>

    /// - Parameter initial: the elements before any operation.
    public init(initial: Set<Value> = []) { self.initial = initial }

    public func step(_ state: Set<Value>, _ call: Call) -> Set<Value>? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout Set<Value>) -> Bool {
        switch SetFunction(call.function) {
        case .add: state.insert(call.input)
        case .read: return readAllows(state, call)
        default: return false
        }
        return true
    }

    public func problem(with call: Call) -> String? {
        switch SetFunction(call.function) {
        case .add: refusal(call)
        case .read: problemOfRead(call) ?? refusal(call)
        default: noSuchFunction(call, has: "add and read")
        }
    }

    public func isObserver(_ call: Call) -> Bool { SetFunction(call.function) == .read }
}

/// Whether a read of the whole set may return what it did. An element that is listed twice counts once.
private func readAllows(_ state: Set<Value>, _ call: Call) -> Bool {
    guard let output = call.output else { return true }
    guard let elements = output.elements, elements.count >= state.count else { return false }
    return state == Set(elements)
}

private func problemOfRead(_ call: Call) -> String? {
    guard let output = call.output, output.elements == nil else { return nil }
    return "a read must return the list of all elements, but this one returned \(output)"
}
