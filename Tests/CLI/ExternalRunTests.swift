import Foundation
import PolygraphTestServers
import Testing

/// Whole runs against clusters that somebody else runs.
@Suite(.serialized) struct ExternalRunTests {
    let folder = try! TemporaryFolder()

    private func run(_ arguments: [String], _ environment: [String: String] = [:]) async throws
        -> PolygraphProcess.Result
    {
        try await PolygraphProcess.run(["run"] + arguments, in: folder.url, environment: environment, within: 200)
    }

    private struct FaultEvent: Hashable {
        var kind, action, stage: String
        var isProved: Bool
    }

    private func events() throws -> [FaultEvent] {
        try folder.read("Reports/latest/history.jsonl").split(separator: "\n").compactMap { line in
            let event = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
            guard let value = event?["value"] as? [String: Any], let action = value["action"] as? String else {
                return nil
            }
            return FaultEvent(
                kind: event?["f"] as? String ?? "", action: action, stage: value["stage"] as? String ?? "",
                isProved: value["proved"] as? Bool ?? false)
        }
    }

    /// Every file of the latest run that holds the text.
    private func files(holding text: String) throws -> [String] {
        let root = folder.latest.resolvingSymlinksInPath()
        let names = try FileManager.default.subpathsOfDirectory(atPath: root.path)
        return try names.filter { name in
            let url = root.appendingPathComponent(name)
            guard try url.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile == true else { return false }
            return try Data(contentsOf: url).range(of: Data(text.utf8)) != nil
        }
    }

    /// Looks until the condition holds; false when it does not within a minute.
    private func eventually(_ condition: () throws -> Bool) async throws -> Bool {
        for _ in 0..<3_000 {
            if try condition() { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    // MARK: - A cluster started by hand

    @Test func `a cluster started by hand is loaded, its clients' links are spoilt, and it goes on living`()
        async throws
    {
        let cluster = try RaftByHand(in: folder.url)
        defer { cluster.stop() }
        let faults = """
            every: 4s
            faults:
              - {cut-clients: [n1], for: 1500ms, after: 500ms}
              - {cut-clients: {target: [n2], direction: from}, for: 1s, after: 1s}
              - {delay: {time: 20ms, jitter: 5ms, clients: true}, for: 2s, after: 1s}
              - {reset: {target: all, clients: true}, for: 1s, after: 2s}
              - {rate: {limit: 20kB/s, clients: true}, for: 1s, after: 2500ms}
              - {flap: {period: 400ms, clients: true, target: [n2]}, for: 2s, after: 1s}
              - {slow-node: [n3], for: 1s, after: 2s}
            """
        try folder.write("own.yaml", cluster.workload(faults))
        let result = try await run(["own.yaml", "--seed", "4"])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        let injected = try events().filter { $0.action == "inject" && $0.stage != "intent" }
        #expect(Set(injected.map(\.kind)) == ["cut-clients", "delay", "reset", "rate", "flap", "slow-node"])
        #expect(injected.allSatisfy { $0.stage == "effect" }, "\(injected)")
        // Where several are in force on one link, what one of them swallows proves no other.
        for kind in Set(injected.map(\.kind)) {
            #expect(injected.contains { $0.kind == kind && $0.isProved }, "\(kind) was never proved")
        }
        #expect((1...3).allSatisfy(cluster.isRunning))
        // Nothing says how to remove the keys, and the report says so.
        let report = try folder.read("Reports/latest/report.txt")
        let words = report.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(
            words.contains("5 keys beginning with `polygraph-") && words.contains("remain in the cluster"), "\(report)")
        #expect(try folder.read("Reports/latest/history.jsonl").contains(#""key":"k0""#))
    }

    @Test func `hooks end a node and start it again`() async throws {
        let cluster = try RaftByHand(in: folder.url)
        defer { cluster.stop() }
        let path = folder.url.path
        let faults = """
            every: 5s
            faults:
              - hook: {name: power, before: [[touch, \(path)/before]],
                       fault: [sh, -c, "kill -9 $(cat \(path)/pid{{node.index}})"],
                       undo: [sh, "\(path)/start{{node.index}}"], target: one, takes-down: true, within: 60s}
                for: 2s
                after: 1s
            """
        try folder.write("own.yaml", cluster.workload(faults))
        let before = (1...3).map(cluster.pid)
        let result = try await run(["own.yaml", "--seed", "1"])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        #expect(FileManager.default.fileExists(atPath: "\(path)/before"))
        let events = try events().filter { $0.stage != "intent" }
        #expect(events.count { $0.action == "inject" } >= 2 && events.count { $0.action == "undo" } >= 2)
        #expect(events.allSatisfy { $0.stage == "effect" && $0.isProved }, "\(events)")
        #expect((1...3).map(cluster.pid) != before && (1...3).allSatisfy(cluster.isRunning))
    }

    @Test func `who interrupts a run finds what hooks did undone`() async throws {
        let cluster = try RaftByHand(in: folder.url)
        defer { cluster.stop() }
        let path = folder.url.path
        let faults = """
            every: 100s
            faults:
              - hook: {name: mark, fault: [touch, "\(path)/on-{{node.name}}"], undo: [rm, "\(path)/on-{{node.name}}"],
                       target: [n2]}
                for: 90s
                after: 500ms
            """
        try folder.write("own.yaml", cluster.workload(faults, time: "100s"))
        let run = try PolygraphProcess(["run", "own.yaml", "--seed", "1"], in: folder.url)
        #expect(try await eventually { FileManager.default.fileExists(atPath: "\(path)/on-n2") })
        kill(run.process.processIdentifier, SIGINT)
        let result = await run.finish(within: 120)
        #expect([0, 2].contains(result.status), "\(result.output)\(result.error)")
        #expect(!FileManager.default.fileExists(atPath: "\(path)/on-n2"))
    }

    @Test func `a built-in workload runs at endpoints that the command line names`() async throws {
        let network = "127.\(Int.random(in: 20..<220)).\(Int.random(in: 1..<250))"
        let addresses = (1...3).map { "\(network).\($0)" }
        var processes: [Process] = []
        defer { for process in processes { kill(process.processIdentifier, SIGKILL) } }
        for number in 1...3 {
            let process = Process()
            process.executableURL = PolygraphProcess.binary
            process.arguments = [
                "sample", "raft", "--id", "\(number)", "--data", "\(folder.url.path)/d\(number)", "--peers",
                addresses.joined(separator: ","),
            ]
            process.standardError = FileHandle.nullDevice
            try process.run()
            processes.append(process)
        }
        let set = ["--set", "endpoints=[\(addresses.joined(separator: ", "))]", "--set", "quiet=1s", "--time", "4s"]
        let refused = try await run(["raft-register"] + set)
        #expect(refused.status == 254 && refused.error.contains("partition"), "\(refused.error)")
        // How often operations meet is a matter of luck, and of how quick the machine is.
        let result = try await run(["raft-register", "--no-faults", "--seed", "1", "--set", "tame=accept"] + set)
        #expect(result.status == 0, "\(result.output)\(result.error)")
    }

    // MARK: - Credentials, keys, limits

    private static let secret = "s3cret-\(UUID().uuidString)"

    private func store(_ port: UInt16, _ more: String = "", client: String = "") -> String {
        """
        name: store
        endpoints: ["localhost:\(port)"]
        system:
          ready: {http: "https://{{node.address}}:{{node.port}}/health", within: 10s}
        client:
          tls: {ca: ca.pem}
          bearer: {env: STORE_TOKEN}
          \(client)
          http:
            read: {get: "https://{{node.address}}:{{node.port}}/kv/{{key}}", value: "$.value", absent: 404}
            write: {put: "https://{{node.address}}:{{node.port}}/kv/{{key}}", json: {value: "{{value}}"}}
            delete: {delete: "https://{{node.address}}:{{node.port}}/kv/{{key}}"}
        workload: {register: {keys: 4}}
        clients: {count: 4, rate: 100/s, timeout: 2s}
        time: 3s
        quiet: 100ms
        tame: accept
        check: linearizable
        \(more)

        """
    }

    private func server(_ certificates: TestCertificates, _ certificate: String = "server") throws -> KeyValueServer {
        try FileManager.default.copyItem(atPath: certificates.path("ca.pem"), toPath: folder.url.path + "/ca.pem")
        return try KeyValueServer([
            "--certificate", certificates.path("\(certificate).pem"), "--key", certificates.path("\(certificate).key"),
            "--authorization", "Bearer \(Self.secret)",
        ])
    }

    @Test func `a store behind TLS and a token is left as it was found, and nobody has written the token down`()
        async throws
    {
        let server = try server(TestCertificates())
        defer { server.stop() }
        try folder.write("own.yaml", store(server.port))
        let result = try await run(["own.yaml", "--seed", "1"], ["STORE_TOKEN": Self.secret])
        #expect(result.status == 0, "\(result.output)\(result.error)")
        // What the server says comes through a pipe, in its own time.
        #expect(try await eventually { server.log.count { $0.hasPrefix("DELETE") } == 4 })
        let requests = server.log.filter { $0.contains(" /kv/") }
        #expect(requests.allSatisfy { $0.contains(" /kv/polygraph-") && $0.hasSuffix("localhost:\(server.port)") })
        let deleted = Set(requests.filter { $0.hasPrefix("DELETE") }.map { $0.split(separator: " ")[1] })
        #expect(deleted == Set(requests.map { $0.split(separator: " ")[1] }) && deleted.count == 4)
        #expect(requests.suffix(4).allSatisfy { $0.hasPrefix("DELETE") })
        #expect(try !folder.read("Reports/latest/report.txt").contains("remain"))
        #expect(try files(holding: Self.secret) == [])
        #expect(try files(holding: "STORE_TOKEN").contains("plan.json"))
        #expect(!result.output.contains(Self.secret) && !result.error.contains(Self.secret))
    }

    @Test func `a token that is missing or wrong ends the run before the load`() async throws {
        let server = try server(TestCertificates())
        defer { server.stop() }
        try folder.write("own.yaml", store(server.port).replacingOccurrences(of: "within: 10s", with: "within: 1s"))
        let missing = try await run(["own.yaml"])
        #expect(missing.status == 254 && missing.error.contains("the environment variable STORE_TOKEN is not set"))
        #expect(server.log.isEmpty && !FileManager.default.fileExists(atPath: folder.latest.path))
        let wrong = try await run(["own.yaml"], ["STORE_TOKEN": "another"])
        #expect(wrong.status == 255 && wrong.error.contains("HTTP 401"), "\(wrong.error)")
        #expect(!wrong.error.contains("another"))
    }

    @Test func `a certificate that is not believed is named, with why`() async throws {
        let server = try server(TestCertificates(), "old")
        defer { server.stop() }
        try folder.write("own.yaml", store(server.port).replacingOccurrences(of: "within: 10s", with: "within: 1s"))
        let result = try await run(["own.yaml"], ["STORE_TOKEN": Self.secret])
        #expect(result.status == 255 && result.error.contains("certificate has expired on"), "\(result.error)")
        #expect(server.log.allSatisfy { !$0.hasPrefix("GET") })
    }

    @Test func `limits end the load in good order`() async throws {
        let server = try server(TestCertificates())
        defer { server.stop() }
        for (limits, words) in [
            ("operations: 50", "50 operations were made (`limits.operations`)"), ("bytes: 20kB", "(`limits.bytes`)"),
        ] {
            try folder.write("own.yaml", store(server.port, "limits: {\(limits)}"))
            let before = server.log.count { $0.contains(" /kv/") && !$0.hasPrefix("DELETE") }
            let result = try await run(["own.yaml", "--seed", "1", "--time", "60s"], ["STORE_TOKEN": Self.secret])
            #expect(result.status == 0, "\(result.output)\(result.error)")
            let report = try folder.read("Reports/latest/report.txt").split(whereSeparator: \.isWhitespace)
            #expect(report.joined(separator: " ").contains(words))
            let requests = server.log.count { $0.contains(" /kv/") && !$0.hasPrefix("DELETE") } - before
            if limits.hasPrefix("operations") { #expect(requests == 50) }
            #expect(requests < 500)
        }
    }

    @Test func `a dry run says everything, does nothing and knows no secret`() async throws {
        let hook = """
            every: 1s
            faults:
              - hook: {name: pod, before: [[kubectl, version]], fault: [kubectl, delete, pod, "{{node.name}} x"],
                       undo: [kubectl, apply], target: all}
            """
        // Nobody listens there.
        try folder.write("own.yaml", store(1, hook))
        let result = try await run(["own.yaml", "--dry-run"], ["STORE_TOKEN": Self.secret])
        #expect(result.status == 0, "\(result.error)")
        for words in [
            "n1: localhost:1, run by somebody else", "write: PUT https://localhost:1/kv/polygraph-RUN-k0 {\"value\":1}",
            "polygraph-RUN-k0 … polygraph-RUN-k3", "all of them are removed at the end",
            "4 clients, 100.0 operations a second, about 300 in 3 s", "pod, before the load: kubectl version",
            "pod, fault for n1: kubectl delete pod 'n1 x'", "environment variable STORE_TOKEN: bearer token",
            "file ca.pem: TLS", "what a hook did, where this program is ended by SIGKILL",
        ] { #expect(result.output.contains(words), "\(words) is not in \(result.output)") }
        #expect(!result.output.contains(Self.secret))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("Reports").path))
    }
}
