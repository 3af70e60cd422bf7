import PolygraphHistory

/// What a fault waits for, where it does not come by the clock.
public struct FaultTrigger: Hashable, Sendable {
    public enum Signal: Hashable, Sendable {
        /// A line that holds this text in what a node writes; nil: any node.
        case log(String, node: String?)
        /// Every n-th operation that succeeded, of this function; nil: of any.
        case operations(Int, of: String?)
        /// The end of an operation of this function (nil: any) in this way (nil: any).
        case completion(of: String?, kind: Operation.Kind?)
        /// The beginning or the end of a fault of this kind.
        case fault(String, begins: Bool)
        /// Another node leads than before.
        case primaryChange
    }

    public var signal: Signal
    /// Nanoseconds from the signal to the fault.
    public var delay: Int64
    /// At most so many faults in a run.
    public var times: Int

    public init(_ signal: Signal, delay: Int64 = 0, times: Int = 1) {
        self.signal = signal
        self.delay = delay
        self.times = times
    }

    /// `5 ms after the end of an ok write`
    public var words: String {
        let wait = delay == 0 ? "" : Quantity.describe(duration: delay) + " "
        switch signal {
        case .log(let text, let node): return "\(wait)after \(node ?? "a node") writes `\(text)`"
        case .operations(let count, let function):
            return "\(wait)after every \(count) \(function.map { "\($0) " } ?? "")operations"
        case .completion(let function, let kind):
            let what = [kind?.rawValue, function ?? "operation"].compactMap(\.self).joined(separator: " ")
            return "\(wait)after the end of \("aeiou".contains(what.prefix(1)) ? "an" : "a") \(what)"
        case .fault(let name, let begins): return "\(wait)after \(name) \(begins ? "begins" : "ends")"
        case .primaryChange: return "\(wait)after another node leads"
        }
    }

    /// What stands in `plan.json`.
    public var value: Value {
        var fields: [String: Value] = ["delay_ns": .integer(delay), "times": .integer(Int64(times))]
        switch signal {
        case .log(let text, let node):
            fields["log"] = .string(text)
            fields["node"] = node.map(Value.string)
        case .operations(let count, let function):
            fields["operations"] = .integer(Int64(count))
            fields["of"] = function.map(Value.string)
        case .completion(let function, let kind):
            fields["completion"] = .string(kind?.rawValue ?? "any")
            fields["of"] = function.map(Value.string)
        case .fault(let name, let begins):
            fields["fault"] = .string(name)
            fields["begins"] = .bool(begins)
        case .primaryChange: fields["primary"] = "changes"
        }
        return .object(fields)
    }

    /// Reads `value`.
    public init?(_ value: Value) {
        guard let fields = value.fields else { return nil }
        let function = fields["of"]?.stringValue
        if let text = fields["log"]?.stringValue {
            signal = .log(text, node: fields["node"]?.stringValue)
        } else if let count = fields["operations"]?.integerValue {
            signal = .operations(Int(count), of: function)
        } else if let kind = fields["completion"]?.stringValue {
            signal = .completion(of: function, kind: Operation.Kind(rawValue: kind))
        } else if let name = fields["fault"]?.stringValue {
            signal = .fault(name, begins: fields["begins"]?.boolValue ?? true)
        } else if fields["primary"] != nil {
            signal = .primaryChange
        } else {
            return nil
        }
        delay = fields["delay_ns"]?.integerValue ?? 0
        times = Int(fields["times"]?.integerValue ?? 1)
    }
}
