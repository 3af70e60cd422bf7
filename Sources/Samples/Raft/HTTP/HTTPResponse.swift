/// An answer with its body.
struct HTTPResponse: Equatable, Sendable {
    var status: Int
    var body: String
    var contentType = "application/json"

    init(_ status: Int, _ body: String, contentType: String = "application/json") {
        self.status = status
        self.body = body
        self.contentType = contentType
    }

    /// An error, and whether the request certainly was not and never will be applied.
    static func error(_ status: Int, _ reason: String, definite: Bool) -> HTTPResponse {
        HTTPResponse(status, #"{"error":\#(JSONFields.quoted(reason)),"definite":\#(definite)}"#)
    }

    func encoded(keepsConnection: Bool) -> [UInt8] {
        let body = self.body + (contentType == "text/plain" ? "" : "\n")
        let head = """
            HTTP/1.1 \(status) \(Self.reason(of: status))\r
            Content-Type: \(contentType)\r
            Content-Length: \(body.utf8.count)\r
            Connection: \(keepsConnection ? "keep-alive" : "close")\r
            \r

            """
        return Array((head + body).utf8)
    }

    private static func reason(of status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 409: "Conflict"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }
}
