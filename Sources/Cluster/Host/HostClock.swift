import CLinux
import Glibc

/// A host's real clock, bent and put right again. The true time is that of the clock when this began, carried on by a
/// clock that nothing steers: no network is needed to find it again.
///
/// A jump is one setting of the clock; a wrong rate of up to a tenth is the kernel's doing; everything else is done by
/// a process that sets the clock every five milliseconds, and is as exact as that.
package struct HostClock: Sendable {
    private let device: ClockDevice
    private let services: TimeServices
    private let origin: ClockOrigin
    private let boot: String
    private var stopped: [String]
    private var keeper: Int32?
    private var hasStoppedServices: Bool

    /// - Throws: why the clock cannot be changed here, which is found out without changing it.
    package init(programs: HostPrograms = HostPrograms()) throws(ClusterError) {
        try self.init(device: .system, services: TimeServices(programs: programs))
    }

    init(device: ClockDevice, services: TimeServices) throws(ClusterError) {
        guard let rate = device.rate() else { throw ClusterError("read the clock's rate", errorText(errno)) }
        self.device = device
        self.services = services
        // The right to set the rate is the right to set the clock.
        let code = device.setRate(rate)
        if code != 0 { throw HostClock.refusal(code) }
        let before = device.rawTime()
        let real = device.realTime()
        let after = device.rawTime()
        origin = ClockOrigin(realTime: real, rawTime: before + (after - before) / 2, rate: rate)
        boot = device.bootIdentity()
        stopped = []
        hasStoppedServices = false
    }

    /// Enough for another process to put the clock right: words without spaces. It changes when the clock is set.
    package var record: [String] {
        [
            boot, String(origin.realTime), String(origin.rawTime), String(origin.rate.tick),
            String(origin.rate.frequency),
        ] + stopped
    }

    /// What another process has recorded; nil where the words are none of a record.
    package init?(record: [String], programs: HostPrograms = HostPrograms()) {
        self.init(record: record, device: .system, services: TimeServices(programs: programs))
    }

    init?(record: [String], device: ClockDevice, services: TimeServices) {
        guard record.count >= 5, let real = Int64(record[1]), let raw = Int64(record[2]),
            let tick = Int64(record[3]), let frequency = Int64(record[4])
        else { return nil }
        self.device = device
        self.services = services
        boot = record[0]
        origin = ClockOrigin(realTime: real, rawTime: raw, rate: ClockDevice.Rate(tick: tick, frequency: frequency))
        stopped = Array(record[5...])
        hasStoppedServices = !stopped.isEmpty
    }

    /// Whether the true time can be known without anybody's help: the machine has not been started anew.
    package var knowsTrueTime: Bool { boot == device.bootIdentity() }

    /// The true time in nanoseconds since 1970.
    package var trueTime: Int64 { origin.trueTime(atRaw: device.rawTime()) }

    /// Stops the services that would put the clock right; done by `set` where it has not been. What was stopped is in
    /// the record from then on, so that it can be written down before the clock is changed.
    package mutating func stopServices() throws(ClusterError) {
        guard !hasStoppedServices else { return }
        stopped = try services.stop()
        hasStoppedServices = true
    }

    /// Bends the clock from now on. The caller must have one thread only.
    package mutating func set(_ skew: ClockSkew) throws(ClusterError) -> ClockProof {
        // Whether it can be reckoned at all.
        _ = try ClockSetting(skew, now: trueTime)
        try stopServices()
        endKeeper()
        let start = device.rawTime()
        let rate = skew.slew == nil && skew.strobe == nil ? rate(for: skew.ratePartsPerMillion) : nil
        try check(device.setRate(rate ?? origin.rate))
        let since = trueTime
        try check(device.setRealTime(since &+ skew.error(after: 0)))
        if rate == nil {
            let process = device.startKeeper(ClockDevice.KeeperTask(skew: skew, origin: origin, since: since))
            guard process > 0 else { throw ClusterError("keep the clock wrong", errorText(-process)) }
            keeper = process
        }
        var proof = read()
        proof.elapsed = device.rawTime() - start
        return proof
    }

    /// How wrong the clock is now.
    package func read() -> ClockProof {
        let offset = device.realTime() - trueTime
        return ClockProof(
            processes: 0, elapsed: 0, measuredOffset: offset,
            method: "the host's clock against its raw monotonic clock")
    }

    /// Puts the clock right, and starts the services that steer it again. Harmless when called again.
    /// - Parameter given: the true time now, where the machine has been started anew and cannot know it.
    package mutating func restore(trueTime given: Int64? = nil) throws(ClusterError) {
        endKeeper()
        if knowsTrueTime {
            try check(device.setRate(origin.rate))
            try check(device.setRealTime(trueTime))
        } else {
            // A new start has put the rate right.
            guard let given else {
                throw ClusterError(
                    "put the clock right", "the host has been started anew since; the true time must be given")
            }
            try check(device.setRealTime(given))
        }
        var failure: ClusterError?
        for name in stopped {
            do throws(ClusterError) { try services.start(name) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        stopped = []
        hasStoppedServices = false
    }

    /// The kernel's rate for a clock that is wrong by this much; nil beyond a tenth.
    private func rate(for partsPerMillion: Int64) -> ClockDevice.Rate? {
        guard abs(partsPerMillion) <= 100_000 else { return nil }
        let own = origin.rate.correction
        let correction = own + partsPerMillion * 65_536 + own * partsPerMillion / 1_000_000
        return ClockDevice.Rate(correction: correction)
    }

    private mutating func endKeeper() {
        if let keeper { device.stopKeeper(keeper) }
        keeper = nil
    }

    private func check(_ code: Int32) throws(ClusterError) {
        if code != 0 { throw HostClock.refusal(code) }
    }

    private static func refusal(_ code: Int32) -> ClusterError {
        switch code {
        case EPERM:
            ClusterError(
                "set the clock",
                "\(errorText(code)): root with the capability SYS_TIME is needed, which containers lack; "
                    + "use clocks: processes")
        case EINVAL:
            ClusterError("set the clock", "the kernel refuses a time before 1970, or one that is too far ahead")
        default: ClusterError("set the clock", errorText(code))
        }
    }
}
