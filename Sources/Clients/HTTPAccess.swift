/// What a workload file says of how a cluster lets clients in: TLS, and who they say they are.
public struct HTTPAccessSpec: Hashable, Sendable {
    public var tls: TLSSettings?
    /// With `password`, sent as basic authentication.
    public var user: String?
    public var password: SecretSource?
    /// A token, sent as `Authorization: Bearer …`.
    public var bearer: SecretSource?
    /// More headers, whose values are secrets.
    public var headers: [String: SecretSource]

    public init(
        tls: TLSSettings? = nil, user: String? = nil, password: SecretSource? = nil, bearer: SecretSource? = nil,
        headers: [String: SecretSource] = [:]
    ) {
        self.tls = tls
        self.user = user
        self.password = password
        self.bearer = bearer
        self.headers = headers
    }

    /// Everything secret that it needs, with what it is for.
    public var secrets: [(purpose: String, source: SecretSource)] {
        var list: [(purpose: String, source: SecretSource)] = []
        if let password { list.append(("password", password)) }
        if let bearer { list.append(("bearer token", bearer)) }
        for (name, source) in headers.sorted(by: { $0.key < $1.key }) { list.append(("header \(name)", source)) }
        return list
    }

    /// Reads secrets and certificates.
    /// - Parameter usesTLS: whether there are `https://` URLs.
    public func resolved(usesTLS: Bool) throws(AccessError) -> HTTPAccess {
        var lines = ""
        if let user, let password {
            lines += "Authorization: Basic \(Base64.encode(Array("\(user):\(try password.read())".utf8)))\r\n"
        }
        if let bearer { lines += "Authorization: Bearer \(try bearer.read())\r\n" }
        for (name, source) in headers.sorted(by: { $0.key < $1.key }) { lines += "\(name): \(try source.read())\r\n" }
        return HTTPAccess(headers: lines, tls: usesTLS ? try TLSContext(tls ?? TLSSettings()) : nil)
    }
}

/// The same, with secrets and certificates read: what requests carry and how connections are encrypted.
public final class HTTPAccess: Sendable {
    /// Lines of the head of every request, each with its end. Secret.
    let headers: String
    let tls: TLSContext?

    init(headers: String, tls: TLSContext?) {
        self.headers = headers
        self.tls = tls
    }

    /// For those who need nothing.
    public static let open = HTTPAccess(headers: "", tls: nil)
}

extension HTTPAccess: Hashable {
    public static func == (left: HTTPAccess, right: HTTPAccess) -> Bool { left === right }

    public func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
