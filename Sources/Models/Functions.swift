// The functions of the standard objects, under the names that systems and other tools give them.

/// What can be done with a queue.
public enum QueueFunction: String, Sendable {
    case enqueue
    case dequeue

    public init?(_ name: String) {
        switch name {
        case "enqueue", "offer", "send": self = .enqueue
        case "dequeue", "poll", "take": self = .dequeue
        default: return nil
        }
    }
}

/// What can be done with a stack.
public enum StackFunction: String, Sendable {
    case push
    case pop

    public init?(_ name: String) { self.init(rawValue: name) }
}

/// What can be done with a priority queue.
public enum PriorityQueueFunction: String, Sendable {
    case insert
    case poll

    public init?(_ name: String) {
        switch name {
        case "insert", "add", "offer": self = .insert
        case "poll", "delete-min", "extract-min": self = .poll
        default: return nil
        }
    }
}

/// What can be done with a set.
public enum SetFunction: String, Sendable {
    case add
    case remove
    case contains
    case read

    public init?(_ name: String) {
        switch name {
        case "add", "insert": self = .add
        case "remove", "delete": self = .remove
        case "contains", "lookup": self = .contains
        case "read": self = .read
        default: return nil
        }
    }
}

/// What can be done with a lock or a semaphore.
public enum LockFunction: String, Sendable {
    case acquire
    case release

    public init?(_ name: String) {
        switch name {
        case "acquire", "lock": self = .acquire
        case "release", "unlock": self = .release
        default: return nil
        }
    }
}
