import PolygraphHistory
import Testing

@testable import PolygraphClients

@Suite struct TemplateTests {
    private let nodes = [
        TemplateNode(name: "n1", address: "10.77.0.1", index: 1, data: "/data/n1"),
        TemplateNode(name: "n2", address: "fd00::2", index: 2, data: "/data/n2"),
    ]

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("}} { {", "}} { {"),
        ("{{node.index}}:{{ node.name }}", "2:n2"), ("{{node.address}}", "fd00::2"), ("{{data}}/x", "/data/n2/x"),
        ("{{nodes | addresses}}", "10.77.0.1,fd00::2"), ("{{nodes|addresses(7001)}}", "10.77.0.1:7001,[fd00::2]:7001"),
        ("{{ nodes | names }}", "n1,n2"), ("{{nodes | names( 80 )}}", "n1:80,n2:80"),
        ("{{polygraph}}", "/bin/polygraph"),
        ("é{{node.index}}é", "é2é"),
    ])
    func `commands are filled in`(template: String, expected: String) throws {
        #expect(
            try Template(template, .command).text(for: nodes[1], among: nodes, program: "/bin/polygraph") == expected)
    }

    @Test(arguments: [
        ("x{{nod.index}}", 1, "did you mean `node.index`?"), ("{{key}}", 0, "there is no `{{key}}` in a command"),
        ("ab{{node.index", 2, "never closed"), ("{{}}", 0, "there is no `{{}}`"),
        ("{{nodes | adresses}}", 0, "did you mean `nodes | addresses`?"),
        ("{{nodes | addresses(0)}}", 0, "takes a port"), ("{{nodes | addresses(x)}}", 0, "takes a port"),
        ("{{node.name | addresses}}", 0, "there are: node.address, node.name, node.index"),
    ])
    func `what does not exist is an error with its place`(template: String, offset: Int, words: String) {
        #expect {
            try Template(template, .command)
        } throws: { error in
            let error = error as? TemplateError
            return error?.offset == offset && error?.message.contains(words) == true
        }
    }

    @Test func `each function has its own placeholders`() throws {
        _ = try Template("{{key}}", .request("read"))
        #expect(throws: TemplateError.self) { try Template("{{value}}", .request("read")) }
        _ = try Template("{{key}}{{value}}{{process}}{{operation}}{{node.name}}", .request("write"))
        #expect(throws: TemplateError.self) { try Template("{{from}}", .request("write")) }
        _ = try Template("{{from}}{{to}}", .request("cas"))
        #expect(throws: TemplateError.self) { try Template("{{data}}", .request("cas")) }
    }

    private func json(_ value: Value, carrying content: Value) throws -> String {
        let template = try Template(json: value, .request("write")).bound(to: nodes[0], among: nodes)
        let request = Request(function: "write", key: "k", value: content, process: 4, operation: 9, deadline: 0)
        var bytes: [UInt8] = []
        template.render(request, into: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [3, -1, 2.5, true, .null, "a \"b\"\n", [1, "x"], ["a": .null]] as [Value])
    func `a whole placeholder keeps the type, a part becomes text`(content: Value) throws {
        #expect(try JSONParser.parse(try json("{{value}}", carrying: content)) == content)
        let text = content.stringValue ?? content.description
        #expect(try JSONParser.parse(try json("<{{value}}|{{key}}>", carrying: content)) == .string("<\(text)|k>"))
    }

    @Test func `JSON without placeholders comes out as it went in`() throws {
        let value: Value = ["a": [1, 2.5, .null, true, "é\"\u{1}"], "b": [:], "c": ["d": []]]
        #expect(try json(value, carrying: .null) == value.description)
    }

    // MARK: - URLs

    private func request(_ url: String, key: Value) throws -> String {
        let request = HTTPRequestTemplate(.get, try URLTemplate(url, .request("read")))
        let bound = try request.bound(to: nodes[1], among: nodes)
        var bytes: [UInt8] = []
        var scratch: [UInt8] = []
        bound.render(
            Request(function: "read", key: key, value: .null, process: 1, operation: 2, deadline: 0), into: &bytes,
            scratch: &scratch)
        let line = String(decoding: bytes, as: UTF8.self).prefix { $0 != "\r\n" }
        return "\(bound.host) \(bound.port) \(line)"
    }

    @Test(
        arguments: [
            ("http://{{node.address}}:7000/kv/{{key}}", "k1", "fd00::2 7000 GET /kv/k1 HTTP/1.1"),
            ("http://{{node.address}}:7000/kv/{{key}}", 5, "fd00::2 7000 GET /kv/5 HTTP/1.1"),
            ("http://{{node.address}}:7000/kv/{{key}}", "../a%b", "fd00::2 7000 GET /kv/..%2Fa%25b HTTP/1.1"),
            ("http://{{node.name}}/", .null, "n2 80 GET / HTTP/1.1"),
            ("HTTP://127.0.0.1:80", .null, "127.0.0.1 80 GET / HTTP/1.1"),
            ("http://[::1]:9?q={{key}}", "a b", "::1 9 GET /?q=a%20b HTTP/1.1"),
            ("https://h/{{key}}", "a", "h 443 GET /a HTTP/1.1"),
            ("HTTPS://h:9/", .null, "h 9 GET / HTTP/1.1"),
            ("http://h/ü?x=1&y={{process}}", .null, "h 80 GET /%C3%BC?x=1&y=1 HTTP/1.1"),
        ] as [(String, Value, String)])
    func `URLs are filled in`(url: String, key: Value, expected: String) throws {
        #expect(try request(url, key: key) == expected)
    }

    @Test(arguments: [
        ("ftp://x/", "begins with http://"), ("x", "begins with http://"),
        ("http://", "is no host and port"), ("http://:80/", "is no host and port"),
        ("http://x:0/", "is no host and port"),
        ("http://x:70000/", "is no host and port"), ("http://x:port/", "is no host and port"),
        ("http://me@x/", "is no host and port"), ("http://[::1/", "is no host and port"),
        ("http://x/a b", "no spaces"), ("http://x/a#b", "no fragment"), ("http://{{key}}/", "in the host of a URL"),
        ("http://x/{{valu}}", "there is no `{{valu}}` in `read`"),
    ])
    func `bad URLs are refused`(url: String, words: String) {
        #expect {
            try URLTemplate(url, .request("read"))
        } throws: {
            ($0 as? TemplateError)?.message.contains(words) == true
        }
    }

    // MARK: - JSON paths

    @Test(
        arguments: [
            ("$", #"{"a":[{"b":1},2],"c d":null}"#), ("$.a", #"[{"b":1},2]"#), ("$.a[0].b", "1"), ("$.a[1]", "2"),
            ("$[\"c d\"]", "null"), ("$['a'][0]['b']", "1"), ("$.x", nil), ("$.a[2]", nil), ("$.a.b", nil),
            ("$.a[0].b.c", nil),
            ("$[0]", nil),
        ] as [(String, String?)])
    func `paths lead to values`(path: String, expected: String?) throws {
        let document: Value = ["a": [["b": 1], 2], "c d": .null]
        #expect(try JSONPath(path).value(in: document)?.description == expected)
    }

    @Test(
        arguments: [
            ("$.a | base64", "a\u{e9}b"), ("$.b | json", [1, "x"]), ("$.c|base64|json", 5), ("$['d|e'] | json", 7),
            ("$.x | base64", nil), ("$.b", "[1,\"x\"]"),
        ] as [(String, Value?)])
    func `results may be spelled in another way`(path: String, expected: Value?) throws {
        let document: Value = ["a": "YcOpYg==", "b": "[1,\"x\"]", "c": "NQ==", "d|e": "7"]
        #expect(try ResultPath(path).value(in: document) == expected)
    }

    @Test(arguments: ["$.a | base64", "$.b | base64", "$.c | json", "$.n | json", "$.n | base64", "$.u | base64"])
    func `what is spelled in no such way is no result`(path: String) throws {
        let document: Value = ["a": "abc", "b": "ab=c", "c": "{", "n": 5, "u": "/////w=="]
        #expect(throws: TemplateError.self) { try ResultPath(path).value(in: document) }
    }

    @Test(arguments: ["$.a | base32", "$.a |", "a | json"]) func `bad filters are refused`(path: String) {
        #expect(throws: TemplateError.self) { try ResultPath(path) }
    }

    /// The examples of RFC 4648, section 10.
    @Test(arguments: [
        ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ])
    func `base64 goes both ways`(text: String, encoded: String) {
        #expect(Base64.encode(Array(text.utf8)) == encoded)
        #expect(Base64.decode(encoded) == text)
    }

    @Test(arguments: ["", "value", ".value", "$value", "$.", "$..a", "$[", "$[x]", "$[-1]", "$.a[]"])
    func `bad paths are refused`(path: String) {
        #expect(throws: TemplateError.self) { try JSONPath(path) }
    }
}
