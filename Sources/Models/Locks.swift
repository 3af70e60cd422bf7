import PolygraphHistory

/// A lock that does not know who holds it: whoever releases it frees it.
///
/// `acquire` (or `lock`) is possible while the lock is free, `release` (or `unlock`) while it is held. What they carry
/// and return says nothing.
public struct OwnerlessMutex: Model {
    public let name = "mutex"
    public let family = ModelFamily.mutex
    /// Whether the lock is held.
    public let initial: Bool

    /// - Parameter initial: whether the lock is held before any operation.
    public init(initial: Bool = false) { self.initial = initial }

    public func step(_ state: Bool, _ call: Call) -> Bool? {
        switch LockFunction(call.function) {
        case .acquire: state ? nil : true
        case .release: state ? false : nil
        case nil: nil
        }
    }

    public func problem(with call: Call) -> String? {
        if LockFunction(call.function) == nil { return noSuchFunction(call, has: "acquire and release") }
        return refusal(call)
    }

    public func shape(of call: Call) -> Shape<Bool>? {
        switch LockFunction(call.function) {
        case .acquire: Shape(guard: .only(false), target: true)
        case .release: Shape(guard: .only(true), target: false)
        case nil: nil
        }
    }
}

/// A number of permits that anyone may take and give back.
///
/// `acquire` takes as many permits as it carries (null: one) and is possible while so many are free; `release` gives
/// as many back and is possible while so many are taken. What they return says nothing.
public struct CountingSemaphore: Model {
    public let name = "semaphore"
    public let family = ModelFamily.semaphore
    /// Permits in all.
    public let permits: Int64
    /// Permits that are free.
    public let initial: Int64

    /// - Parameters:
    ///   - permits: how many there are; at least 1.
    ///   - initial: how many of them are free before any operation; nil means all.
    public init(permits: Int = 1, initial: Int64? = nil) {
        self.permits = Int64(permits)
        self.initial = initial ?? Int64(permits)
    }

    public func step(_ state: Int64, _ call: Call) -> Int64? {
        guard let amount = call.amount else { return nil }
        switch LockFunction(call.function) {
        case .acquire: return state >= amount ? state - amount : nil
        case .release: return permits - state >= amount ? state + amount : nil
        case nil: return nil
        }
    }

    public func problem(with call: Call) -> String? {
        if LockFunction(call.function) == nil { return noSuchFunction(call, has: "acquire and release") }
        if call.amount == nil {
            return "\(call.function) carries null or a number of permits from 1, but this one carries \(call.input)"
        }
        return refusal(call)
    }
}
