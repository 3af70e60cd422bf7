import Foundation
import Testing

/// What the command line says of clusters of hosts, without any host.
@Suite struct HostsPlanTests {
    let folder = try! TemporaryFolder()

    private func plan(_ words: [String]) async throws -> PolygraphProcess.Result {
        try folder.write("config", "Host db*\n  User ci\n  Port 2222\n  IdentityFile /keys/%h\n")
        return try await PolygraphProcess.run(
            ["plan", "raft-register-ssh", "--seed", "1", "--operations", "0", "--set", "access.config=config"] + words,
            in: folder.url)
    }

    @Test func `a plan says where the nodes are, and what is done there`() async throws {
        let result = try await plan(["--hosts", "db1,root@db2,10.0.0.3", "--set", "access.lease=30s"])
        #expect(result.status == 0, "\(result.error)")
        for line in [
            "raft-register-ssh, seed 1", "3 nodes, 10 clients", "\nhosts\n",
            "  n1: db1, by SSH as ci to db1 port 2222, key /keys/db1\n",
            "  n2: db2, by SSH as root to db2 port 2222, key /keys/db2\n",
            "  there as root by sudo, without a password\n", "below /var/tmp/polygraph\n", "for 30 s undoes its faults",
            "  clocks: those of the nodes' processes", "wiped at the end", "\nfaults\n", "partition",
        ] { #expect(result.output.contains(line), "\(line): \(result.output)") }
        #expect(result.output.contains("n3: 10.0.0.3, by SSH as "))
    }

    @Test func `the plan as JSON has all that it takes to reach the hosts again`() async throws {
        let words = ["--json", "--hosts", "db1,db2,db3", "--set", "access.password.env=CI_PASSWORD"]
        let result = try await plan(words)
        let document = try #require(
            try JSONSerialization.jsonObject(with: Data(result.output.utf8)) as? [String: Any], "\(result.error)")
        let cluster = try #require(document["cluster"] as? [String: Any])
        #expect(cluster["kind"] as? String == "hosts")
        #expect((cluster["hosts"] as? [[String: Any]])?.map { $0["host"] as? String } == ["db1", "db2", "db3"])
        #expect((cluster["config"] as? String)?.hasSuffix("/config") == true)
        let arguments = try #require(document["arguments"] as? [String])
        #expect(arguments.contains("--hosts") && arguments.contains("db1,db2,db3"))
    }

    @Test func `a mistake in the SSH configuration is told with its line`() async throws {
        try folder.write("broken", "Host db1\n  Port many\n")
        let result = try await plan(["--hosts", "db1,db2,db3", "--set", "access.config=broken"])
        #expect(result.status == 254)
        #expect(result.error.contains("broken") && result.error.contains("2"), "\(result.error)")
    }

    @Test(arguments: [
        (["plan", "raft-register-ssh", "--nodes", "3"], "--hosts a,b,c"),
        (["run", "raft-register", "--hosts", "a,b,"], "hosts[2]"),
        (["run", "raft-dns-once", "--hosts", "a,b,c,d,e"], "`dns` needs nodes on this machine"),
        (["plan", "raft-register-ssh", "--set", "access.password=hunter2"], "never the password itself"),
    ])
    func `wrong use is told before anything is done`(words: [String], expected: String) async throws {
        let result = try await PolygraphProcess.run(words, in: folder.url)
        #expect(result.status == 254)
        #expect(result.error.contains(expected), "\(result.error)")
        #expect(!result.error.contains("hunter2"))
        #expect(!FileManager.default.fileExists(atPath: folder.url.appendingPathComponent("Reports").path))
    }

    @Test func `a list of faults says where each can be done`() async throws {
        let lines = try await PolygraphProcess.run(["list", "faults"], in: folder.url).output.split(separator: "\n")
        func words(_ fault: String) -> [Substring] {
            lines.first { $0.hasPrefix(fault + " ") }?.split(separator: " ") ?? []
        }
        #expect(words("dns").dropFirst().first == "local")
        #expect(words("partition").dropFirst().prefix(2) == ["local,", "hosts"])
    }
}
