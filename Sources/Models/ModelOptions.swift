import PolygraphHistory

/// The readings and sizes that a model named by a user may need.
public struct ModelOptions: Sendable, Hashable {
    /// The state before any operation, in the form that the model documents; null for the model's own.
    public var initial: Value
    /// What a read of null says, where the model is one of registers.
    public var nilRead: NilRead
    /// How many may hold a semaphore at once.
    public var permits: Int

    public init(initial: Value = .null, nilRead: NilRead = .value, permits: Int = 1) {
        self.initial = initial
        self.nilRead = nilRead
        self.permits = permits
    }
}

/// Options with which a model cannot be made.
public struct ModelOptionsError: Error, Hashable, CustomStringConvertible {
    /// What the user gave that the model cannot use.
    public enum Option: Hashable, Sendable {
        case initial
        case permits
    }

    public let option: Option
    /// What is wrong and what was expected, in a sentence.
    public let description: String

    init(_ option: Option, _ description: String) {
        self.option = option
        self.description = description
    }

    init(_ description: String) { self.init(.initial, description) }
}

extension ModelOptions {
    /// The initial value as an integer; null is `standard`.
    func integer(_ standard: Int64, for model: String) throws(ModelOptionsError) -> Int64 {
        if initial == .null { return standard }
        guard let number = initial.integerValue else {
            throw ModelOptionsError("the initial value of \(model) is an integer, not \(initial)")
        }
        return number
    }

    /// The initial value as a list; null is the empty one.
    func elements(for model: String) throws(ModelOptionsError) -> [Value] {
        if initial == .null { return [] }
        guard let elements = initial.elements else {
            throw ModelOptionsError("the initial value of \(model) is a list, not \(initial)")
        }
        return elements
    }

    /// The initial value as a map: an object, or a list of `[key, value]`; null is the empty one.
    func pairs(for model: String) throws(ModelOptionsError) -> [(Value, Value)] {
        if initial == .null { return [] }
        if let fields = initial.fields { return fields.map { (.string($0.key), $0.value) } }
        guard let elements = initial.elements, elements.allSatisfy({ $0.elements?.count == 2 }) else {
            throw ModelOptionsError(
                "the initial value of \(model) is an object or a list of [key, value], not \(initial)")
        }
        return elements.compactMap(\.elements).map { ($0[0], $0[1]) }
    }

}
