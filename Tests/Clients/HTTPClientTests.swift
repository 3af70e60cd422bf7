import PolygraphClients
import PolygraphHistory
import Testing

/// What answers mean for an operation: what is certain and what is not, on a real socket.
@Suite struct HTTPClientTests {
    private func spec(definite: Bool = true) throws -> HTTPClientSpec {
        func function(
            _ name: String, _ method: HTTPMethod, _ path: String, json: Value? = nil, value: String? = nil,
            absent: Set<Int> = [], orMissing: Bool = false, fail: Set<Int> = []
        ) throws -> HTTPFunction {
            let scope = PlaceholderScope.request(name)
            let url = try URLTemplate("http://{{node.address}}:{{node.index}}\(path)", scope)
            return HTTPFunction(
                name: name,
                request: HTTPRequestTemplate(method, url, body: try json.map { try Template(json: $0, scope) }),
                value: try value.map { try ResultPath($0) }, absent: absent,
                isAbsentWhenMissing: orMissing, fail: fail,
                definite: definite ? try JSONPath("$.definite") : nil)
        }
        return HTTPClientSpec(functions: [
            try function("read", .get, "/kv/{{key}}", value: "$.value", absent: [404]),
            try function(
                "write", .put, "/kv/{{key}}", json: ["value": "{{value}}", "by": "p{{process}}-{{operation}}"]),
            try function(
                "encoded", .post, "/range", json: ["key": "{{key | base64}}", "value": "{{value | base64}}"],
                value: "$.kvs[0].value | base64 | json", orMissing: true),
            try function("cas", .post, "/kv/{{key}}/cas", json: ["from": "{{from}}", "to": "{{to}}"], fail: [409]),
        ])
    }

    /// One operation against a server that gives this answer.
    private func invoke(
        _ function: String, key: Value = "k1", _ value: Value = .null, status: Int = 200, body: String = "{}",
        definite: Bool = true
    ) throws -> (completion: Result<Completion, ClientError>, request: String) {
        let server = ScriptedServer { _, peer in while peer.request() != nil { peer.answer(status, body) } }
        defer { server.stop() }
        // The node's index serves as the port.
        let node = TemplateNode(name: "n1", address: "127.0.0.1", index: Int(server.port))
        let client = try HTTPClient(try spec(definite: definite), node: node, nodes: [node])
        defer { client.close() }
        let request = Request(
            function: function, key: key, value: value, process: 3, operation: 17,
            deadline: Deadline.after(nanoseconds: 20_000_000_000).nanoseconds)
        let completion = Result { () throws(ClientError) in try client.invoke(request) }
        return (completion, try #require(server.requests.first))
    }

    @Test func `requests are what the templates say, and values keep their type`() throws {
        #expect(try invoke("read", body: #"{"value":1}"#).request.hasPrefix("GET /kv/k1 HTTP/1.1\r\nHost: 127.0.0.1:"))
        let write = try invoke("write", key: "a/b c?ü", 42).request
        #expect(write.hasPrefix("PUT /kv/a%2Fb%20c%3F%C3%BC HTTP/1.1\r\n"))
        #expect(write.hasSuffix("\r\n\r\n" + #"{"by":"p3-17","value":42}"#))
        #expect(write.contains("Content-Type: application/json\r\n"))
        let text = try invoke("write", "say \"hi\"\n").request
        #expect(text.hasSuffix(#""value":"say \"hi\"\n"}"#))
        let big = try invoke("cas", [9_007_199_254_740_993, .null]).request
        #expect(big.hasSuffix(#"{"from":9007199254740993,"to":null}"#))
    }

    private static let cases:
        [(function: String, status: Int, body: String, expected: Result<Completion, ClientError>)] = [
            ("read", 200, #"{"value":7}"#, .success(Completion(.ok, value: 7))),
            ("read", 200, #"{"value":9007199254740993}"#, .success(Completion(.ok, value: 9_007_199_254_740_993))),
            ("read", 200, #"{"value":null}"#, .success(Completion(.ok, value: .null))),
            ("read", 404, #"{"error":"not found"}"#, .success(Completion(.ok, value: .null))),
            ("read", 503, #"{"error":"no leader","definite":false}"#, .failure(.definite("HTTP 503: no leader"))),
            ("read", 200, #"{"other":7}"#, .failure(.definite(#"the answer (HTTP 200) has no $.value: {"other":7}"#))),
            ("write", 200, "{}", .success(Completion(.ok))),
            ("write", 200, "not JSON at all", .success(Completion(.ok))),
            ("write", 503, #"{"error":"no leader","definite":true}"#, .failure(.definite("HTTP 503: no leader"))),
            ("write", 503, #"{"error":"lost","definite":false}"#, .failure(.indeterminate("HTTP 503: lost"))),
            ("write", 503, #"{"error":"lost","definite":"true"}"#, .failure(.indeterminate("HTTP 503: lost"))),
            ("write", 500, "", .failure(.indeterminate("HTTP 500"))),
            ("write", 404, "", .failure(.indeterminate("HTTP 404"))),
            ("write", 400, "bad\r\nrequest", .failure(.indeterminate("HTTP 400: bad request"))),
            ("write", 307, "", .failure(.indeterminate("HTTP 307"))),
            ("cas", 200, "{}", .success(Completion(.ok))),
            ("cas", 409, #"{"error":"mismatch","value":3}"#, .success(Completion(.fail, error: "mismatch"))),
            ("cas", 504, #"{"error":"timeout"}"#, .failure(.indeterminate("HTTP 504: timeout"))),
        ]

    @Test(arguments: cases.indices) func `an answer means what the file says`(position: Int) throws {
        let example = Self.cases[position]
        let result = try invoke(example.function, [1, 2], status: example.status, body: example.body)
        #expect(result.completion == example.expected)
    }

    @Test func `a read that is no JSON did not happen`() throws {
        guard case .failure(.definite(let message)) = try invoke("read", body: "<html>").completion else {
            Issue.record("not definite")
            return
        }
        #expect(message.contains("is no JSON") && message.contains("<html>"))
    }

    @Test func `without a word on definiteness nothing is definite`() throws {
        let body = #"{"error":"no leader","definite":true}"#
        #expect(
            try invoke("write", 1, status: 503, body: body, definite: false).completion
                == .failure(.indeterminate("HTTP 503: no leader")))
    }

    @Test func `bytes in base64 go out and come back, and a missing result may mean that there is none`() throws {
        let full = try invoke("encoded", key: "k1", 5, body: #"{"kvs":[{"value":"NQ=="}]}"#)
        #expect(full.request.hasSuffix(#"{"key":"azE=","value":"NQ=="}"#))
        #expect(full.completion == .success(Completion(.ok, value: 5)))
        #expect(try invoke("encoded", 5, body: "{}").completion == .success(Completion(.ok, value: .null)))
        let message =
            #"the answer (HTTP 200) has no $.kvs[0].value | base64 | json: "!" is not base64: {"kvs":[{"value":"!"}]}"#
        #expect(
            try invoke("encoded", 5, body: #"{"kvs":[{"value":"!"}]}"#).completion
                == .failure(.indeterminate(message)))
    }

    @Test func `a function that the client does not have is refused`() throws {
        let node = TemplateNode(name: "n1", address: "127.0.0.1", index: 1)
        let client = try HTTPClient(HTTPClientSpec(functions: []), node: node, nodes: [node])
        let request = Request(function: "append", key: nil, value: 1, process: 0, operation: 0, deadline: 0)
        #expect(throws: ClientError.definite("the client has no function `append`")) { try client.invoke(request) }
    }

    @Test func `all functions of a node share a connection`() throws {
        let server = ScriptedServer { _, peer in while peer.request() != nil { peer.answer(200, #"{"value":1}"#) } }
        defer { server.stop() }
        let node = TemplateNode(name: "n1", address: "127.0.0.1", index: Int(server.port))
        let client = try HTTPClient(try spec(), node: node, nodes: [node])
        for (number, function) in ["read", "write", "cas", "read"].enumerated() {
            let request = Request(
                function: function, key: "k", value: [1, 2], process: 0, operation: number,
                deadline: Deadline.after(nanoseconds: 20_000_000_000).nanoseconds)
            #expect(try client.invoke(request).kind == .ok)
        }
        #expect(server.connections == 1)
        client.close()
    }
}
