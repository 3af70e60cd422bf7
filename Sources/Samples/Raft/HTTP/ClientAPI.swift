/// The requests that clients may make, and the answers they get.
enum ClientAPI {
    /// What a request asks for.
    enum Call: Equatable {
        case read(key: String)
        /// A change; the identity is the client's own, where it gave one.
        case change(key: String, Command.Change, identity: Identity?)
        case changeMembers(MemberChange)
        case members
        case health
        case role(plain: Bool)
    }

    struct Identity: Equatable {
        var client: String
        var request: UInt64
    }

    static let maximumKeySize = 512

    /// - Throws: the status and sentence that refuse the request.
    static func call(of request: HTTPRequest) throws(HTTPFailure) -> Call {
        switch (request.path.first, request.path.count) {
        case ("health", 1):
            try allow("GET", request)
            return .health
        case ("role", 1):
            try allow("GET", request)
            return .role(plain: request.query == "plain")
        case ("members", 1):
            if request.method == "GET" { return .members }
            try allow("POST", request, or: "GET")
            return .changeMembers(try memberChange(in: try JSONFields(parsing: request.body)))
        case ("kv", 2):
            let key = try key(request.path[1])
            if request.method == "GET" { return .read(key: key) }
            try allow("PUT", request, or: "GET")
            let fields = try JSONFields(parsing: request.body)
            let value = try require("value", in: fields)
            return .change(key: key, .put(value: value), identity: try identity(in: fields))
        case ("kv", 3) where request.path[2] == "cas":
            let key = try key(request.path[1])
            try allow("POST", request)
            let fields = try JSONFields(parsing: request.body)
            let change = Command.Change.compareAndSet(
                from: try require("from", in: fields), to: try require("to", in: fields))
            return .change(key: key, change, identity: try identity(in: fields))
        default: throw HTTPFailure(404, "there are /kv/KEY, /kv/KEY/cas, /members, /health and /role")
        }
    }

    static func response(to answer: Answer) -> HTTPResponse {
        switch answer {
        case .done: HTTPResponse(200, "{}")
        case .mismatch: .error(409, "mismatch", definite: true)
        case .value(let value): HTTPResponse(200, #"{"value":\#(value)}"#)
        case .absent: HTTPResponse(404, #"{"error":"not found"}"#)
        case .superseded:
            .error(503, "a later request of the same client was applied before this one", definite: false)
        }
    }

    private static func allow(_ method: String, _ request: HTTPRequest, or other: String? = nil) throws(HTTPFailure) {
        guard request.method == method else {
            let expected = other.map { "\($0) or \(method)" } ?? method
            throw HTTPFailure(405, "\(request.method) is not possible here, only \(expected)")
        }
    }

    private static func key(_ text: String) throws(HTTPFailure) -> String {
        guard !text.isEmpty, text.utf8.count <= maximumKeySize else {
            throw HTTPFailure(400, "a key has 1 to \(maximumKeySize) bytes")
        }
        // As canonical text two keys are the same only if they are so byte for byte.
        return JSONFields.quoted(text)
    }

    private static func require(_ name: String, in fields: JSONFields) throws(HTTPFailure) -> String {
        guard let value = fields[name] else { throw HTTPFailure(400, "the member \"\(name)\" is missing") }
        return value
    }

    private static func memberChange(in fields: JSONFields) throws(HTTPFailure) -> MemberChange {
        switch (fields["add"].flatMap(NodeID.init), fields["remove"].flatMap(NodeID.init)) {
        case (let node?, nil): return .add(node)
        case (nil, let node?): return .remove(node)
        default: throw HTTPFailure(400, #"a change of members is {"add": ID} or {"remove": ID}, one at a time"#)
        }
    }

    private static func identity(in fields: JSONFields) throws(HTTPFailure) -> Identity? {
        switch (fields["client"], fields["request"]) {
        case (nil, nil): return nil
        case (let client?, let request?):
            guard let number = UInt64(request) else {
                throw HTTPFailure(400, "\"request\" is a whole number that grows with every request of a client")
            }
            guard client.utf8.count <= 128 else { throw HTTPFailure(400, "\"client\" has at most 126 characters") }
            return Identity(client: client, request: number)
        default: throw HTTPFailure(400, "\"client\" and \"request\" belong together")
        }
    }
}
