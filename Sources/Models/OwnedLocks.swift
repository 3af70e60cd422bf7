import PolygraphHistory

/// Who holds a lock, and how often.
public struct LockHolder: Hashable, Sendable {
    /// The holder; nil while the lock is free.
    public var owner: Value?
    /// How many acquisitions of the holder are not yet released.
    public var depth: Int

    /// A lock that nobody holds.
    public static let free = LockHolder(owner: nil, depth: 0)

    public init(owner: Value?, depth: Int) {
        self.owner = owner
        self.depth = depth
    }
}

extension Call {
    /// Who calls: the name that the call carries, or else the process.
    fileprivate var owner: Value? { input != .null ? input : process.map { .integer(Int64($0)) } }
}

extension Model {
    fileprivate func problemOfOwnedLock(with call: Call) -> String? {
        if LockFunction(call.function) == nil { return noSuchFunction(call, has: "acquire and release") }
        if call.owner == nil { return "a \(call.function) must carry its owner, or come from a known process" }
        return refusal(call)
    }
}

/// A lock that only its holder can release.
///
/// `acquire` (or `lock`) is possible while the lock is free, `release` (or `unlock`) while the caller holds it. The
/// caller is the value of the invocation, or the process where that is null. What they return says nothing.
public struct OwnerMutex: Model {
    public let name = "owner-mutex"
    public let family = ModelFamily.ownerMutex
    public let needsProcess = true
    public let initial: LockHolder

    /// - Parameter owner: who holds the lock before any operation; nil means nobody.
    public init(owner: Value? = nil) {
        initial = owner.map { LockHolder(owner: $0, depth: 1) } ?? .free
    }

    public func step(_ state: LockHolder, _ call: Call) -> LockHolder? { shape(of: call)?.step(state) }

    public func problem(with call: Call) -> String? { problemOfOwnedLock(with: call) }

    public func shape(of call: Call) -> Shape<LockHolder>? {
        guard let owner = call.owner else { return nil }
        let held = LockHolder(owner: owner, depth: 1)
        return switch LockFunction(call.function) {
        case .acquire: Shape(guard: .only(.free), target: held)
        case .release: Shape(guard: .only(held), target: .free)
        case nil: nil
        }
    }
}

/// A lock that its holder may acquire again, and must release as often.
///
/// Functions and values as in `OwnerMutex`.
public struct ReentrantMutex: Model {
    public let name = "reentrant-mutex"
    public let needsProcess = true
    public let initial: LockHolder

    /// - Parameter owner: who holds the lock, once, before any operation; nil means nobody.
    public init(owner: Value? = nil) {
        initial = owner.map { LockHolder(owner: $0, depth: 1) } ?? .free
    }

    public func step(_ state: LockHolder, _ call: Call) -> LockHolder? {
        guard let owner = call.owner else { return nil }
        switch LockFunction(call.function) {
        case .acquire:
            return state.depth == 0 || state.owner == owner ? LockHolder(owner: owner, depth: state.depth + 1) : nil
        case .release:
            guard state.owner == owner else { return nil }
            return state.depth == 1 ? .free : LockHolder(owner: owner, depth: state.depth - 1)
        case nil: return nil
        }
    }

    public func problem(with call: Call) -> String? { problemOfOwnedLock(with: call) }
}
