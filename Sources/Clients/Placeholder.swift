/// What `{{…}}` can stand for.
public enum Placeholder: Hashable, Sendable {
    /// The key of the operation.
    case key
    /// What a `write` writes.
    case value
    /// What a `cas` expects, and what it puts in its place.
    case from, to
    /// The number of the logical process, and of the operation: unique in the run.
    case process, operation
    case nodeAddress, nodeName
    /// Of an endpoint that has one.
    case nodePort
    /// Counted from 1: n1 is 1.
    case nodeIndex
    /// The member that is asked to let the node join or leave; its index counts from 1 too.
    case memberAddress, memberName, memberIndex
    /// All nodes, joined by commas; with a port each is followed by `:port`.
    case addresses(port: Int?), names(port: Int?)
    /// The node's data directory.
    case data
    /// The path of this program.
    case polygraph
    /// The text of another one in base64.
    indirect case base64(Placeholder)

    /// As it is written, without a port.
    public var name: String {
        switch self {
        case .key: "key"
        case .value: "value"
        case .from: "from"
        case .to: "to"
        case .process: "process"
        case .operation: "operation"
        case .nodeAddress: "node.address"
        case .nodePort: "node.port"
        case .nodeName: "node.name"
        case .nodeIndex: "node.index"
        case .memberAddress: "member.address"
        case .memberName: "member.name"
        case .memberIndex: "member.index"
        case .addresses: "nodes | addresses"
        case .names: "nodes | names"
        case .data: "data"
        case .polygraph: "polygraph"
        case .base64(let other): "\(other.name) | base64"
        }
    }

    /// Whether it changes from operation to operation.
    var isOfOperation: Bool {
        switch self {
        case .key, .value, .from, .to, .process, .operation: true
        case .base64(let other): other.isOfOperation
        default: false
        }
    }
}

/// Which placeholders exist in one place of a workload file.
public struct PlaceholderScope: Hashable, Sendable {
    /// The place, for messages: `a start command`.
    public let place: String
    public let placeholders: [Placeholder]

    private static let ofNode: [Placeholder] = [
        .nodeAddress, .nodeName, .nodeIndex, .nodePort, .addresses(port: nil), .names(port: nil),
    ]
    private static let ofRequest: [Placeholder] = ofNode + [.process, .operation]

    /// Commands and environment variables of a node.
    public static let command = PlaceholderScope(place: "a command", placeholders: ofNode + [.data, .polygraph])
    /// Commands and requests that let a node join or leave.
    public static let membership = PlaceholderScope(
        place: "a change of members",
        placeholders: ofNode + [.memberAddress, .memberName, .memberIndex, .data, .polygraph])
    /// Questions to a node that belong to no operation.
    public static let probe = PlaceholderScope(place: "a probe", placeholders: ofNode)

    /// Commands that are run beside the cluster, for one of its nodes.
    public static let hook = PlaceholderScope(
        place: "a hook", placeholders: [.nodeAddress, .nodePort, .nodeName, .nodeIndex])
    /// Commands that are run beside the cluster, for no node in particular.
    public static let hookOfRun = PlaceholderScope(
        place: "`before` of a hook, which is for no single node", placeholders: [])

    /// Requests for a function. What its value offers is known for `read`, `write` and `cas`.
    public static func request(_ function: String) -> PlaceholderScope {
        let own: [Placeholder] =
            switch function {
            case "read", "delete": [.key]
            case "cas": [.key, .from, .to]
            default: [.key, .value]
            }
        return PlaceholderScope(place: "`\(function)`", placeholders: own + ofRequest)
    }

    func placeholder(_ text: String, at offset: Int) throws(TemplateError) -> Placeholder {
        let parts = text.split(separator: "|", omittingEmptySubsequences: false).map(Self.trimmed)
        if parts.count == 1 {
            if let found = placeholders.first(where: { $0.name == parts[0] }) { return found }
        } else if parts.count == 2, parts[1] == "base64", let other = placeholders.first(where: { $0.name == parts[0] })
        {
            return .base64(other)
        } else if parts.count == 2, parts[0] == "nodes" {
            if let found = try filter(parts[1], at: offset) { return found }
        }
        let list = placeholders.map(\.name)
        throw TemplateError(
            "there is no `{{\(text)}}` in \(place)\(Spelling.suggestion(for: text, among: list)) "
                + "(there are: \(list.joined(separator: ", ")))", offset: offset)
    }

    /// `addresses`, `names`, `addresses(7001)`, `names(7001)`
    private func filter(_ text: String, at offset: Int) throws(TemplateError) -> Placeholder? {
        var name = text
        var port: Int?
        if let open = text.firstIndex(of: "("), text.hasSuffix(")") {
            name = Self.trimmed(text[..<open])
            let argument = Self.trimmed(text[text.index(after: open)...].dropLast())
            guard let number = Int(argument), (1...65535).contains(number) else {
                throw TemplateError("`\(name)` takes a port (1 … 65535), not `\(argument)`", offset: offset)
            }
            port = number
        }
        switch name {
        case "addresses" where placeholders.contains(.addresses(port: nil)): return .addresses(port: port)
        case "names" where placeholders.contains(.names(port: nil)): return .names(port: port)
        default: return nil
        }
    }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var text = text[...]
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}

/// What is wrong with a template.
public struct TemplateError: Error, Hashable, CustomStringConvertible {
    public let message: String
    /// Where, in bytes from the beginning of the template.
    public let offset: Int

    public init(_ message: String, offset: Int = 0) {
        self.message = message
        self.offset = offset
    }

    public var description: String { message }
}
