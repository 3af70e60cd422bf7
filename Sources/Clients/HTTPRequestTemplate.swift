import PolygraphHistory

/// The methods that a workload file knows.
public enum HTTPMethod: String, CaseIterable, Sendable {
    case get = "GET"
    case put = "PUT"
    case post = "POST"
    case delete = "DELETE"
    case patch = "PATCH"
    case head = "HEAD"
}

/// A request with placeholders.
public struct HTTPRequestTemplate: Hashable, Sendable {
    public var method: HTTPMethod
    public var url: URLTemplate
    /// JSON; nil for a request without content.
    public var body: Template?

    public init(_ method: HTTPMethod, _ url: URLTemplate, body: Template? = nil) {
        self.method = method
        self.url = url
        self.body = body
    }

    /// The request as one node gets it.
    /// - Parameters:
    ///   - member: the member that is asked to let the node join or leave.
    ///   - access: what the request carries beside.
    /// - Throws: `ClientError.definite` when the node's name or address makes no host.
    public func bound(
        to node: TemplateNode, among nodes: [TemplateNode], program: String = "", member: TemplateNode? = nil,
        access: HTTPAccess = .open
    ) throws(ClientError) -> BoundHTTPRequest {
        let authority = url.authority.text(for: node, among: nodes, member: member)
        guard let (host, port) = URLTemplate.split(authority, standardPort: url.isSecure ? 443 : 80) else {
            throw .definite("`\(authority)` is no host and port")
        }
        var target = Template(literal: "\(method.rawValue) ")
        for segment in url.target.segments {
            switch segment {
            case .literal(let bytes): target.append(literal: bytes)
            case .placeholder(let placeholder, let encoding): target.append(placeholder, encoding)
            }
        }
        var lines = " HTTP/1.1\r\nHost: \(authority)\r\nUser-Agent: polygraph\r\nAccept: */*\r\n"
        if body != nil { lines += "Content-Type: application/json\r\n" }
        target.append(literal: Array((lines + access.headers).utf8))
        return BoundHTTPRequest(
            host: host, port: port, isSecure: url.isSecure, method: method,
            head: target.bound(to: node, among: nodes, program: program, member: member),
            body: body?.bound(to: node, among: nodes, program: program, member: member))
    }
}

extension HTTPRequestTemplate {
    /// Method, URL and content for one operation, for people.
    public func words(_ request: Request, for node: TemplateNode, among nodes: [TemplateNode]) -> String {
        var bytes: [UInt8] = []
        for (part, text) in [(url.authority, "http\(url.isSecure ? "s" : "")://"), (url.target, "")] {
            bytes.append(contentsOf: text.utf8)
            part.bound(to: node, among: nodes).render(request, into: &bytes)
        }
        if let body {
            bytes.append(UInt8(ascii: " "))
            body.bound(to: node, among: nodes).render(request, into: &bytes)
        }
        return "\(method.rawValue) \(String(decoding: bytes, as: UTF8.self))"
    }
}

/// A request to one node; only what concerns the operation is still open.
public struct BoundHTTPRequest: Hashable, Sendable {
    public let host: String
    public let port: UInt16
    /// Whether TLS is spoken.
    public let isSecure: Bool
    public let method: HTTPMethod
    fileprivate let head: Template
    fileprivate let body: Template?

    fileprivate init(
        host: String, port: UInt16, isSecure: Bool, method: HTTPMethod, head: Template, body: Template?
    ) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.method = method
        self.head = head
        self.body = body
    }

    /// Writes the whole request, header and body.
    /// - Parameters:
    ///   - bytes: takes the request; emptied first.
    ///   - scratch: memory for the body.
    public func render(_ request: Request, into bytes: inout [UInt8], scratch: inout [UInt8]) {
        bytes.removeAll(keepingCapacity: true)
        head.render(request, into: &bytes)
        guard let body else {
            // A GET without content says so by silence; the others must say it.
            let saysNothing = method == .get || method == .head || method == .delete
            JSONWriter.append(saysNothing ? "\r\n" : "Content-Length: 0\r\n\r\n", to: &bytes)
            return
        }
        scratch.removeAll(keepingCapacity: true)
        body.render(request, into: &scratch)
        JSONWriter.append("Content-Length: ", to: &bytes)
        JSONWriter.append(Int64(scratch.count), to: &bytes)
        JSONWriter.append("\r\n\r\n", to: &bytes)
        bytes.append(contentsOf: scratch)
    }
}
