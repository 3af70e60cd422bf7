import Foundation
import Testing

extension HostsTests {
    /// Controllers that end, helpers that are killed, lines that break, and hosts that are away, while faults are in force.
    @Suite struct Breaks {
        private static let lasting = [
            "{partition: one, every: 100s, for: 90s, after: 300ms}",
            "{clock: {bump: 60s}, every: 100s, for: 90s, after: 300ms}",
            "{pause: one, every: 100s, for: 90s, after: 300ms}",
        ]

        /// Starts a run whose faults last, and waits until they are in force.
        private func startRun(_ world: HostsWorld) async throws -> PolygraphProcess {
            try world.writeRaft(access: ["lease: 5s"], faults: Self.lasting)
            let running = try world.start(["run", "own.yaml", "--time", "90s", "--seed", "1"])
            try await world.eventually("faults in force") {
                try world.inForce() == ["partition", "clock", "pause"] || !running.process.isRunning
            }
            #expect(running.process.isRunning, "\(running.errorText)")
            #expect(try !world.leftovers(files: false).isEmpty)
            return running
        }

        private func folder(_ host: Int, _ world: HostsWorld) throws -> String {
            try world.on(host, "echo /var/tmp/polygraph/runs/*/*").output.filter { !$0.isNewline }
        }

        /// Processes of one host's helper by what they are: `host-guardian`, `host-server`.
        private func helper(_ role: String, _ host: Int, _ world: HostsWorld) throws -> String {
            try world.shell("ps -eo pid,args | grep '[ ]\(role) .*/n\(host) ' | awk '{print $1}'").output
                .filter { !$0.isNewline }
        }

        @Test func `hosts heal by themselves when the controller is killed in the middle of faults`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(4)
            let running = try await startRun(world)
            world.signal(running, SIGKILL)
            _ = await running.finish(within: 20)
            // n1 and n4 have their lease. n2 loses its helper, and n3 the guardian of its helper as well.
            #expect(try world.shell("kill -9 \(helper("host-server", 2, world))").status == 0)
            let both = "\(try helper("host-guardian", 3, world)) \(try helper("host-server", 3, world))"
            #expect(try world.shell("kill -9 \(both)").status == 0)
            let tables = try world.on(3, "nft list tables").output
            #expect(tables.contains("polygraph"))
            let program = try world.on(3, "echo /var/tmp/polygraph/bin/polygraph-*").output.filter { !$0.isNewline }
            let healed = try world.on(3, "\(program) host heal --folder \(folder(3, world))")
            #expect(healed.status == 0 && healed.output.contains("removed the rules"), "\(healed.output)")
            try await world.eventually("hosts are healed") { try world.leftovers(files: false).isEmpty }
            try world.expectNothingLeft(files: false)
            for host in 1...4 {
                let journal = try world.on(host, "tail -n 1 \(folder(host, world))/journal").output
                #expect(journal == "undone\n", "n\(host): \(journal)")
            }
        }

        @Test func `the first Ctrl-C heals the hosts, the second leaves it to them`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(3)
            let first = try await startRun(world)
            world.signal(first, SIGINT)
            let result = await first.finish(within: 60)
            #expect([0, 2].contains(result.status), "\(result.output)\(result.error)")
            #expect(result.output.contains("ended early"), "\(result.output)")
            try world.expectNothingLeft()

            let second = try await startRun(world)
            world.signal(second, SIGINT)
            try await Task.sleep(for: .milliseconds(350))
            world.signal(second, SIGINT)
            #expect([130, 0, 2].contains(await second.finish(within: 30).status))
            try await world.eventually("hosts are healed") { try world.leftovers(files: false).isEmpty }
            try world.expectNothingLeft(files: false)
        }

        /// Sends a signal to all that serves SSH connections on a host.
        private func signalSessions(_ host: Int, _ name: String, _ world: HostsWorld) throws {
            let listener = try world.folder.read("sshd\(host).pid").filter(\.isNumber)
            try world.shell("for p in $(ps -o pid= --ppid \(listener)); do kill -\(name) $p; done")
        }

        @Test func `a run goes on over lines that break and hosts that are silent for a while`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(3)
            try world.writeRaft(
                access: ["lease: 20s"],
                faults: [
                    "{partition: one, every: 5s, for: 2s, after: 500ms}",
                    "{clock: {bump: 60s}, every: 5s, for: 2s, after: 500ms}",
                    "{kill: one, every: 5s, for: 2s, after: 2s}",
                ])
            let running = try world.start(["run", "own.yaml", "--time", "14s", "--seed", "1"])
            try await world.eventually("a partition") { try world.inForce().contains("partition") }
            for host in 1...3 { try signalSessions(host, "KILL", world) }
            try await world.eventually("the next partition") {
                try world.nemesisEvents().filter { $0.function == "partition" && $0.isProved }.count >= 2
            }
            try signalSessions(2, "STOP", world)
            try await Task.sleep(for: .seconds(3))
            try signalSessions(2, "CONT", world)
            try world.shell("ip link set cable3 down")
            try await Task.sleep(for: .seconds(4))
            try world.shell("ip link set cable3 up")
            let result = await running.finish(within: 90)
            world.expectValid(result)
            #expect(!result.output.contains("started anew"), "\(result.output)")
            let events = try world.nemesisEvents()
            #expect(events.allSatisfy { $0.stage != "failed" })
            let effects = events.filter { $0.stage == "effect" }
            #expect(
                Set(effects.filter { $0.action == "inject" }.map(\.fault))
                    == Set(effects.filter { $0.action == "undo" }.map(\.fault)))
            try world.expectNothingLeft()
        }

        @Test func `a host that is away for longer than its lease is started anew, and the run ends in order`()
            async throws
        {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(3)
            try world.writeRaft(
                access: ["lease: 5s"],
                faults: ["{partition: one, every: 4s, for: 1s, after: 500ms}", "{kill: one, every: 6s, for: 1s}"])
            let running = try world.start(["run", "own.yaml", "--time", "16s", "--seed", "1"])
            try await world.eventually("operations") { world.okCount() > 50 }
            try world.shell("ip link set cable3 down")
            try await world.eventually("the lease of n3 is over") { try helper("host-server", 3, world).isEmpty }
            try world.shell("ip link set cable3 up")
            let result = await running.finish(within: 120)
            world.expectValid(result)
            let words = result.output.split { $0.isWhitespace }.joined(separator: " ")
            #expect(words.contains("the helper of n3 was started anew once"), "\(result.output)")
            #expect(words.contains("n3 could not be reached from "), "\(result.output)")
            try world.expectNothingLeft()
        }

        @Test func `a disk that fills up while the node runs is its own bad luck`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(5)
            try world.on(2, "mount -t tmpfs -o size=60m tmpfs /var/tmp")
            try world.writeRaft(faults: ["{partition: one, every: 4s, for: 1s, after: 3s}"])
            let running = try world.start(["run", "own.yaml", "--time", "6s", "--seed", "1"])
            try await world.eventually("operations") { world.okCount() > 50 }
            try world.on(2, "cat /dev/zero >/var/tmp/filling")
            let result = await running.finish(within: 90)
            world.expectValid(result)
            let words = result.output.split { $0.isWhitespace }.joined(separator: " ")
            #expect(words.contains("n2 ended by itself"), "\(result.output)")
            let log = world.run()!.appendingPathComponent("nodes/n2/stderr.log")
            #expect(try String(contentsOf: log, encoding: .utf8).contains("No space left on device"))
            try world.on(2, "rm /var/tmp/filling")
            try world.expectNothingLeft()
        }
    }
}
