import Foundation
import Testing

@testable import PolygraphCluster

/// The clients' side of links, spoilt by the proxy between real sockets.
@Suite struct LinkProxyTests {
    private let server = EchoServer()
    private let transport: ExternalTransport
    private static let toNode = Link(from: .controller, to: .node(0))
    private static let fromNode = Link(from: .node(0), to: .controller)
    private static let second: Int64 = 1_000_000_000

    init() throws {
        transport = try ExternalTransport(
            ExternalConfiguration(endpoints: ["127.0.0.1:\(server.port)", "127.0.0.2"]), spoilsLinks: true, seed: 1)
    }

    private func done() {
        transport.tearDown()
        server.stop()
    }

    private func open() throws -> TestStream {
        let adopted = transport.adoptConnection(TestStream.connect(server.port), to: 0, port: server.port)
        return TestStream(adopting: try #require(adopted))
    }

    private func counters(_ link: Link) -> LinkCounters { transport.linkCounters().first { $0.link == link }! }

    private func admits(within nanoseconds: Int64) -> Bool {
        transport.admitsConnection(to: 0, port: server.port, by: lab_now() + nanoseconds)
    }

    private func lab_now() -> Int64 {
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    @Test func `whole links pass everything, and count it`() throws {
        defer { done() }
        let stream = try open()
        for text in ["a", "bc", String(repeating: "x", count: 20_000)] {
            #expect(stream.write(text) == text.utf8.count)
            var got = ""
            while got.utf8.count < text.utf8.count, case .text(let part) = stream.read(within: 20_000) { got += part }
            #expect(got == text)
        }
        #expect(TestProgram.eventually { counters(Self.fromNode).forwardedBytes == 20_003 })
        #expect(counters(Self.toNode).forwardedBytes == 20_003 && counters(Self.toNode).forwardedFrames >= 3)
        #expect(counters(Self.toNode).cutFrames == 0)
        shutdown(stream.descriptor, Int32(SHUT_WR))
        #expect(stream.read(within: 20_000) == .end)
        #expect(TestProgram.eventually { server.ends == [0] })
    }

    @Test func `a cut towards the node is silence, and what was sent arrives when it is over`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setCuts([Self.toNode])
        stream.write("hello")
        #expect(stream.read(within: 300) == .nothing)
        #expect(server.received == "" && counters(Self.toNode).cutFrames == 1)
        #expect(!admits(within: 50_000_000))
        #expect(counters(Self.toNode).cutFrames == 2)
        _ = try transport.setCuts([])
        #expect(stream.read(within: 20_000) == .text("hello"))
        #expect(admits(within: Self.second))
    }

    @Test func `a cut towards the clients lets requests through and holds the answers`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setCuts([Self.fromNode])
        stream.write("hello")
        #expect(TestProgram.eventually { server.received == "hello" && counters(Self.fromNode).cutFrames > 0 })
        #expect(stream.read(within: 100) == .nothing)
        #expect(!admits(within: 20_000_000))
        _ = try transport.setCuts([])
        #expect(stream.read(within: 20_000) == .text("hello"))
    }

    @Test func `a client that gives up in a cut does not take its request back`() throws {
        defer { done() }
        var stream: TestStream? = try open()
        _ = try transport.setCuts([Self.toNode, Self.fromNode])
        stream?.write("late")
        stream = nil
        #expect(TestProgram.eventually { counters(Self.toNode).cutFrames == 1 })
        #expect(server.received == "")
        _ = try transport.setCuts([])
        #expect(TestProgram.eventually { server.received == "late" && server.ends.count == 1 })
    }

    @Test func `a delay holds bytes and handshakes up, and is counted`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setLinks([Self.toNode: LinkPolicy(.delay(.constant(300_000_000)))])
        let begin = lab_now()
        stream.write("hello")
        #expect(stream.read(within: 100) == .nothing)
        #expect(stream.read(within: 20_000) == .text("hello"))
        #expect(lab_now() - begin >= 300_000_000)
        let delayed = counters(Self.toNode)
        #expect(delayed.delayedFrames == 1 && delayed.delay >= 300_000_000)
        #expect(counters(Self.fromNode).delayedFrames == 0)
        #expect(!admits(within: 100_000_000))
        let second = lab_now()
        #expect(admits(within: 20 * Self.second) && lab_now() - second >= 300_000_000)
        // With jitter, bytes still come in order.
        _ = try transport.setLinks([
            Self.toNode: LinkPolicy(.delay(.uniform(0...20_000_000))),
            Self.fromNode: LinkPolicy(.delay(.uniform(0...20_000_000))),
        ])
        var expected = ""
        var got = ""
        for number in 0..<50 {
            stream.write("\(number) ")
            expected += "\(number) "
        }
        while got.count < expected.count, case .text(let part) = stream.read(within: 20_000) { got += part }
        #expect(got == expected)
    }

    @Test func `a limited rate slows a link down and loses nothing`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setLinks([Self.toNode: LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 20_000))])
        let begin = lab_now()
        let text = String(repeating: "0123456789", count: 5_000)
        var sent = 0
        var got = 0
        while got < 50_000 {
            if sent < 50_000 { sent += max(0, stream.write(String(text.dropFirst(sent)))) }
            switch stream.read(within: sent < 50_000 ? 1 : 20_000) {
            case .text(let part): got += part.utf8.count
            case .nothing where sent < 50_000: continue
            case let other:
                Issue.record("\(other)")
                return
            }
        }
        #expect(server.received == text && lab_now() - begin >= 300_000_000)
        #expect(counters(Self.toNode).delayedFrames > 0)
    }

    @Test func `a reset ends connections at both ends`() throws {
        defer { done() }
        let streams = try [open(), open()]
        for stream in streams {
            stream.write("x")
            #expect(stream.read(within: 20_000) == .text("x"))
        }
        _ = try transport.setLinks([
            Self.toNode: LinkPolicy(.reset(share: 0)), Self.fromNode: LinkPolicy(.reset(share: 0)),
        ])
        for stream in streams { #expect(stream.read(within: 20_000) == .failed(ECONNRESET)) }
        #expect(TestProgram.eventually { server.ends == [ECONNRESET, ECONNRESET] })
        #expect(counters(Self.toNode).resets + counters(Self.fromNode).resets == 2)
        // Later connections are spared, where no share is given.
        let late = try open()
        late.write("y")
        #expect(late.read(within: 20_000) == .text("y"))
        _ = try transport.setLinks([Self.toNode: LinkPolicy(.reset(share: 1))])
        #expect(late.read(within: 20_000) == .failed(ECONNRESET))
        let last = try open()
        last.write("z")
        #expect(last.read(within: 20_000) == .failed(ECONNRESET))
    }

    @Test func `a link that flaps holds bytes until it is up again`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setLinks([Self.toNode: LinkPolicy(.flap(period: 200_000_000, up: 0.3))])
        for number in 0..<6 {
            stream.write("\(number)")
            #expect(stream.read(within: 20_000) == .text("\(number)"))
            usleep(70_000)
        }
        #expect(counters(Self.toNode).cutFrames > 0)
    }

    @Test func `policies for other ports leave a connection alone`() throws {
        defer { done() }
        let stream = try open()
        _ = try transport.setLinks([Self.toNode: LinkPolicy(.cut, ports: PortSet([1]))])
        stream.write("hello")
        #expect(stream.read(within: 20_000) == .text("hello"))
        #expect(admits(within: Self.second))
    }

    @Test func `probes find out which links pass nothing`() throws {
        defer { done() }
        _ = try transport.setCuts([Self.fromNode])
        let seen = try transport.reachability(port: nil, patience: 2 * Self.second)
        #expect(seen.silent == [Self.fromNode] && seen.delays.count == 3)
        #expect(counters(Self.fromNode).cutFrames == 1)
    }

    @Test func `the end of the server reaches the client`() throws {
        defer { done() }
        let stream = try open()
        shutdown(stream.descriptor, Int32(SHUT_WR))
        #expect(stream.read(within: 20_000) == .end)
    }

    @Test func `what cannot be done from outside is refused in words`() throws {
        defer { done() }
        func problem(_ body: () throws(ClusterError) -> Void) -> String {
            do throws(ClusterError) {
                try body()
                return ""
            } catch {
                return error.description
            }
        }
        let between = Link(from: .node(0), to: .node(1))
        #expect(
            problem { () throws(ClusterError) in _ = try transport.setCuts([between]) }.contains(
                "from n1 to n2 is out of reach"))
        #expect(
            problem { () throws(ClusterError) in
                _ = try transport.setLinks([Self.toNode: LinkPolicy(.loss(share: 0.5))])
            }.contains("loss cannot be done to a TCP connection"))
        let node = transport.nodes[0]
        for deed in [
            problem { () throws(ClusterError) in _ = try transport.kill(node) },
            problem { () throws(ClusterError) in try transport.start(node, Launch(command: [])) },
            problem { () throws(ClusterError) in _ = try transport.pause(node) },
        ] { #expect(deed.contains("n1") && deed.contains("hook")) }
        #expect(transport.state(of: node) == .running(pids: []))
    }

    @Test func `when it is torn down connections end, and none is taken over`() throws {
        let stream = try open()
        stream.write("x")
        #expect(stream.read(within: 20_000) == .text("x"))
        transport.tearDown()
        #expect(stream.read(within: 20_000) == .failed(ECONNRESET))
        #expect(transport.adoptConnection(TestStream.connect(server.port), to: 0, port: server.port) == nil)
        transport.tearDown()
        server.stop()
    }

    @Test func `endpoints are read with ports and without`() {
        for (text, address, port) in [
            ("db1.example", "db1.example", nil), ("10.0.0.7:7001", "10.0.0.7", 7001), ("::1", "::1", nil),
            ("[::1]:7001", "::1", 7001), ("[fe80::1%eth0]", "fe80::1%eth0", nil),
        ] as [(String, String, UInt16?)] {
            #expect(ExternalEndpoint(text) == ExternalEndpoint(address: address, port: port), "\(text)")
        }
        for text in ["", ":1", "a:0", "a:70000", "a:b", "[::1", "a b", "user@host", "http://x", "a/b"] {
            #expect(ExternalEndpoint(text) == nil, "\(text)")
        }
        #expect(ExternalEndpoint(address: "::1", port: 9).description == "[::1]:9")
    }
}
