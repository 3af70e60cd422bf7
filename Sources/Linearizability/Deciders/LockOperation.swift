/// An operation on a lock that knows who holds it.
struct LockOperation: TimedOperation {
    enum Action: UInt8 {
        case acquire
        case release
    }
    var invoked: Int32
    var returned: Int32
    var action: Action
    /// A dense number of the process.
    var owner: Int32
    /// What a successful acquisition answered, if the lock numbers its holds.
    var token: Int64 = 0
}
