import Foundation
import Testing

/// Tests of clusters on hosts. One at a time: each has several servers and nodes.
@Suite(.serialized) struct HostsTests {}

extension HostsTests {
    /// Whole runs on hosts that nothing unforeseen happens to.
    @Suite struct Runs {
        @Test func `the main job over SSH is valid, every fault is proved, and nothing is left`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(5)
            let result = try await world.polygraph([
                "run", "raft-register-ssh", "--set", "access.config=ssh_config", "--set", "every=4s", "--set",
                "quiet=1s", "--time", "12s", "--seed", "1",
            ])
            #expect(result.status == 0, "\(result.output)\(result.error)")
            #expect(result.output.contains("VALID"))
            let events = try world.nemesisEvents(of: "raft-register-ssh")
            let effects = events.filter { $0.stage == "effect" }
            #expect(Set(effects.map(\.function)) == ["partition", "kill", "clock"])
            for event in effects where event.action == "inject" && !event.isProved {
                Issue.record("not proved: \(event)")
            }
            #expect(events.allSatisfy { $0.stage != "failed" })
            let injected = Set(effects.filter { $0.action == "inject" }.map(\.fault))
            #expect(injected == Set(effects.filter { $0.action == "undo" }.map(\.fault)))
            let run = try #require(world.run(of: "raft-register-ssh"))
            for node in 1...5 {
                for log in ["stdout.log", "stderr.log"] {
                    let path = run.appendingPathComponent("nodes/n\(node)/\(log)").path
                    #expect(FileManager.default.fileExists(atPath: path), "\(path)")
                }
            }
            try world.expectNothingLeft()
            for host in 1...5 {
                #expect(try world.on(host, "ls /var/tmp/polygraph/bin | wc -l").output.filter(\.isNumber) == "1")
            }
            let spreads = effects.compactMap { ($0.value["proof"] as? [String: Any])?["elapsed_ns"] as? Int }
            print("partitions over five hosts, nanoseconds: \(spreads)")
        }

        @Test func `the bug of stale reads is found over SSH`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(5)
            try world.writeRaft(
                bug: "stale-reads", faults: ["{partition: isolate-primary, every: 3s, for: 2s, after: 500ms}"])
            // Whether reads and writes meet at the right moments is a matter of luck.
            for seed in 1...4 {
                let result = try await world.polygraph([
                    "run", "own.yaml", "--time", "20s", "--rate", "600/s", "--stop-on-violation", "--seed", "\(seed)",
                ])
                #expect([0, 1].contains(result.status), "\(result.output)\(result.error)")
                try world.expectNothingLeft()
                if result.status != 1 { continue }
                #expect(result.output.contains("INVALID"))
                return
            }
            Issue.record("not found with four seeds")
        }

        @Test func `etcd over SSH is valid under kills and partitions`() async throws {
            if HostsWorld.isMissing() { return }
            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/etcd") else {
                return print("SKIPPED: there is no etcd; `apt-get install etcd-server` gets it")
            }
            let world = try await HostsWorld(3)
            try world.folder.write("etcd.yaml", Self.etcd)
            let result = try await world.polygraph(["run", "etcd.yaml", "--seed", "1"])
            world.expectValid(result)
            let proved = try world.nemesisEvents(of: "etcd").filter { $0.isProved && $0.action == "inject" }
            #expect(Set(proved.map(\.function)) == ["partition", "kill"])
            try world.expectNothingLeft()
        }

        private static let etcd = """
            name: etcd
            hosts: [n1, n2, n3]
            access: {config: ssh_config}
            system:
              install: {packages: [etcd-server]}
              start: [etcd, --name, "{{node.name}}", --data-dir, "{{data}}/etcd", --logger, zap, --log-level, warn,
                      --heartbeat-interval, "50", --election-timeout, "500",
                      --listen-client-urls, "http://{{node.address}}:2379",
                      --advertise-client-urls, "http://{{node.address}}:2379",
                      --listen-peer-urls, "http://{{node.address}}:2380", --initial-advertise-peer-urls,
                      "http://{{node.address}}:2380", --initial-cluster,
                      "n1=http://10.98.0.11:2380,n2=http://10.98.0.12:2380,n3=http://10.98.0.13:2380"]
              ready: {http: "http://{{node.address}}:2379/health", value: "$.health", equals: "true", within: 30s}
            client:
              http:
                read: {post: "http://{{node.address}}:2379/v3/kv/range", json: {key: "{{key | base64}}"},
                       value: "$.kvs[0].value | base64 | json", absent: missing}
                write: {post: "http://{{node.address}}:2379/v3/kv/put",
                        json: {key: "{{key | base64}}", value: "{{value | base64}}"}}
            workload: {register: {keys: 10}}
            clients: {count: 6, rate: 200/s, timeout: 2s}
            faults:
              - {kill: one, every: 8s, for: 1s, after: 1s}
              - {partition: halves, every: 8s, for: 2s, after: 4s}
            time: 8s
            quiet: 1s
            check: linearizable

            """
    }
}
