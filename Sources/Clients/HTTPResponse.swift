/// A complete answer.
public struct HTTPResponse: Hashable, Sendable {
    /// 200 … 599: interim answers (1xx) are skipped.
    public var status: Int
    /// The content, with the transfer's framing removed.
    public var body: [UInt8]
    /// Whether the connection ends with this answer.
    public var closes: Bool

    public init(status: Int, body: [UInt8], closes: Bool) {
        self.status = status
        self.body = body
        self.closes = closes
    }

    /// The body as text, shortened for a message.
    public var excerpt: String {
        let limit = 200
        let text = String(decoding: body.prefix(limit), as: UTF8.self)
        let oneLine = text.split(whereSeparator: \.isNewline).joined(separator: " ")
        return body.count > limit ? oneLine + "…" : oneLine
    }
}

/// An answer that is not HTTP, or more of it than anyone should send.
package struct HTTPFormatError: Error, Hashable {
    package let message: String
    package init(_ message: String) { self.message = message }
}
