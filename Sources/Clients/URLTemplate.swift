/// The URL of a request, with placeholders.
public struct URLTemplate: Hashable, Sendable {
    /// Whether it begins with `https://`.
    public let isSecure: Bool
    /// Host and port.
    let authority: Template
    /// Path and query: what the request line carries.
    let target: Template

    /// Takes a URL apart. Placeholders after the host are percent-encoded when they are filled in.
    /// - Throws: `TemplateError` when it is no `http://` or `https://` URL or a placeholder does not exist.
    public init(_ text: String, _ scope: PlaceholderScope) throws(TemplateError) {
        guard let scheme = ["http://", "https://"].first(where: text.lowercased().hasPrefix) else {
            throw TemplateError("a URL begins with http:// or https://; this is `\(text)`")
        }
        isSecure = scheme == "https://"
        let bytes = Array(text.utf8)
        let start = scheme.utf8.count
        try Self.checkLiterals(bytes)
        let end = Self.endOfAuthority(bytes, from: start)
        authority = try Self.part(bytes[start..<end], scope.host, .host)
        var target = Template()
        if end == bytes.count || bytes[end] != UInt8(ascii: "/") { target.append(literal: Array("/".utf8)) }
        let rest = try Self.part(bytes[end...], scope, .percent)
        for segment in rest.segments {
            switch segment {
            case .literal(let literal): target.append(literal: Self.encodingNonASCII(literal))
            case .placeholder(let placeholder, let encoding): target.append(placeholder, encoding)
            }
        }
        self.target = target
        // Whether the port makes sense can be seen with any node.
        let sample = TemplateNode(name: "n1", address: "192.0.2.1", index: 1, port: 7000)
        let sampleText = authority.text(for: sample, among: [sample])
        guard Self.split(sampleText, standardPort: 80) != nil else {
            throw TemplateError(
                "`\(String(decoding: bytes[start..<end], as: UTF8.self))` is no host and port, such as "
                    + "`{{node.address}}:7000`", offset: start)
        }
    }

    private static func part(
        _ bytes: ArraySlice<UInt8>, _ scope: PlaceholderScope, _ encoding: Template.Encoding
    ) throws(TemplateError) -> Template {
        var template = Template()
        do throws(TemplateError) {
            try template.append(String(decoding: bytes, as: UTF8.self), scope, encoding)
        } catch {
            throw TemplateError(error.message, offset: bytes.startIndex + error.offset)
        }
        return template
    }

    /// Outside of placeholders there is no space, control character or fragment.
    private static func checkLiterals(_ bytes: [UInt8]) throws(TemplateError) {
        var depth = 0
        for (offset, byte) in bytes.enumerated() {
            if byte == UInt8(ascii: "{") { depth += 1 }
            if byte == UInt8(ascii: "}") { depth = max(0, depth - 1) }
            if depth > 0 { continue }
            if byte <= 0x20 || byte == 0x7F {
                throw TemplateError("a URL has no spaces or control characters; write %20", offset: offset)
            }
            if byte == UInt8(ascii: "#") {
                throw TemplateError("a request carries no fragment (`#…`); write %23", offset: offset)
            }
        }
    }

    private static func endOfAuthority(_ bytes: [UInt8], from start: Int) -> Int {
        var depth = 0
        for offset in start..<bytes.count {
            switch bytes[offset] {
            case UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "}"): depth -= 1
            case UInt8(ascii: "/") where depth == 0, UInt8(ascii: "?") where depth == 0: return offset
            default: break
            }
        }
        return bytes.count
    }

    private static func encodingNonASCII(_ bytes: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        for byte in bytes {
            if byte < 0x80 { result.append(byte) } else { Template.appendPercent(byte, to: &result) }
        }
        return result
    }

    /// `host`, `host:port`, `[IPv6]`, `[IPv6]:port`; nil for anything else.
    static func split(_ authority: String, standardPort: UInt16) -> (host: String, port: UInt16)? {
        var host = authority[...]
        var port: Substring?
        if authority.hasPrefix("[") {
            guard let close = authority.firstIndex(of: "]") else { return nil }
            host = authority[authority.index(after: authority.startIndex)..<close]
            let rest = authority[authority.index(after: close)...]
            if !rest.isEmpty {
                guard rest.first == ":" else { return nil }
                port = rest.dropFirst()
            }
        } else if let colon = authority.firstIndex(of: ":") {
            host = authority[..<colon]
            port = authority[authority.index(after: colon)...]
        }
        guard !host.isEmpty, !host.contains("@") else { return nil }
        guard let port else { return (String(host), standardPort) }
        guard port.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = UInt16(port), number > 0 else {
            return nil
        }
        return (String(host), number)
    }
}

extension PlaceholderScope {
    /// The host of a URL: what is known before there is an operation.
    var host: PlaceholderScope {
        let known: [Placeholder] = [
            .nodeAddress, .nodePort, .nodeName, .nodeIndex, .memberAddress, .memberName, .memberIndex,
        ]
        return PlaceholderScope(place: "the host of a URL", placeholders: known.filter(placeholders.contains))
    }
}

extension URLTemplate {
    /// The URL for one node. Only for a URL that has nothing to do with operations.
    public func text(for node: TemplateNode, among nodes: [TemplateNode]) -> String {
        "http\(isSecure ? "s" : "")://\(authority.text(for: node, among: nodes))\(target.text(for: node, among: nodes))"
    }
}
