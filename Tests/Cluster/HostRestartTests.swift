import Foundation
import Synchronization
import Testing

@testable import PolygraphCluster

/// Hosts that are started again in the middle of a run.
@Suite struct HostRestartTests {
    private func device(boot: String, setTimes: Recorded) -> ClockDevice {
        ClockDevice(
            realTime: { 1_000_000 }, rawTime: { 5 },
            setRealTime: { time in
                setTimes.append(time)
                return 0
            }, rate: { ClockDevice.Rate(tick: 10_000, frequency: 0) }, setRate: { _ in 0 }, bootIdentity: { boot },
            startKeeper: { _ in 4711 }, stopKeeper: { _ in })
    }

    private func folder() throws -> HostFolder {
        let path = NSTemporaryDirectory() + "host-restart-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return HostFolder(path: path)
    }

    @Test func `a clock that was bent before the host was started again takes the time that the controller knows`()
        throws
    {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder.path) }
        let programs = HostPrograms(path: "/nonexistent")
        let set = Recorded()
        try HostJournal(folder).append([.clock(["first", "1000000", "5", "10000", "0"])])

        let same = device(boot: "first", setTimes: set)
        try HostHealing.restoreClockOfEarlierBoot(folder, trueTime: 77, device: same, programs: programs)
        #expect(set.values == [])

        let other = device(boot: "second", setTimes: set)
        try HostHealing.restoreClockOfEarlierBoot(folder, trueTime: 77, device: other, programs: programs)
        #expect(set.values == [77])

        try HostJournal(folder).append([.undone])
        try HostHealing.restoreClockOfEarlierBoot(folder, trueTime: 88, device: other, programs: programs)
        #expect(set.values == [77])
    }

    @Test func `uptimes are read`() throws {
        #expect(HostUptime.parse("350735.47 234388.90\n") == 350_735_470_000_000)
        #expect(HostUptime.parse("0.05 0.00\n") == 50_000_000)
        #expect(HostUptime.parse("no such file") == nil)
        let earlier = try #require(HostUptime.now)
        #expect(try #require(HostUptime.now) >= earlier)
    }

    @Test func `the true time is a request`() throws {
        guard case .trueTime(let time)? = HostRequest(words: HostRequest.trueTime(-17).words) else {
            Issue.record("not understood")
            return
        }
        #expect(time == -17)
        #expect(HostRequest(words: ["true-time"]) == nil)
    }
}

/// What was written, in order.
private final class Recorded: Sendable {
    private let all = Mutex<[Int64]>([])

    var values: [Int64] { all.withLock { $0 } }

    func append(_ value: Int64) { all.withLock { $0.append(value) } }
}
