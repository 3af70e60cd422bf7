import PolygraphCluster
import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct DiskFaultTests {
    private let second: Int64 = 1_000_000_000

    private func entry(_ name: String, _ settings: FaultSettings) -> FaultEntry {
        FaultEntry(name, settings, every: 5 * second, duration: second)
    }

    private func supervision(_ entries: FaultEntry...) -> DiskSupervision? {
        Schedule(entries, nodes: 3, duration: 30 * second, seed: 1).supervision
    }

    @Test func `nodes are watched as closely as the faults of the run need, and no closer`() {
        let kill = entry("kill", FaultSettings(["target": "one"]))
        let write = entry("disk", FaultSettings(["target": "one", "calls": ["write"], "error": "EIO"]))
        let read = entry("disk", FaultSettings(["target": "one", "calls": ["pread", "fsync"], "error": "EIO"]))
        let power = entry(
            "power-failure", FaultSettings(["target": "all", "remains": ["nothing"], "lose-names": true]))
        #expect(supervision(kill) == nil)
        #expect(supervision(kill, write) == DiskSupervision(.writes))
        // Appends need not be seen where nothing is done to them but losing them.
        let sync = entry("disk", FaultSettings(["target": "one", "calls": ["fsync"], "error": "EIO"]))
        let plain = entry(
            "power-failure", FaultSettings(["target": "all", "remains": ["nothing"], "lose-names": false]))
        #expect(supervision(kill, sync, plain) == DiskSupervision(.changes))
        #expect(supervision(sync, plain, write) == DiskSupervision(.writes))
        #expect(supervision(write, read) == DiskSupervision(.reads))
        #expect(supervision(read, power) == DiskSupervision(.reads, losesUnsyncedNames: true))
    }

    @Test func `draws of every occurrence are its own, and the same for the same seed`() {
        let entries = [entry("corrupt-files", FaultSettings(["target": "one", "kind": ["flip", "zero"]]))]
        func seeds(_ seed: UInt64) -> [Int64] {
            Schedule(entries, nodes: 5, duration: 60 * second, seed: seed).faults.map { $0.settings.integer("seed") }
        }
        #expect(seeds(1) == seeds(1) && seeds(1) != seeds(2) && Set(seeds(1)).count == seeds(1).count)
        let faults = Schedule(entries, nodes: 5, duration: 60 * second, seed: 1).faults
        #expect(faults.allSatisfy { $0.settings.integer("at-most") == 2 })
    }
}
