import PolygraphHistory

extension Template {
    /// Fills in all that concerns the node; what is left concerns the operation.
    /// - Parameters:
    ///   - program: the path that `{{polygraph}}` stands for.
    ///   - member: the member that is asked to let the node join or leave.
    public func bound(
        to node: TemplateNode, among nodes: [TemplateNode], program: String = "", member: TemplateNode? = nil
    ) -> Template {
        var result = Template()
        for segment in segments {
            switch segment {
            case .placeholder(let placeholder, let encoding) where !placeholder.isOfOperation:
                var bytes: [UInt8] = []
                let value = Self.value(of: placeholder, node, nodes, program, member ?? node)
                Self.append(value, as: encoding, to: &bytes)
                result.append(literal: bytes)
            case .placeholder(let placeholder, let encoding): result.append(placeholder, encoding)
            case .literal(let bytes): result.append(literal: bytes)
            }
        }
        return result
    }

    /// The text of a template that has nothing to do with operations, for one node.
    public func text(
        for node: TemplateNode, among nodes: [TemplateNode], program: String = "", member: TemplateNode? = nil
    ) -> String {
        var bytes: [UInt8] = []
        let none = Request(function: "", key: nil, value: .null, process: 0, operation: 0, deadline: 0)
        bound(to: node, among: nodes, program: program, member: member).render(none, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Appends the text for one operation. The template must have been bound to a node.
    public func render(_ request: Request, into bytes: inout [UInt8]) {
        for segment in segments {
            switch segment {
            case .literal(let literal): bytes.append(contentsOf: literal)
            case .placeholder(let placeholder, let encoding):
                Self.append(Self.value(of: placeholder, request), as: encoding, to: &bytes)
            }
        }
    }

    private static func value(of placeholder: Placeholder, _ request: Request) -> Value {
        switch placeholder {
        case .key: return request.key ?? .null
        case .value: return request.value
        case .from, .to:
            // A cas carries [from, to].
            guard case .list(let pair) = request.value, pair.count == 2 else { return .null }
            return placeholder == .from ? pair[0] : pair[1]
        case .process: return .integer(Int64(request.process))
        case .operation: return .integer(Int64(request.operation))
        case .base64(let other): return base64(value(of: other, request))
        default: preconditionFailure("a template is rendered before it is bound to a node")
        }
    }

    private static func value(
        of placeholder: Placeholder, _ node: TemplateNode, _ nodes: [TemplateNode], _ program: String,
        _ member: TemplateNode
    ) -> Value {
        switch placeholder {
        case .nodeAddress: .string(node.address)
        case .nodePort: node.port.map { .integer(Int64($0)) } ?? .null
        case .nodeName: .string(node.name)
        case .nodeIndex: .integer(Int64(node.index))
        case .memberAddress: .string(member.address)
        case .memberName: .string(member.name)
        case .memberIndex: .integer(Int64(member.index))
        case .addresses(let port): .string(joined(nodes.map(\.address), port))
        case .names(let port): .string(joined(nodes.map(\.name), port))
        case .data: .string(node.data)
        case .polygraph: .string(node.program ?? program)
        case .base64(let other): base64(value(of: other, node, nodes, program, member))
        default: preconditionFailure("\(placeholder.name) belongs to an operation")
        }
    }

    private static func base64(_ value: Value) -> Value {
        var plain: [UInt8] = []
        appendPlain(value, to: &plain)
        return .string(Base64.encode(plain))
    }

    private static func joined(_ hosts: [String], _ port: Int?) -> String {
        hosts.map { host in port.map { "\(bracketed(host)):\($0)" } ?? host }.joined(separator: ",")
    }

    /// An IPv6 address in the brackets that keep its colons apart from a port's.
    private static func bracketed(_ host: String) -> String { host.contains(":") ? "[\(host)]" : host }

    private static func append(_ value: Value, as encoding: Encoding, to bytes: inout [UInt8]) {
        switch encoding {
        case .json: JSONWriter.append(value, to: &bytes)
        case .plain: appendPlain(value, to: &bytes)
        case .host: bytes.append(contentsOf: bracketed(value.stringValue ?? value.description).utf8)
        case .percent:
            if case .integer(let number) = value {
                JSONWriter.append(number, to: &bytes)
            } else {
                var plain: [UInt8] = []
                appendPlain(value, to: &plain)
                for byte in plain { appendPercent(byte, to: &bytes) }
            }
        case .jsonText:
            let start = bytes.count
            JSONWriter.appendQuoted(value.stringValue ?? value.description, to: &bytes)
            bytes.removeLast()
            bytes.remove(at: start)
        }
    }

    private static func appendPlain(_ value: Value, to bytes: inout [UInt8]) {
        if case .string(let text) = value {
            bytes.append(contentsOf: text.utf8)
        } else {
            JSONWriter.append(value, to: &bytes)
        }
    }

    /// Everything but RFC 3986's unreserved characters is written as `%XX`.
    static func appendPercent(_ byte: UInt8, to bytes: inout [UInt8]) {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E: bytes.append(byte)
        default:
            bytes.append(UInt8(ascii: "%"))
            for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 0x30 + digit : 0x37 + digit) }
        }
    }
}
