/// An operation on an object whose state follows from how many transitions it has made: a counter that grows by one, a
/// set element or a lock, whose transitions alternate.
struct CountedOperation: TimedOperation {
    enum Role: UInt8 {
        /// Increment, successful addition, acquisition.
        case rise
        /// Successful removal, release.
        case fall
        /// Saw a state and changed nothing: a read, or an operation that was refused.
        case observe
    }
    var invoked: Int32
    var returned: Int32
    var role: Role
    /// What an observer saw: the count, or 0 for absent or free and 1 for present or held.
    var view: Int32 = 0
}

/// How the state of an object follows from the number of its transitions.
protocol CountedState {
    /// What the transition after `count` others has to be.
    static func role(after count: Int32) -> CountedOperation.Role
    static func view(after count: Int32) -> Int32
    /// The number of different views, if there were up to `count` transitions.
    static func viewCount(upTo count: Int) -> Int
}

/// A counter that grows by one.
enum CounterState: CountedState {
    @inline(__always) static func role(after count: Int32) -> CountedOperation.Role { .rise }
    @inline(__always) static func view(after count: Int32) -> Int32 { count }
    static func viewCount(upTo count: Int) -> Int { count + 1 }
}

/// An element of a set, or a lock without owner, whose release when free does not succeed.
enum BooleanState: CountedState {
    @inline(__always) static func role(after count: Int32) -> CountedOperation.Role { count & 1 == 0 ? .rise : .fall }
    @inline(__always) static func view(after count: Int32) -> Int32 { count & 1 }
    static func viewCount(upTo count: Int) -> Int { 2 }
}
