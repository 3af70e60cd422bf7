import Glibc
import Testing

@testable import PolygraphSamples

/// How many clusters are simulated; `POLYGRAPH_SEEDS` asks for more, `POLYGRAPH_FIRST_SEED` for others.
private let seeds = environmentNumber("POLYGRAPH_SEEDS") ?? 100
private let firstSeed = environmentNumber("POLYGRAPH_FIRST_SEED") ?? 0

private func environmentNumber(_ name: String) -> UInt64? {
    getenv(name).flatMap { UInt64(String(cString: $0)) }
}

@Suite struct SimulationTests {
    @Test(arguments: 0..<10 as Range<UInt64>)
    func `a correct cluster keeps its promises under loss, crashes, pauses and partitions`(part: UInt64) {
        for seed in (part * seeds / 10)..<((part + 1) * seeds / 10) { expectPromisesKept(seed: firstSeed + seed) }
    }

    @Test(arguments: 0..<4 as Range<UInt64>)
    func `a correct cluster keeps its promises under everything at once`(part: UInt64) {
        for seed in (part * seeds / 4)..<((part + 1) * seeds / 4) {
            expectPromisesKept(
                seed: firstSeed + 3_000_000 + seed,
                faults: .init(
                    loss: 0.02, duplication: 0.02, clockJumps: true, wrongAddresses: true, memberChanges: true))
        }
    }

    @Test func `jumping wall clocks do not matter to a correct cluster`() {
        for seed in 0..<(seeds / 10) {
            expectPromisesKept(seed: 1_000_000 + seed, faults: .init(loss: 0.02, clockJumps: true))
        }
    }

    @Test func `a lease on the wall clock holds as long as the clocks are true`() {
        for seed in 0..<(seeds / 5) { expectPromisesKept(seed: 2_000_000 + seed, bugs: [.leaseClock]) }
    }

    @Test(arguments: [RaftBug.staleReads, .ackBeforeQuorum, .forgetVote, .doubleApply])
    func `every bug of core and store breaks a promise`(bug: RaftBug) {
        #expect(firstBroken(bugs: [bug], faults: nil) != nil, "\(bug.rawValue) was never noticed")
    }

    @Test func `a lease on the wall clock breaks when clocks jump`() {
        #expect(firstBroken(bugs: [.leaseClock], faults: .init(clockJumps: true)) != nil)
    }

    /// Each with its fault, and with everything but that.
    @Test(
        arguments: [
            (.ackBeforeFsync, .init(), .init(powerFailures: false)),
            (.tornLog, .init(), .init(powerFailures: false)),
            (.trustClockOrdering, .init(clockJumps: true), .init()),
            (.dnsOnce, .init(wrongAddresses: true), .init()),
            (.splitConfig, .init(memberChanges: true), .init()),
        ] as [(RaftBug, SimulatedFaults, SimulatedFaults)])
    func `a bug is found by its fault and by no other`(
        bug: RaftBug, faults: SimulatedFaults, others: SimulatedFaults
    ) throws {
        let broken = try #require(
            firstBroken(bugs: [bug], faults: faults) { !$0.contains("stuck") }, "\(bug.rawValue) was never noticed")
        #expect(!broken.isEmpty)
        for seed in 0..<(seeds / 4) { expectPromisesKept(seed: firstSeed + seed, bugs: [bug], faults: others) }
    }

    @Test func `a simulated run is not idle`() throws {
        var elections = 0
        var crashes = 0
        var snapshots = 0
        for seed in 0..<UInt64(20) {
            var cluster = SimulatedCluster(seed: seed)
            try cluster.run(for: 5_000_000_000)
            #expect(cluster.clients.allSatisfy { $0.finished > 20 }, "seed \(seed)")
            elections += cluster.promises.leaderCount
            crashes += cluster.crashCount
            snapshots += cluster.installedSnapshots
        }
        #expect(elections > 60)
        #expect(crashes > 100)
        #expect(snapshots > 20)
    }

    @Test func `members come and go in a simulated run`() throws {
        var changes = 0
        for seed in 0..<UInt64(20) {
            var cluster = SimulatedCluster(seed: seed, faults: .init(memberChanges: true))
            try cluster.run(for: 5_000_000_000)
            changes += cluster.memberChangeCount
        }
        #expect(changes > 100)
    }

    private func expectPromisesKept(
        seed: UInt64, bugs: Set<RaftBug> = [], faults: SimulatedFaults? = nil
    ) {
        #expect(throws: Never.self, "seed \(seed)") {
            var cluster = SimulatedCluster(seed: seed, bugs: bugs, faults: faults)
            try cluster.run(for: 5_000_000_000)
        }
    }

    private func firstBroken(
        bugs: Set<RaftBug>, faults: SimulatedFaults?, where isRight: (String) -> Bool = { _ in true }
    ) -> String? {
        for seed in 0..<UInt64(200) {
            do {
                var cluster = SimulatedCluster(seed: seed, bugs: bugs, faults: faults)
                try cluster.run(for: 5_000_000_000)
            } catch {
                if isRight("\(error)") { return "seed \(seed): \(error)" }
            }
        }
        return nil
    }
}
