import Foundation
import PolygraphClients
import Testing

/// What a failure says about the request, on real sockets with servers that behave badly.
@Suite struct HTTPConnectionTests {
    private enum Outcome: Equatable { case answered(Int, String), definite(String), indeterminate(String) }

    private static let get = Array("GET / HTTP/1.1\r\nHost: x\r\n\r\n".utf8)

    private func exchange(
        _ connection: HTTPConnection, changesNothing: Bool = false, within nanoseconds: Int64 = 20_000_000_000
    ) -> Outcome {
        do throws(ClientError) {
            let response = try connection.exchange(
                Self.get, changesNothing: changesNothing, deadline: .after(nanoseconds: nanoseconds))
            return .answered(response.status, String(decoding: response.body, as: UTF8.self))
        } catch {
            switch error {
            case .definite(let message): return .definite(message)
            case .indeterminate(let message): return .indeterminate(message)
            }
        }
    }

    private func server(
        host: String = "127.0.0.1", _ script: @escaping @Sendable (Int, Peer) -> Void,
        _ body: (ScriptedServer, HTTPConnection) -> Void
    ) {
        let server = ScriptedServer(host: host, script: script)
        let connection = HTTPConnection(host: host, port: server.port)
        body(server, connection)
        connection.close()
        server.stop()
    }

    private func expect(
        _ outcome: Outcome, definite: Bool, _ words: String, _ location: SourceLocation = #_sourceLocation
    ) {
        switch outcome {
        case .definite(let message):
            #expect(definite && message.contains(words), "\(message)", sourceLocation: location)
        case .indeterminate(let message):
            #expect(!definite && message.contains(words), "\(message)", sourceLocation: location)
        case .answered(let status, let body):
            Issue.record("an answer: \(status) \(body)", sourceLocation: location)
        }
    }

    // MARK: - Before the request

    @Test func `nobody listens: it certainly did not happen`() {
        let server = ScriptedServer { _, _ in }
        server.stop()
        expect(
            exchange(HTTPConnection(host: "127.0.0.1", port: server.port)), definite: true,
            "cannot connect to 127.0.0.1:\(server.port): Connection refused")
    }

    @Test func `nobody accepts: it certainly did not happen`() {
        // A full queue swallows the next SYN, as a cut link does.
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        let port = ScriptedServer.bindAndListen(listener, isIPv6: false, backlog: 0)
        defer { close(listener) }
        var outcome = Outcome.answered(0, "")
        var queued: [HTTPConnection] = []
        for _ in 0..<8 {
            let connection = HTTPConnection(host: "127.0.0.1", port: port)
            queued.append(connection)
            outcome = exchange(connection, within: 50_000_000)
            if case .definite = outcome { break }
        }
        expect(outcome, definite: true, "timed out")
    }

    @Test func `a host that does not exist: it certainly did not happen`() {
        expect(
            exchange(HTTPConnection(host: "no such host", port: 80)), definite: true, "cannot find host no such host")
    }

    @Test(arguments: ["127.0.0.1", "::1", "localhost"]) func `literals and names lead to the server`(host: String) {
        let server = ScriptedServer(host: host == "::1" ? host : "127.0.0.1") { _, peer in
            while peer.request() != nil { peer.answer(200, "hello") }
        }
        let connection = HTTPConnection(host: host, port: server.port)
        #expect(exchange(connection) == .answered(200, "hello"))
        connection.close()
        server.stop()
    }

    // MARK: - After the request

    private static let misdeeds: [(name: String, words: String, deed: @Sendable (Peer) -> Void)] = [
        ("close", "the server closed the connection", { _ in }),
        ("reset", "Connection reset", { $0.reset() }),
        ("half a status line", "closed in the middle", { $0.send("HTTP/1.1 2") }),
        ("half a header", "closed in the middle", { $0.send("HTTP/1.1 200 OK\r\nContent-Le") }),
        ("half a body", "closed in the middle", { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf") }),
        (
            "half a chunk", "closed in the middle",
            { $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhalf") }
        ),
        (
            "no last chunk", "closed in the middle",
            { $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n") }
        ),
        ("only 100", "closed in the middle", { $0.send("HTTP/1.1 100 Continue\r\n\r\n") }),
        ("garbage", "not an HTTP/1.1 answer", { $0.send("SSH-2.0-OpenSSH_9.2\r\n\r\n") }),
        ("bytes", "not an HTTP/1.1 answer", { $0.send([0, 255, 10, 13, 10]) }),
        ("HTTP/2", "not an HTTP/1.1 answer", { $0.send("HTTP/2 200\r\n\r\n") }),
        ("a wild length", "Content-Length is no number", { $0.send("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n") }),
        (
            "two lengths", "two Content-Length headers",
            { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab") }
        ),
        (
            "two framings", "both Content-Length and Transfer-Encoding",
            { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n") }
        ),
        ("gzip", "is not understood", { $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n") }),
        (
            "no chunk size", "not the size of a chunk",
            { $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n") }
        ),
        (
            "a long chunk", "longer than it says",
            { $0.send("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nabc\r\n") }
        ),
        ("a header without colon", "not a header line", { $0.send("HTTP/1.1 200 OK\r\nnonsense\r\n\r\n") }),
        (
            "an endless line", "longer than 16 KiB",
            { $0.send("HTTP/1.1 200 OK\r\nA: \(String(repeating: "x", count: 40_000))") }
        ),
        (
            "an endless header", "larger than 64 KiB",
            { peer in
                peer.send("HTTP/1.1 200 OK\r\n")
                for _ in 0..<20 { peer.send("A: \(String(repeating: "x", count: 8_000))\r\n") }
            }
        ),
        ("a huge body", "larger than 16 MiB", { $0.send("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n") }),
        (
            "a huge body without length", "larger than 16 MiB",
            { peer in
                peer.send("HTTP/1.1 200 OK\r\n\r\n")
                for _ in 0..<18 { peer.send([UInt8](repeating: 65, count: 1 << 20)) }
            }
        ),
        (
            "endless 100s", "more than 16 interim answers",
            { peer in for _ in 0..<20 { peer.send("HTTP/1.1 100 Continue\r\n\r\n") } }
        ),
        ("101", "switched protocols", { $0.send("HTTP/1.1 101 Switching Protocols\r\n\r\n") }),
    ]

    @Test(arguments: misdeeds.map(\.name)) func `after the request nobody can say`(name: String) throws {
        let misdeed = try #require(Self.misdeeds.first { $0.name == name })
        let script: @Sendable (Int, Peer) -> Void = { _, peer in
            guard peer.request() != nil else { return }
            misdeed.deed(peer)
        }
        server(script) { _, connection in
            expect(exchange(connection), definite: false, misdeed.words)
            expect(exchange(connection, changesNothing: true), definite: true, misdeed.words)
        }
    }

    @Test func `no answer in time, and half an answer in time`() {
        for words in ["", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel"] {
            let script: @Sendable (Int, Peer) -> Void = { _, peer in
                while peer.request() != nil {
                    peer.send(words)
                    peer.waitForEnd()
                }
            }
            server(script) { _, connection in
                expect(exchange(connection, within: 30_000_000), definite: false, "no complete answer")
                expect(
                    exchange(connection, changesNothing: true, within: 30_000_000), definite: true, "no complete answer"
                )
            }
        }
    }

    @Test func `a connection that timed out is not used again`() {
        // The late answer to the first request must never be taken for the answer to the second.
        let script: @Sendable (Int, Peer) -> Void = { number, peer in
            guard peer.request() != nil else { return }
            if number == 0 { usleep(150_000) }
            peer.answer(200, number == 0 ? "late" : "prompt")
            peer.waitForEnd()
        }
        server(script) { server, connection in
            expect(exchange(connection, within: 30_000_000), definite: false, "no complete answer")
            usleep(200_000)
            #expect(exchange(connection) == .answered(200, "prompt"))
            #expect(server.connections == 2)
        }
    }

    // MARK: - Kept-alive connections

    @Test func `one connection serves many requests`() {
        server({ _, peer in while peer.request() != nil { peer.answer(200, "x") } }) { server, connection in
            for _ in 0..<50 { #expect(exchange(connection) == .answered(200, "x")) }
            #expect(server.connections == 1)
        }
    }

    @Test(arguments: [true, false]) func `a stale connection is replaced before anything is sent`(changesNothing: Bool)
    {
        let script: @Sendable (Int, Peer) -> Void = { _, peer in
            if peer.request() != nil { peer.answer(200, "x") }
        }
        server(script) { server, connection in
            for round in 1...3 {
                #expect(exchange(connection, changesNothing: changesNothing) == .answered(200, "x"))
                #expect(server.connections == round)
                usleep(50_000)
            }
            #expect(server.requests.count == 3)
        }
    }

    @Test(arguments: [true, false])
    func `a connection lost after the request was sent is replaced only where nothing changes`(changesNothing: Bool) {
        // The first connection dies while it holds the second request.
        let script: @Sendable (Int, Peer) -> Void = { number, peer in
            guard peer.request() != nil else { return }
            peer.answer(200, "x")
            if number == 0 { _ = peer.request() } else { peer.waitForEnd() }
        }
        server(script) { server, connection in
            #expect(exchange(connection) == .answered(200, "x"))
            let outcome = exchange(connection, changesNothing: changesNothing)
            if changesNothing {
                #expect(outcome == .answered(200, "x"))
                #expect(server.requests.count == 3)
            } else {
                expect(outcome, definite: false, "before the answer")
                #expect(server.requests.count == 2)
            }
        }
    }

    @Test func `connection close is obeyed, and so are bytes too many`() {
        for ending in ["close", "surplus"] {
            let script: @Sendable (Int, Peer) -> Void = { _, peer in
                while peer.request() != nil {
                    if ending == "close" {
                        peer.answer(200, "x", more: "Connection: close\r\n")
                    } else {
                        peer.send("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 500 Surprise\r\n\r\n")
                    }
                }
            }
            server(script) { server, connection in
                for round in 1...3 {
                    #expect(exchange(connection) == .answered(200, "x"))
                    #expect(server.connections == round)
                }
            }
        }
    }

    @Test func `a slow server is still a server`() {
        let script: @Sendable (Int, Peer) -> Void = { _, peer in
            while peer.request() != nil {
                for byte in "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nslow".utf8 {
                    peer.send([byte])
                    usleep(200)
                }
            }
        }
        server(script) { _, connection in #expect(exchange(connection) == .answered(200, "slow")) }
    }
}
