import PolygraphHistory

/// A list to which values are appended, read as a whole.
///
/// `append` carries the value. It may return the offset at which the value now stands, counted from 0, as an integer or
/// as `[offset, value]`; null, and an answer that only repeats the value, tell nothing. `read` returns the whole list.
public struct AppendOnlyLog: Model {
    public let name = "log"
    public let initial: [Value]

    /// - Parameter initial: the values before any operation.
    public init(initial: [Value] = []) { self.initial = initial }

    public func step(_ state: [Value], _ call: Call) -> [Value]? {
        var next = state
        return apply(call, to: &next) ? next : nil
    }

    public func apply(_ call: Call, to state: inout [Value]) -> Bool {
        switch call.function {
        case "append":
            if let offset = Self.offset(call), offset != Int64(state.count) { return false }
            state.append(call.input)
            return true
        case "read": return call.output == nil || call.output == .list(state)
        default: return false
        }
    }

    /// The offset that an append returned; nil where it told none.
    public static func offset(_ call: Call) -> Int64? {
        guard let output = call.output, output != call.input else { return nil }
        if let offset = output.integerValue { return offset }
        guard let pair = output.elements, pair.count == 2, pair[1] == call.input else { return nil }
        return pair[0].integerValue
    }

    public func problem(with call: Call) -> String? {
        switch call.function {
        case "append":
            if let output = call.output, output != .null, output != call.input, Self.offset(call) == nil {
                return
                    "an append must return its offset, [offset, value], its value or null, but this one of \(call.input) "
                    + "returned \(output)"
            }
            return refusal(call)
        case "read":
            if let output = call.output, output.elements == nil {
                return "a read must return the whole list, but this one returned \(output)"
            }
            return refusal(call)
        default: return noSuchFunction(call, has: "append and read")
        }
    }

    public func isObserver(_ call: Call) -> Bool { call.function == "read" }

    public func shape(of call: Call) -> Shape<[Value]>? {
        guard call.function == "read", let list = call.output?.elements else { return nil }
        return Shape(guard: .only(list), target: nil)
    }
}
