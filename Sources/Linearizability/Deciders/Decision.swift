/// An operation with the interval in which it took effect, if it did.
///
/// `invoked` and `returned` are positions in one global order of events, all of them distinct. One operation precedes
/// another if it returned before the other was invoked.
protocol TimedOperation: BitwiseCopyable {
    var invoked: Int32 { get }
    /// `crashed` if it never returned; such an operation took effect at any time after its invocation, or never.
    var returned: Int32 { get }
}

extension TimedOperation {
    /// What `returned` is for an operation that never returned.
    @inline(__always) static var crashed: Int32 { Int32.max }
    @inline(__always) var isCrashed: Bool { returned == Self.crashed }
}

/// What a decider found out.
enum Decision: Equatable {
    /// A valid order of the operations, as places in the input: every operation that returned, once, and those crashed
    /// operations that are taken to have happened.
    case valid(order: [Int32])
    /// Places in the input of operations that contradict each other: the history of these alone is not linearizable.
    case invalid(core: [Int32])
    /// The input is not of the kind that the decider can handle. Says nothing about the history.
    case undecided
}

/// An operation on a queue, a stack or a priority queue.
struct ContainerOperation: TimedOperation {
    enum Action: UInt8 {
        /// Puts the element in.
        case insert
        /// Takes the element out; one that crashed took out an unknown element, or found nothing, or did not happen.
        case remove
        /// Wanted to take an element out and found none.
        case removeNothing
    }
    var invoked: Int32
    var returned: Int32
    var action: Action
    /// A dense number of the element; -1 if unknown (`remove` that crashed) or none (`removeNothing`).
    var element: Int32
}
