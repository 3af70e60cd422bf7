import Foundation
import Synchronization
import Testing

@testable import PolygraphCluster

/// A clock that obeys like a machine's, in a time that passes as the test says.
private final class SimulatedClock: Sendable {
    struct State {
        var raw: Int64 = 5_000_000_000
        var real: Int64 = 1_700_000_000_000_000_000
        var rate = ClockDevice.Rate(tick: 10_000, frequency: 655_360)
        var boot = "first"
        var keeper: ClockDevice.KeeperTask?
        var refusal: Int32 = 0
    }

    let state = Mutex(State())

    func pass(_ nanoseconds: Int64) {
        state.withLock { state in
            state.raw += nanoseconds
            let correction = Int128(nanoseconds) * Int128(state.rate.correction) / (65_536 * 1_000_000)
            state.real += nanoseconds + Int64(correction)
            if let keeper = state.keeper { state.real = keeper.shown(atRaw: state.raw) }
        }
    }

    var device: ClockDevice {
        ClockDevice(
            realTime: { self.state.withLock { $0.real } }, rawTime: { self.state.withLock { $0.raw } },
            setRealTime: { time in
                self.state.withLock { state in
                    if state.refusal == 0 { state.real = time }
                    return state.refusal
                }
            },
            rate: { self.state.withLock { $0.rate } },
            setRate: { rate in
                self.state.withLock { state in
                    if state.refusal == 0 { state.rate = rate }
                    return state.refusal
                }
            },
            bootIdentity: { self.state.withLock { $0.boot } },
            startKeeper: { task in
                self.state.withLock { $0.keeper = task }
                return 4711
            },
            stopKeeper: { _ in self.state.withLock { $0.keeper = nil } })
    }
}

@Suite struct HostClockTests {
    private let simulated = SimulatedClock()
    private static let second: Int64 = 1_000_000_000

    /// Services that do not exist.
    private var services: TimeServices {
        TimeServices(
            programs: HostPrograms(path: "/nonexistent"), systemFolder: "/nonexistent", scriptFolder: "/nonexistent",
            running: { [] })
    }

    private func clock() throws -> HostClock { try HostClock(device: simulated.device, services: services) }

    private func isAbout(_ measured: Int64, _ expected: Int64) -> Bool { abs(measured - expected) <= 1_000 }

    @Test func `a jump lasts and is taken back`() throws {
        var clock = try clock()
        #expect(isAbout(try clock.set(ClockSkew(offset: -3_600 * Self.second)).measuredOffset, -3_600 * Self.second))
        simulated.pass(100 * Self.second)
        #expect(isAbout(clock.read().measuredOffset, -3_600 * Self.second))
        #expect(simulated.state.withLock { $0.keeper == nil })
        try clock.restore()
        #expect(isAbout(clock.read().measuredOffset, 0))
        simulated.pass(100 * Self.second)
        #expect(isAbout(clock.read().measuredOffset, 0))
    }

    @Test(arguments: [100_000, -99_000, 1, 12_345] as [Int64])
    func `the kernel lets the clock run up to a tenth wrong`(_ partsPerMillion: Int64) throws {
        var clock = try clock()
        _ = try clock.set(ClockSkew(offset: 5, ratePartsPerMillion: partsPerMillion))
        #expect(simulated.state.withLock { $0.keeper == nil })
        simulated.pass(10 * Self.second)
        // The true clock is ten parts per million faster than the hardware.
        let expected = 10_000 * partsPerMillion + partsPerMillion / 10
        #expect(abs(clock.read().measuredOffset - expected) < 1_000)
        try clock.restore()
        #expect(simulated.state.withLock { $0.rate } == ClockDevice.Rate(tick: 10_000, frequency: 655_360))
        #expect(isAbout(clock.read().measuredOffset, 0))
    }

    @Test(arguments: [
        ClockSkew.frozen(at: second), ClockSkew(offset: 0, ratePartsPerMillion: 500_000),
        ClockSkew(offset: 0, slew: ClockSlew(gain: second, duration: 10 * second)),
        ClockSkew(offset: 0, strobe: ClockStrobe(period: second, amplitude: 60 * second)),
    ])
    func `what the kernel cannot do a keeper does`(_ skew: ClockSkew) throws {
        var clock = try clock()
        _ = try clock.set(skew)
        #expect(simulated.state.withLock { $0.keeper != nil })
        for elapsed in stride(from: Int64(500_000_000), through: 12 * Self.second, by: 500_000_000) {
            simulated.pass(500_000_000)
            let expected = skew.error(after: elapsed + elapsed / 100_000)
            #expect(abs(clock.read().measuredOffset - expected) <= 20_000)
        }
        _ = try clock.set(.none)
        #expect(simulated.state.withLock { $0.keeper == nil })
        #expect(isAbout(clock.read().measuredOffset, 0))
    }

    @Test func `another process puts the clock right by the record`() throws {
        var clock = try clock()
        _ = try clock.set(ClockSkew(offset: 7 * Self.second, ratePartsPerMillion: 50_000))
        simulated.pass(60 * Self.second)
        var other = try #require(HostClock(record: clock.record, device: simulated.device, services: services))
        #expect(other.knowsTrueTime)
        try other.restore()
        #expect(isAbout(clock.read().measuredOffset, 0))
        #expect(HostClock(record: ["x"], device: simulated.device, services: services) == nil)
    }

    @Test func `after a new start of the machine somebody must know the time`() throws {
        let clock = try clock()
        simulated.state.withLock { $0.boot = "second" }
        var other = try #require(HostClock(record: clock.record, device: simulated.device, services: services))
        #expect(throws: ClusterError.self) { try other.restore() }
        try other.restore(trueTime: 1_800_000_000_000_000_000)
        #expect(simulated.state.withLock { $0.real } == 1_800_000_000_000_000_000)
    }

    @Test func `a clock that cannot be set is known before it is needed`() throws {
        simulated.state.withLock { $0.refusal = EPERM }
        let error = #expect(throws: ClusterError.self) { try clock() }
        #expect(error?.message.contains("use clocks: processes") == true)
    }

    @Test func `services that steer the clock stop, and start in the end`() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("clock-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // A stand-in: a service is active while its file is there.
        let script = """
            #!/bin/sh
            echo "$@" >> \(folder.path)/log
            for name; do :; done
            case $1 in
                is-active) test -e \(folder.path)/$name ;;
                stop) rm \(folder.path)/$name ;;
                start) touch \(folder.path)/$name ;;
            esac
            """
        let tool = folder.appendingPathComponent("systemctl").path
        try script.write(toFile: tool, atomically: true, encoding: .utf8)
        chmod(tool, 0o755)
        for name in ["chrony", "systemd-timesyncd"] {
            try "".write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
        }
        let stopping = TimeServices(
            programs: HostPrograms(path: folder.path + ":/usr/bin:/bin"), systemFolder: folder.path,
            scriptFolder: "/nonexistent", running: { [] })
        var clock = try HostClock(device: simulated.device, services: stopping)
        _ = try clock.set(ClockSkew(offset: Self.second))
        #expect(clock.record[5...] == ["systemd-timesyncd", "chrony"])
        #expect(!FileManager.default.fileExists(atPath: folder.path + "/chrony"))
        var other = try #require(HostClock(record: clock.record, device: simulated.device, services: stopping))
        try other.restore()
        #expect(FileManager.default.fileExists(atPath: folder.path + "/chrony"))
        #expect(FileManager.default.fileExists(atPath: folder.path + "/systemd-timesyncd"))
        #expect(other.record.count == 5)

        var wild = stopping
        wild.running = { [("chronyd", 99)] }
        var refused = try HostClock(device: simulated.device, services: wild)
        let error = #expect(throws: ClusterError.self) { try refused.set(ClockSkew(offset: 1)) }
        #expect(error?.message.contains("process 99") == true)
        #expect(FileManager.default.fileExists(atPath: folder.path + "/chrony"))
    }
}
