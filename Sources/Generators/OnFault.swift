import PolygraphHistory

/// When a generator is active, by what the nemesis does.
public enum FaultWindow: Hashable, Sendable {
    /// While such a fault is in force.
    case during
    /// While no such fault is in force.
    case outside
    /// From the time that such a fault was first undone.
    case after
    /// From the beginning again each time that such a fault takes effect; what was left of the time before is dropped.
    case each
}

/// A generator that waits for the nemesis. Faults count from their effect, not from the intention.
///
/// It never ends by itself while it waits: put a time limit around it.
public struct OnFault<Base: Generator>: Generator {
    private let initial: Base
    private var base: Base?
    private let function: String?
    private let window: FaultWindow
    /// The numbers of the faults in force.
    private var inForce: Set<Int64> = []

    /// - Parameter function: `partition`, `kill`, `pause`, `clock`; nil: any.
    init(_ base: Base, function: String?, window: FaultWindow) {
        initial = base
        self.function = function
        self.window = window
        self.base = window == .during || window == .outside ? base : nil
    }

    private var isActive: Bool {
        switch window {
        case .during: !inForce.isEmpty
        case .outside: inForce.isEmpty
        case .after, .each: base != nil
        }
    }

    public mutating func next(_ context: Context) -> Next {
        guard isActive, base != nil else { return .pending(until: .max) }
        let next = base!.next(context)
        if next == .exhausted, window == .each {
            base = nil
            return .pending(until: .max)
        }
        return next
    }

    public mutating func update(_ event: Operation, _ context: Context) {
        note(event)
        base?.update(event, context)
    }

    private mutating func note(_ event: Operation) {
        guard event.process == .nemesis, function == nil || event.function == function,
            event.value["stage"]?.stringValue == "effect", let fault = event.value["fault"]?.integerValue
        else { return }
        switch event.value["action"]?.stringValue {
        case "inject":
            inForce.insert(fault)
            if window == .each { base = initial }
        case "undo":
            if inForce.remove(fault) != nil, window == .after, base == nil { base = initial }
        default: return
        }
    }
}
