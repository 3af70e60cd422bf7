/// A piece of HTML, SVG or XML. Names are literals of this program and every value is escaped, so nothing that came
/// from outside can become markup.
enum Markup {
    case element(StaticString, [Attribute], [Markup])
    /// Text between tags, escaped.
    case text(String)
    /// Bytes of this program's own making that are written as they are: style sheet, script, encoded data.
    case embedded([UInt8])
    case group([Markup])

    /// A name and its value, escaped when written; nil for an attribute without a value.
    struct Attribute {
        let name: StaticString
        let value: String?

        init(_ name: StaticString, _ value: String?) {
            self.name = name
            self.value = value
        }
    }

    /// Appends the markup. Elements without content are written as `<x/>` in XML, and in HTML only where it has no
    /// end tag (`<br>`).
    func append(to bytes: inout [UInt8], xml: Bool = false) {
        switch self {
        case .text(let text): Self.appendEscaped(text, to: &bytes)
        case .embedded(let raw): bytes.append(contentsOf: raw)
        case .group(let parts): for part in parts { part.append(to: &bytes, xml: xml) }
        case .element(let name, let attributes, let content):
            bytes.append(UInt8(ascii: "<"))
            bytes.append(name)
            for attribute in attributes {
                bytes.append(UInt8(ascii: " "))
                bytes.append(attribute.name)
                guard let value = attribute.value else { continue }
                bytes.append(contentsOf: [UInt8(ascii: "="), UInt8(ascii: "\"")])
                Self.appendEscaped(value, to: &bytes)
                bytes.append(UInt8(ascii: "\""))
            }
            if content.isEmpty, xml {
                bytes.append(contentsOf: [UInt8(ascii: "/"), UInt8(ascii: ">")])
                return
            }
            bytes.append(UInt8(ascii: ">"))
            if !xml, Self.isVoid(name) { return }
            for part in content { part.append(to: &bytes, xml: xml) }
            bytes.append(contentsOf: [UInt8(ascii: "<"), UInt8(ascii: "/")])
            bytes.append(name)
            bytes.append(UInt8(ascii: ">"))
        }
    }

    private static func isVoid(_ name: StaticString) -> Bool {
        ["meta", "br", "input", "link", "hr"].contains(name.description)
    }

    /// Escapes what means something in markup, in text and in quoted attributes alike, and makes control characters
    /// visible: XML forbids them, and HTML drops them.
    static func appendEscaped(_ text: String, to bytes: inout [UInt8]) {
        for byte in SafeText.clean(text, keepingLines: true).utf8 {
            switch byte {
            case UInt8(ascii: "&"): bytes.append("&amp;")
            case UInt8(ascii: "<"): bytes.append("&lt;")
            case UInt8(ascii: ">"): bytes.append("&gt;")
            case UInt8(ascii: "\""): bytes.append("&quot;")
            case UInt8(ascii: "'"): bytes.append("&#39;")
            default: bytes.append(byte)
            }
        }
    }
}

extension [UInt8] {
    fileprivate mutating func append(_ text: StaticString) {
        append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

/// Puts markup together from elements, texts, conditions and loops.
@resultBuilder
enum MarkupBuilder {
    static func buildExpression(_ markup: Markup) -> Markup { markup }
    static func buildExpression(_ text: String) -> Markup { .text(text) }
    static func buildBlock(_ parts: Markup...) -> Markup { .group(parts) }
    static func buildOptional(_ part: Markup?) -> Markup { part ?? .group([]) }
    static func buildEither(first part: Markup) -> Markup { part }
    static func buildEither(second part: Markup) -> Markup { part }
    static func buildArray(_ parts: [Markup]) -> Markup { .group(parts) }
}

/// An element with content.
func element(
    _ name: StaticString, _ attributes: Markup.Attribute..., @MarkupBuilder content: () -> Markup
) -> Markup {
    .element(name, attributes, [content()])
}

/// An element without content.
func element(_ name: StaticString, _ attributes: Markup.Attribute...) -> Markup {
    .element(name, attributes, [])
}

extension Markup.Attribute {
    static func `class`(_ names: String) -> Self { Self("class", names) }
    static func id(_ name: String) -> Self { Self("id", name) }
    static func label(_ text: String) -> Self { Self("aria-label", text) }
    static func link(toFragment name: String) -> Self { Self("href", "#" + name) }

    /// A coordinate or length of SVG, to a tenth.
    static func number(_ name: StaticString, _ number: Double) -> Self { Self(name, Units.fixed(number, 1)) }
}
