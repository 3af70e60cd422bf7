import Foundation
import Testing

extension HostsTests {
    /// `polygraph heal`, which must not do harm, and must not say that all is well where it is not.
    @Suite struct Heals {
        @Test func `a run that goes on is left alone by heal and by other runs`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            try world.writeRaft()
            let running = try world.start(["run", "own.yaml", "--time", "10s", "--no-faults"])
            try await world.eventually("operations") { world.okCount() > 50 || !running.process.isRunning }
            let healed = try await world.polygraph(["heal"])
            #expect(healed.status == 255, "\(healed.output)\(healed.error)")
            #expect(healed.output.contains("NOT HEALED"), "\(healed.output)")
            #expect(healed.output.contains("its controller was heard"), "\(healed.output)")
            let second = try await world.polygraph(["run", "own.yaml", "--time", "1s", "--reports", "Others"])
            #expect(second.status == 255, "\(second.output)\(second.error)")
            #expect(second.error.contains("is at work on the host"), "\(second.error)")
            world.expectValid(await running.finish())
            try world.expectNothingLeft()
            let late = try await world.polygraph(["heal"])
            #expect(late.status == 0 && late.output.contains("nothing was left"), "\(late.output)\(late.error)")
        }

        @Test func `what cannot be undone is said, stays on record, and is undone later`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            try world.writeRaft(
                access: ["lease: 5s"], faults: ["{partition: halves, every: 100s, for: 90s, after: 300ms}"])
            let running = try world.start(["run", "own.yaml", "--time", "90s"])
            try await world.eventually("a partition") {
                try world.inForce() == ["partition"] || !running.process.isRunning
            }
            // From now on n1's packet filter cannot be changed.
            let filter = try world.on(1, "command -v nft").output.filter { !$0.isNewline }
            #expect(try world.on(1, "mount --bind /bin/false \(filter)").status == 0)
            world.signal(running, SIGKILL)
            _ = await running.finish(within: 20)
            try await world.eventually("helpers end") { try world.programs().isEmpty }
            let healed = try await world.polygraph(["heal"])
            #expect(healed.status == 255, "\(healed.output)\(healed.error)")
            #expect(healed.output.contains("n1 (n1): NOT HEALED: "), "\(healed.output)")
            #expect(healed.output.contains("n2 (n2): "), "\(healed.output)")
            #expect(try world.on(1, "ls /var/tmp/polygraph/runs/*/n1/journal").status == 0)
            #expect(try world.on(1, "umount \(filter)").status == 0)
            #expect(try world.on(1, "nft list tables").output.contains("polygraph_"))
            let again = try await world.polygraph(["heal"])
            #expect(again.status == 0, "\(again.output)\(again.error)")
            #expect(again.output.contains("removed the rules of "), "\(again.output)")
            try world.expectNothingLeft()
            let run = try #require(world.run())
            #expect(FileManager.default.fileExists(atPath: run.appendingPathComponent("nodes/n1/stderr.log").path))
        }
    }
}
