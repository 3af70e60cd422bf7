import Foundation
import Glibc
import PolygraphSSH
import Synchronization

extension Scenario {
    /// Ways through other hosts.
    func jumps() throws -> Findings {
        var findings: Findings = [:]
        let first = try world.addServer()
        let second = try world.addServer(isReached: false)
        let third = try world.addServer(isReached: false)
        try world.connect(first, second)
        try world.connect(second, third)
        let known = [first, second, third].map { server in
            _ = world.destination(server)
            return path("known_\(server.name)")
        }
        try """
        Host *
            User \(world.user)
            IdentityFile ~/keys/ed25519
            IdentityAgent none
            UserKnownHostsFile \(known.joined(separator: " "))
        Host one
            HostName \(first.address)
        Host two
            HostName \(second.address)
            ProxyJump one
        Host three
            HostName \(third.address)
            ProxyJump one,two
        Host deep
            HostName \(third.address)
            ProxyJump two
        Host lost
            HostName 10.99.77.7
            ProxyJump one
        Host closed
            HostName \(second.address)
            Port 9
            ProxyJump one
        Host loop
            ProxyJump loop
        """.write(toFile: path("config"), atomically: true, encoding: .utf8)
        let configuration = try SSHConfiguration(files: [path("config")])
        for name in ["one", "two", "three", "deep", "closed"] {
            findings[name] = outcome {
                let answer = whoami(try configuration.destination(name))
                if answer != world.user { throw World.Failure(description: answer) }
            }
        }
        findings["loop"] = outcome { _ = try configuration.destination("loop") }
        var direct = try configuration.destination("two")
        direct.jumps = []
        direct.connectTimeout = .seconds(1)
        findings["no way without"] = whoami(direct)

        // Much in both directions through two hosts.
        let connection = try SSHConnection.connect(to: try configuration.destination("three"))
        var command = SSHCommand(["cat"])
        command.input = (0..<8_000_000).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
        command.outputLimit = 1 << 25
        let result = try connection.run(command, timeout: .seconds(100))
        findings["bytes"] = String(result.output.bytes == command.input)

        // The host in between goes.
        let running = try connection.start(SSHCommand(["sleep", "1000"]))
        while running.processGroup == nil { usleep(1_000) }
        first.cutConnections()
        findings["cut in between"] = outcome { _ = try running.wait(timeout: .seconds(100)) }
        first.cutConnections()
        return findings
    }

    /// Lines that break in the middle of something.
    func broken() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        let connection = try connect(server)
        let running = try connection.start(SSHCommand(["sleep", "1000"]))
        while running.processGroup == nil { usleep(1_000) }
        server.cutConnections()
        do {
            _ = try running.wait(timeout: .seconds(100))
        } catch {
            findings["in a command"] = "\(error.kind.rawValue), unknown \(error.isOutcomeUnknown): \(error)"
        }
        do {
            _ = try connection.run(SSHCommand(["true"]), timeout: .seconds(100))
        } catch {
            findings["afterwards"] = "\(error.kind.rawValue), unknown \(error.isOutcomeUnknown)"
        }
        findings["ended"] = String(connection.hasEnded)

        // In the key exchange: the server is stopped before it can answer, and killed.
        let key = world.destination(server)
        let answer = Mutex("")
        let process = server.running
        process.setRunning(false)
        Scenario.atOnce(2) { index in
            if index == 0 {
                let text = Scenario.words(of: key)
                answer.withLock { $0 = text }
            } else {
                usleep(300_000)
                process.setRunning(true)
                // The child comes up as soon as the server goes on.
                for _ in 0..<400 {
                    process.cutConnections()
                    usleep(500)
                }
            }
        }
        findings["in the key exchange"] = answer.withLock { $0 }
        findings["as before"] = whoami(key)

        connection.close()
        let closed = try connect(server)
        let last = try closed.start(SSHCommand(["sleep", "1000"]))
        closed.close()
        findings["closed here"] = outcome { _ = try last.wait(timeout: .seconds(100)) }

        // What answers is no SSH server, and what does not answer at all.
        let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(4_000).bigEndian
        _ = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(silent, $0, socklen_t(16)) }
        }
        listen(silent, 10)
        var nobody = world.destination(server)
        nobody.hostName = "127.0.0.1"
        nobody.port = 4_000
        nobody.connectTimeout = .seconds(1)
        findings["says nothing"] = outcome { _ = try SSHConnection.connect(to: nobody) }
        nobody.port = 4_001
        findings["nobody listens"] = outcome { _ = try SSHConnection.connect(to: nobody) }
        nobody.hostName = "no-such-host.invalid"
        nobody.connectTimeout = .seconds(20)
        findings["no such name"] = outcome { _ = try SSHConnection.connect(to: nobody) }
        return findings
    }

    private static func words(of destination: SSHDestination) -> String {
        do {
            _ = try SSHConnection.connect(to: destination, timeout: .seconds(30))
            return "connected"
        } catch {
            return "\(error.kind.rawValue): \(error)"
        }
    }

    /// A host whose link is cut: everything ends by its deadline, and the connection is found to be dead.
    func silent() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        var destination = world.destination(server)
        destination.keepAliveInterval = nil
        let connection = try SSHConnection.connect(to: destination)
        let client = try SFTPClient(connection)
        destination.keepAliveInterval = .seconds(2)
        destination.keepAliveCount = 2
        let watched = try SSHConnection.connect(to: destination)
        let running = try connection.start(SSHCommand(["sleep", "1000"]))
        let watchedCommand = try watched.start(SSHCommand(["sleep", "1000"]))
        while running.processGroup == nil || watchedCommand.processGroup == nil { usleep(1_000) }
        try Data(count: 3_000_000).write(to: URL(fileURLWithPath: path("large")))
        try server.setLink(up: false)
        findings["command under way"] = outcome { _ = try running.wait(timeout: .milliseconds(500)) }
        findings["new command"] = outcome { _ = try connection.run(SSHCommand(["true"]), timeout: .milliseconds(500)) }
        findings["upload"] = outcome {
            _ = try client.upload(path("large"), to: path("large-copy"), timeout: .milliseconds(500))
        }
        destination.connectTimeout = .milliseconds(500)
        findings["new connection"] = outcome { _ = try SSHConnection.connect(to: destination) }
        findings["no sign of life"] = outcome { _ = try watchedCommand.wait(timeout: .seconds(100)) }
        findings["found dead"] = String(watched.hasEnded)
        try server.setLink(up: true)
        findings["link back"] = outcome { _ = try connection.run(SSHCommand(["true"]), timeout: .seconds(60)) }
        return findings
    }

    func pool() throws -> Findings {
        var findings: Findings = [:]
        let servers = try (0..<5).map { _ in try world.addServer() }
        var wrong = world.destination(servers[0], key: "stranger")
        wrong.name = "wrong"
        let pool = SSHPool(servers.map { world.destination($0) } + [wrong])
        let all = pool.connectAll(timeout: .seconds(60))
        findings["connected"] = pool.names.map { name in
            switch all[name] {
            case .success(let connection)?: (try? say(connection, "echo \(name)")) ?? "?"
            case .failure(let error)?: error.kind.rawValue
            case nil: "nothing"
            }
        }.joined(separator: " ").replacingOccurrences(of: "\n", with: "")
        findings["no such host"] = outcome { _ = try pool.connection(to: "h9") }

        let before = try pool.connection(to: "h1")
        findings["shared"] = String(try pool.connection(to: "h1") === before)
        servers[0].cutConnections()
        _ = World.eventually { before.hasEnded }
        let after = Mutex<[ObjectIdentifier]>([])
        let opened = Mutex<[SSHConnection]>([])
        Scenario.atOnce(10) { _ in
            if let connection = try? pool.connection(to: "h1", timeout: .seconds(60)) {
                after.withLock { $0.append(ObjectIdentifier(connection)) }
                opened.withLock { $0.append(connection) }
            }
        }
        findings["opened again"] = after.withLock { "\($0.count) callers, \(Set($0).count) connection" }
        findings["another one"] = String(try pool.connection(to: "h1") !== before)
        findings["works"] = try say(try pool.connection(to: "h1"), "echo yes")

        // A server that is away for a while is tried again by the next call.
        try servers[1].setLink(up: false)
        servers[1].cutConnections()
        try servers[1].setLink(up: true)
        _ = try? say(try pool.connection(to: "h2"), "true")
        findings["after the break"] = try say(try pool.connection(to: "h2", timeout: .seconds(60)), "echo yes")
        pool.closeAll()
        findings["connections left"] = String(
            World.eventually { servers.allSatisfy { $0.connectionCount == 0 } })
        return findings
    }
}
