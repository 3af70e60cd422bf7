import PolygraphClients
import Testing

@Suite struct HTTPResponseParserTests {
    private static let answers: [(text: String, status: Int, body: String, closes: Bool)] = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", 200, "hello", false),
        ("HTTP/1.1 200\r\ncontent-length:0\r\n\r\n", 200, "", false),
        ("HTTP/1.1 404 Not Found\nContent-Length: 2\n\nno", 404, "no", false),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, "", false),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 900\r\n\r\n", 304, "", false),
        ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\nContent-Length: 1\r\n\r\nx", 201, "x", false),
        (
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\nT: 1\r\n\r\n",
            200, "abc0123456789", false
        ),
        ("HTTP/1.1 200 OK\r\nConnection: keep-alive, Close\r\nContent-Length: 1\r\n\r\nx", 200, "x", true),
        ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", 200, "x", true),
        ("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx", 200, "x", false),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 3\r\nContent-Length: 3\r\n\r\n{ }", 503, "{ }", false),
    ]

    @Test(arguments: answers.indices) func `the same answer, wherever the packets are cut`(position: Int) throws {
        let answer = Self.answers[position]
        let bytes = Array(answer.text.utf8)
        for cut in 0..<bytes.count {
            var parser = HTTPResponseParser()
            parser.begin()
            var response = try bytes[..<cut].withUnsafeBytes { try parser.feed($0) }
            #expect(response == nil)
            response = try bytes[cut...].withUnsafeBytes { try parser.feed($0) }
            #expect(
                response == HTTPResponse(status: answer.status, body: Array(answer.body.utf8), closes: answer.closes))
        }
    }

    @Test func `every prefix of an answer is incomplete at its end`() throws {
        for answer in Self.answers {
            let bytes = Array(answer.text.utf8)
            for cut in 0..<bytes.count {
                var parser = HTTPResponseParser()
                parser.begin()
                _ = try bytes[..<cut].withUnsafeBytes { try parser.feed($0) }
                #expect(throws: HTTPFormatError.self) { try parser.end() }
            }
        }
    }

    @Test func `without a length the body ends with the connection`() throws {
        var parser = HTTPResponseParser()
        parser.begin()
        #expect(try Array("HTTP/1.1 200 OK\r\n\r\nall of it".utf8).withUnsafeBytes { try parser.feed($0) } == nil)
        #expect(try parser.end() == HTTPResponse(status: 200, body: Array("all of it".utf8), closes: true))
    }

    @Test func `the answer to a HEAD request has no body`() throws {
        var parser = HTTPResponseParser()
        parser.begin(expectsNoBody: true)
        let response = try Array("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n".utf8).withUnsafeBytes {
            try parser.feed($0)
        }
        #expect(response == HTTPResponse(status: 200, body: [], closes: false))
    }

    @Test func `noise is refused or waited on, never a crash`() {
        var random = SplitMix(state: 7)
        let words = [
            "HTTP/1.1 200 OK", "\r\n", "\n", ":", "Content-Length", "Transfer-Encoding: chunked", "5", "0", "\0", "ff",
            " ", "x",
        ]
        for _ in 0..<5_000 {
            let text = (0..<Int.random(in: 0..<12, using: &random)).map { _ in words.randomElement(using: &random)! }
                .joined()
            var parser = HTTPResponseParser()
            parser.begin()
            do {
                if try Array(text.utf8).withUnsafeBytes({ try parser.feed($0) }) == nil { _ = try parser.end() }
            } catch {}
        }
    }
}

/// Small and seeded, so that a failure can be had again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
