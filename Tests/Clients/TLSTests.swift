import Foundation
import PolygraphHistory
import PolygraphTestServers
import Testing

@testable import PolygraphClients

/// HTTPS with real servers: who is believed, who is refused and in which words, and that a refusal is never in doubt.
@Suite struct TLSTests {
    let certificates = try! TestCertificates()

    private func server(_ certificate: String = "server", _ more: [String] = []) throws -> KeyValueServer {
        try KeyValueServer(
            [
                "--certificate", certificates.path("\(certificate).pem"), "--key",
                certificates.path("\(certificate).key"),
            ] + more)
    }

    private func settings(
        authority: String? = "ca", client: String? = nil, name: String? = nil, verifies: Bool = true
    ) -> TLSSettings {
        TLSSettings(
            authority: authority.map { certificates.path("\($0).pem") },
            certificate: client.map { certificates.path("\($0).pem") },
            key: client.map { certificates.path("\($0).key") }, serverName: name, verifies: verifies)
    }

    private func connection(
        _ server: KeyValueServer, host: String = "127.0.0.1", _ settings: TLSSettings
    ) throws -> HTTPConnection {
        HTTPConnection(
            host: host, port: server.port, isSecure: true,
            access: try HTTPAccessSpec(tls: settings).resolved(usesTLS: true))
    }

    private func put(_ connection: HTTPConnection, _ value: String = "1") throws(ClientError) -> HTTPResponse {
        let body = "{\"value\": \(value)}"
        let request = "PUT /kv/k1 HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        return try connection.exchange(
            Array(request.utf8), changesNothing: false, deadline: .after(nanoseconds: 20_000_000_000))
    }

    /// Why a write is refused before anything can have happened.
    private func refusal(_ connection: HTTPConnection) -> String {
        do throws(ClientError) {
            return "answered with \(try put(connection).status)"
        } catch {
            guard case .definite(let message) = error else { return "in doubt: \(error)" }
            return message
        }
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func `a server with the right certificate is believed`(host: String)
        throws
    {
        let server = try server()
        defer { server.stop() }
        let connection = try connection(server, host: host, settings())
        for round in 0..<20 { #expect(try put(connection, "\(round)").status == 200) }
        let large = String(repeating: "9", count: 300_000)
        #expect(try put(connection, "\"\(large)\"").status == 200)
        let response = try connection.exchange(
            Array("GET /kv/k1 HTTP/1.1\r\nHost: x\r\n\r\n".utf8), changesNothing: true,
            deadline: .after(nanoseconds: 20_000_000_000))
        #expect(response.body.count > 300_000)
    }

    @Test func `tickets of TLS 1.3 do not make a connection look closed`() throws {
        let server = try server("server", ["--newest", "1.3"])
        defer { server.stop() }
        let meter = TrafficMeter()
        let port = server.port
        let url = try URLTemplate("https://{{node.address}}:\(port)/kv/{{key}}", .request("read"))
        let spec = HTTPClientSpec(functions: [
            HTTPFunction(
                name: "read", request: HTTPRequestTemplate(.get, url), value: try ResultPath("$"), absent: [404])
        ])
        let node = TemplateNode(name: "n1", address: "127.0.0.1", index: 1)
        let access = try HTTPAccessSpec(tls: settings()).resolved(usesTLS: true)
        let client = try HTTPClient(spec, node: node, nodes: [node], access: access, keyPrefix: "p-", meter: meter)
        for number in 0..<10 {
            let request = Request(
                function: "read", key: "k0", value: .null, process: 0, operation: number,
                deadline: Deadline.after(nanoseconds: 20_000_000_000).nanoseconds)
            #expect(try client.invoke(request) == Completion(.ok, value: .null))
        }
        #expect(eventually { server.log.count == 10 })
        #expect(server.log.allSatisfy { $0 == "GET /kv/p-k0 127.0.0.1:\(port)" })
        #expect(meter.bytes > 10 * 100)
    }

    @Test func `a server of another authority is refused, with who it is and what to do`() throws {
        let server = try server()
        defer { server.stop() }
        let words = refusal(try connection(server, settings(authority: "other")))
        #expect(words.contains("cannot connect to 127.0.0.1:\(server.port): the server's certificate is refused"))
        #expect(words.contains("CN=db1, issued by CN=Test authority") && words.contains("`client.tls.ca`"), "\(words)")
    }

    @Test func `without an authority of one's own the machine's are believed, which do not know this one`() throws {
        let server = try server()
        defer { server.stop() }
        let words = refusal(try connection(server, settings(authority: nil)))
        #expect(words.contains("the server's certificate is refused"), "\(words)")
    }

    @Test func `an expired certificate is refused, with its day`() throws {
        let server = try server("old")
        defer { server.stop() }
        let words = refusal(try connection(server, settings()))
        #expect(words.contains("certificate has expired on ") && words.contains("clock"), "\(words)")
    }

    @Test(arguments: ["127.0.0.1", "localhost"]) func `a certificate for another name is refused, with its names`(
        host: String
    ) throws {
        let server = try server("wrong")
        defer { server.stop() }
        let words = refusal(try connection(server, host: host, settings()))
        #expect(
            words.contains("mismatch; it is for DNS:db1.example") && words.contains("`client.tls.name`"), "\(words)")
        #expect(try put(try connection(server, host: host, settings(name: "db1.example"))).status == 200)
    }

    @Test func `who does not want to know is not told`() throws {
        let server = try server("old")
        defer { server.stop() }
        #expect(try put(try connection(server, settings(authority: nil, verifies: false))).status == 200)
    }

    @Test func `versions before TLS 1.2 are refused`() throws {
        let server = try server("server", ["--newest", "1.1"])
        defer { server.stop() }
        let words = refusal(try connection(server, settings()))
        #expect(words.hasPrefix("cannot connect to 127.0.0.1:"), "\(words)")
    }

    @Test(arguments: ["1.2", "1.3"]) func `a client shows its certificate, and without one it is turned away`(
        version: String
    ) throws {
        let server = try server(
            "server",
            [
                "--newest", version, "--client-authority", certificates.path("ca.pem"), "--revoked",
                certificates.path("crl.pem"),
            ])
        defer { server.stop() }
        #expect(try put(try connection(server, settings(client: "client"))).status == 200)
        for other in [nil, "other", "revoked"] {
            // In TLS 1.3 the request is on its way before the server says so; it has not read it.
            let words = refusal(try connection(server, settings(client: other)))
            // What the server says of it can be lost in the reset that follows.
            let isRefusal = words.contains("the server refused the TLS connection")
            #expect(isRefusal || version == "1.3" && words.contains("Connection reset"), "\(words)")
            if isRefusal { #expect(words.contains("client.tls.certificate"), "\(words)") }
        }
        #expect(eventually { server.log.count { $0.hasPrefix("handshake failed") } == 3 })
        #expect(server.log.count { $0.hasPrefix("PUT") } == 1)
    }

    @Test func `a server that speaks no TLS is refused`() throws {
        let plain = ScriptedServer { _, peer in peer.answer(400, "what?") }
        defer { plain.stop() }
        let connection = HTTPConnection(
            host: "127.0.0.1", port: plain.port, isSecure: true,
            access: try HTTPAccessSpec(tls: settings()).resolved(usesTLS: true))
        #expect(refusal(connection).hasPrefix("cannot connect to 127.0.0.1:\(plain.port): "))
    }

    @Test func `an end without a farewell in the middle of an answer leaves the operation in doubt`() throws {
        let server = try server()
        defer { server.stop() }
        let port = server.port
        // A relay that ends the connection after so many bytes from the server.
        for limit in [0, 1, 500, 2_500] {
            let relay = ScriptedServer { _, peer in peer.relay(to: port, until: limit) }
            defer { relay.stop() }
            let connection = HTTPConnection(
                host: "127.0.0.1", port: relay.port, isSecure: true,
                access: try HTTPAccessSpec(tls: settings()).resolved(usesTLS: true))
            do throws(ClientError) {
                let response = try put(connection)
                #expect(response.status == 200, "\(limit)")
            } catch {
                let inHandshake = error.description.hasPrefix("cannot connect")
                if case .definite = error { #expect(inHandshake, "\(limit): \(error)") }
                if case .indeterminate = error { #expect(!inHandshake, "\(limit): \(error)") }
            }
        }
    }

    // MARK: - Files

    @Test func `files that cannot be used are named before anything starts`() throws {
        func problem(_ settings: TLSSettings) -> String {
            do throws(AccessError) {
                _ = try HTTPAccessSpec(tls: settings).resolved(usesTLS: true)
                return ""
            } catch {
                return error.description
            }
        }
        #expect(problem(settings(authority: "missing")).contains("missing.pem: No such file or directory"))
        #expect(problem(settings(authority: "../\(certificates.folder.lastPathComponent)/index")).contains("No such"))
        var settings = settings(client: "client")
        settings.key = certificates.path("server.key")
        #expect(problem(settings).contains("server.key is not the key of the certificate in"))
        settings.key = certificates.path("locked.key")
        #expect(problem(settings).contains("openssl pkey -in"))
        settings.key = certificates.path("client.pem")
        #expect(problem(settings).contains("holds no key in PEM"))
        settings.certificate = certificates.path("client.key")
        #expect(problem(settings).contains("holds no certificate in PEM"))
    }
}

/// Looks until the condition holds; false when it does not within half a minute.
func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<3_000 {
        if condition() { return true }
        usleep(10_000)
    }
    return condition()
}
