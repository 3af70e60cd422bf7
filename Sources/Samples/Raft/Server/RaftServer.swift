import Glibc

/// A replicated key-value store on the Raft protocol, spoken to by HTTP and JSON: a real system to test tests with.
///
/// - `GET /kv/KEY`: 200 `{"value": V}`, or 404.
/// - `PUT /kv/KEY` with `{"value": V}`: 200 `{}`.
/// - `POST /kv/KEY/cas` with `{"from": A, "to": B}`: 200 `{}`, or 409 where the value is not `A`.
/// - `POST /members` with `{"add": ID}` or `{"remove": ID}`: 200 `{}` once the change of members is committed.
/// - `GET /members`: 200 `{"members": [ID, …], "settled": true}`, as this node has it.
/// - `GET /health`: 200 once a leader is known. `GET /role`: role, term and leader; `/role?plain` the role alone.
///
/// Values are JSON scalars. Changes may carry `"client"` and a growing `"request"` number; then a retry with the same
/// numbers, to whichever member, is applied once. Errors say by `"definite"` whether the request certainly was not and
/// never will be applied.
public enum RaftServer {
    /// Serves in the calling thread, and does not return.
    ///
    /// - Throws: a `RaftError` where the server cannot start, or its disk fails.
    public static func run(_ options: RaftOptions) throws(RaftError) -> Never {
        let node = try RaftNode(options)
        try node.run()
    }
}
