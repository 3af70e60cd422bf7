import Testing

@testable import PolygraphSamples

@Suite struct HTTPTests {
    private func parse(_ text: String) -> HTTPRequest.Parsed { HTTPRequest.parse(Array(text.utf8)[...]) }

    private func status(_ text: String) -> Int? {
        if case .bad(let status, _) = parse(text) { status } else { nil }
    }

    @Test func `a request is read whole or not at all, and the next one stays`() {
        let text = "PUT /kv/a%20b?x=1 HTTP/1.1\r\nHost: n1\r\nContent-Length: 5\r\n\r\nhello"
        for size in 0..<text.utf8.count { #expect(HTTPRequest.parse(Array(text.utf8)[..<size]) == .incomplete) }
        let expected = HTTPRequest(
            method: "PUT", path: ["kv", "a b"], query: "x=1", body: Array("hello".utf8), keepsConnection: true)
        #expect(parse(text + "GET /") == .request(expected, size: text.utf8.count))
    }

    @Test(arguments: [
        ("\u{16}\u{3}\u{1}", 400), ("GET /\r\n\r\n", 400), ("GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505), ("GET / FTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET / HTTP/1.1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400), ("GET / HTTP/1.1\r\nHost a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400), ("GET /%4 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n", 400), ("GET /%ff HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n", 400),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n", 413),
        ("GET / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n", 501),
        ("GET /é HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    ])
    func `nonsense is refused`(text: String, expected: Int) { #expect(status(text) == expected) }

    @Test func `an endless header is refused`() {
        #expect(status("GET / HTTP/1.1\r\nX: " + String(repeating: "a", count: 9_000)) == 431)
    }

    @Test func `no bytes at all can stop the parser`() {
        let alphabet = Array("GET /kv%a HTTP/1.1\r\n\r\nHost:Content-Length: 3{}\u{0}é".utf8)
        var random = SplitMix64(seed: 1)
        for _ in 0..<20_000 {
            let length = Int.random(in: 0..<60, using: &random)
            let bytes = (0..<length).map { _ in alphabet.randomElement(using: &random)! }
            _ = HTTPRequest.parse(bytes[...])
            _ = try? JSONFields(parsing: bytes)
        }
    }

    @Test func `the connection is kept unless one side says otherwise`() {
        func keeps(_ text: String) -> Bool? {
            if case .request(let request, _) = parse(text) { request.keepsConnection } else { nil }
        }
        #expect(keeps("GET / HTTP/1.1\r\nHost: a\r\n\r\n") == true)
        #expect(keeps("GET / HTTP/1.1\r\nHost: a\r\nConnection: Close\r\n\r\n") == false)
        #expect(keeps("GET / HTTP/1.0\r\n\r\n") == false)
        #expect(keeps("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") == true)
    }

    @Test(arguments: [
        ("123456789012345678901234567890", "123456789012345678901234567890"), ("-7", "-7"), ("-0", "0"),
        ("1.50e+3", "1.50e+3"), ("true", "true"), ("null", "null"), (#""a\/bA\n""#, #""a/bA\n""#),
        (#""é😀""#, #""\u00e9\ud83d\ude00""#), (#""\u0000\uD800""#, #""\u0000\ud800""#),
    ])
    func `values are kept exactly, in one form`(text: String, canonical: String) throws {
        #expect(try JSONFields(parsing: Array(#" { "value" : \#(text) , "x":1 } "#.utf8))["value"] == canonical)
        #expect(try JSONFields(parsing: Array(#"{"value":\#(canonical)}"#.utf8))["value"] == canonical)
    }

    @Test(arguments: [
        "", "1", "[]", "{", "{}x", "{,}", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":01}"#, #"{"a":1.}"#, #"{"a":+1}"#,
        #"{"a":[1]}"#, #"{"a":{}}"#, #"{"a":"x}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, #"{"a":1,"a":2}"#, #"{"a":nul}"#,
        #"{"a":NaN}"#, "{\"a\":\"\n\"}", #"{"a":1e}"#, #"{a:1}"#,
    ])
    func `what is not a flat JSON object is refused`(text: String) {
        #expect(throws: HTTPFailure.self) { try JSONFields(parsing: Array(text.utf8)) }
    }

    @Test func `calls are recognised, and others say what is possible`() throws {
        func call(_ method: String, _ path: [String], _ body: String = "") throws(HTTPFailure) -> ClientAPI.Call {
            try ClientAPI.call(
                of: HTTPRequest(method: method, path: path, query: nil, body: Array(body.utf8), keepsConnection: true))
        }
        #expect(try call("GET", ["kv", "a"]) == .read(key: #""a""#))
        #expect(
            try call("PUT", ["kv", "a"], #"{"value":1,"client":"c","request":7}"#)
                == .change(key: #""a""#, .put(value: "1"), identity: .init(client: #""c""#, request: 7)))
        #expect(
            try call("POST", ["kv", "a", "cas"], #"{"from":1,"to":"x"}"#)
                == .change(key: #""a""#, .compareAndSet(from: "1", to: #""x""#), identity: nil))
        let refused: [(String, [String], String, Int)] = [
            ("PUT", ["kv", "a"], "{}", 400), ("PUT", ["kv", "a"], #"{"value":1,"client":2}"#, 400),
            ("PUT", ["kv", "a"], #"{"value":1,"client":2,"request":-1}"#, 400), ("GET", ["kv", ""], "", 400),
            ("DELETE", ["kv", "a"], "", 405), ("GET", ["kv", "a", "cas"], "", 405), ("GET", ["x"], "", 404),
            ("PUT", ["health"], "", 405), ("GET", ["kv", String(repeating: "a", count: 513)], "", 400),
        ]
        for (method, path, body, status) in refused {
            #expect("\(method) \(path) \(body)") {
                _ = try call(method, path, body)
            } throws: {
                ($0 as? HTTPFailure)?.status == status
            }
        }
    }
}
