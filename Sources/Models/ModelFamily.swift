/// What kind of object a model describes, for engines that know a shorter way to decide that kind.
///
/// A family promises that the model's calls mean what the field's standard functions mean: `enqueue` and `dequeue` of a
/// first-in-first-out queue, `push` and `pop` of a stack, and so on. `general` promises nothing and is always right.
public enum ModelFamily: String, Sendable, Hashable, CaseIterable {
    case general
    /// Every call has a `Shape`, and no function but `read`, `write` and `cas`.
    case register
    case fifoQueue
    case unorderedQueue
    case stack
    case priorityQueue
    case set
    case growOnlySet
    case counter
    case fetchAndAdd
    case mutex
    case ownerMutex
    case fencedMutex
    case semaphore
    case uniqueIDs
    case leader
}
