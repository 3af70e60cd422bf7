import PolygraphClients
import PolygraphCluster
import PolygraphHistory

/// A question to a node over HTTP whose answer is yes or no.
public struct HTTPProbe: Hashable, Sendable {
    public var url: URLTemplate
    /// Where in the answer to look; nil: its content as a whole.
    public var value: JSONPath?
    /// What has to be there. Nil: any answer with a status of 2xx will do, or, where there is a path, `true`.
    public var equals: Value?

    public init(url: URLTemplate, value: JSONPath? = nil, equals: Value? = nil) {
        self.url = url
        self.value = value
        self.equals = equals
    }

    /// Asks one node, on a new connection.
    /// - Parameter timeout: nanoseconds.
    public func ask(_ node: Node, nodes: [Node], timeout: Int64, access: HTTPAccess = .open) -> ProbeAnswer {
        do throws(ClientError) {
            let request = try HTTPRequestTemplate(.get, url).bound(
                to: TemplateNode(node), among: nodes.map(TemplateNode.init), access: access)
            var bytes: [UInt8] = []
            var scratch: [UInt8] = []
            let nobody = Request(function: "", key: nil, value: .null, process: 0, operation: 0, deadline: 0)
            request.render(nobody, into: &bytes, scratch: &scratch)
            let connection = HTTPConnection(
                host: request.host, port: request.port, isSecure: request.isSecure, access: access)
            let response = try connection.exchange(
                bytes, changesNothing: true, deadline: .after(nanoseconds: timeout))
            return judge(response)
        } catch {
            return .no(error.description)
        }
    }

    /// The URL as this node is asked, for messages.
    public func address(of node: Node, nodes: [Node]) -> String {
        url.text(for: TemplateNode(node), among: nodes.map(TemplateNode.init))
    }

    private func judge(_ response: HTTPResponse) -> ProbeAnswer {
        let said = "HTTP \(response.status)" + (response.body.isEmpty ? "" : ": \(response.excerpt)")
        guard (200..<300).contains(response.status) else { return .no(said) }
        let document = try? JSONParser.parse(response.body)
        if let value {
            guard let document, let found = value.value(in: document) else { return .no("\(said) (no \(value) in it)") }
            return found == equals ?? .bool(true) ? .yes : .no(said)
        }
        guard let equals else { return .yes }
        let text = equals.stringValue ?? equals.description
        return document == equals || response.trimmedText == text ? .yes : .no(said)
    }
}

extension TemplateNode {
    /// A node of a cluster, which counts from 0, as templates know it.
    public init(_ node: Node) {
        self.init(
            name: node.name, address: node.address, index: node.index + 1, data: node.dataDirectory,
            program: node.program, port: node.port)
    }
}

extension HTTPResponse {
    /// The content without the white space around it.
    fileprivate var trimmedText: String {
        let isSpace = { (byte: UInt8) in byte == 0x20 || (0x09...0x0D).contains(byte) }
        let start = body.drop(while: isSpace)
        let end = start.lastIndex { !isSpace($0) }.map { $0 + 1 } ?? start.startIndex
        return String(decoding: start[..<end], as: UTF8.self)
    }
}
