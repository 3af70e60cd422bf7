/// The header fields of a request that matter here.
struct HTTPFields {
    private var fields: [(name: String, value: String)] = []

    init(lines: ArraySlice<String>) throws(HTTPFailure) {
        for line in lines {
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex,
                line[..<colon].utf8.allSatisfy(HTTPRequest.isTokenByte)
            else { throw HTTPFailure(400, "a header line is not NAME: VALUE") }
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            let trimmed = value.reversed().drop { $0 == " " || $0 == "\t" }.reversed()
            fields.append((line[..<colon].lowercased(), String(trimmed)))
        }
    }

    /// The lines of a header, which ends with an empty one.
    static func lines(of header: ArraySlice<UInt8>) -> [String] {
        var lines: [String] = []
        var start = header.startIndex
        var index = start
        while index + 1 < header.endIndex {
            if header[index] == 13, header[index + 1] == 10 {
                if index > start { lines.append(String(decoding: header[start..<index], as: UTF8.self)) }
                start = index + 2
                index = start
            } else {
                index += 1
            }
        }
        return lines
    }

    var hasHost: Bool { fields.filter { $0.name == "host" }.count == 1 }

    func contentLength() throws(HTTPFailure) -> Int {
        if fields.contains(where: { $0.name == "transfer-encoding" }) {
            throw HTTPFailure(501, "a body needs a Content-Length; transfer encodings are not understood")
        }
        let values = fields.filter { $0.name == "content-length" }.map(\.value)
        guard let value = values.first else { return 0 }
        let isNumber = !value.isEmpty && value.utf8.allSatisfy { (48...57).contains($0) }
        guard values.allSatisfy({ $0 == value }), isNumber, value.utf8.count <= 18, let length = Int(value) else {
            throw HTTPFailure(400, "Content-Length is not one whole number")
        }
        guard length <= HTTPRequest.maximumBodySize else { throw HTTPFailure(413, "the body is too long") }
        return length
    }

    func keepsConnection(minorVersion: Int) -> Bool {
        let options = fields.filter { $0.name == "connection" }.map { $0.value.lowercased() }
        if options.contains(where: { $0.contains("close") }) { return false }
        return minorVersion == 1 || options.contains { $0.contains("keep-alive") }
    }
}
