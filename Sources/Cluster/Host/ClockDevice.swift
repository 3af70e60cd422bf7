import CLinux
import Glibc

/// A machine's clock, as far as it can be read and set. Times are nanoseconds; errors are errnos, 0 for none.
struct ClockDevice: Sendable {
    /// How fast the clock is made to run.
    struct Rate: Hashable, Sendable {
        /// Microseconds per hundredth of a second; 10000 is the nominal rate.
        var tick: Int64
        /// On top, in 2^-16 parts per million.
        var frequency: Int64

        /// 2^-16 parts per million that the clock is made to run faster than the hardware.
        var correction: Int64 { (tick - 10_000) * 100 * 65_536 + frequency }

        static let ticks: ClosedRange<Int64> = 9_000...11_000

        init(tick: Int64, frequency: Int64) {
            self.tick = tick
            self.frequency = frequency
        }

        /// Nil where the kernel cannot make it run so.
        init?(correction: Int64) {
            let perTick: Int64 = 100 * 65_536
            let steps = (correction + (correction < 0 ? -perTick : perTick) / 2) / perTick
            self.init(tick: 10_000 + steps, frequency: correction - steps * perTick)
            guard Rate.ticks.contains(tick) else { return nil }
        }
    }

    /// Everything that a keeper needs to know.
    struct KeeperTask: Sendable {
        var skew: ClockSkew
        var origin: ClockOrigin
        /// The true time at which the skew was set.
        var since: Int64

        /// What the clock should show at a moment of the raw clock.
        func shown(atRaw raw: Int64) -> Int64 {
            let now = origin.trueTime(atRaw: raw)
            return now &+ skew.error(after: now - since)
        }
    }

    var realTime: @Sendable () -> Int64
    /// Of a clock that nothing steers.
    var rawTime: @Sendable () -> Int64
    var setRealTime: @Sendable (Int64) -> Int32
    var rate: @Sendable () -> Rate?
    var setRate: @Sendable (Rate) -> Int32
    /// Another one after each start of the machine.
    var bootIdentity: @Sendable () -> String
    /// A process that sets the clock again and again; its number, or a negative errno.
    var startKeeper: @Sendable (KeeperTask) -> Int32
    var stopKeeper: @Sendable (Int32) -> Void

    /// How often a keeper sets the clock.
    static let keeperPeriod: Int64 = 5_000_000

    /// This machine's.
    static let system = ClockDevice(
        realTime: { lab_real_time() }, rawTime: { lab_raw_time() }, setRealTime: { lab_set_real_time($0) },
        rate: {
            var tick: Int64 = 0
            var frequency: Int64 = 0
            return lab_clock_rate(&tick, &frequency) == 0 ? Rate(tick: tick, frequency: frequency) : nil
        },
        setRate: { lab_set_clock_rate($0.tick, $0.frequency) },
        bootIdentity: {
            let bytes = readFile("/proc/sys/kernel/random/boot_id") ?? []
            return String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
        },
        startKeeper: { task in
            var task = task
            return withUnsafeMutablePointer(to: &task) { pointer in
                lab_fork_task(
                    { argument in
                        guard let task = argument?.load(as: KeeperTask.self) else { return }
                        while true {
                            clinux_sleep_ns(ClockDevice.keeperPeriod)
                            _ = lab_set_real_time(task.shown(atRaw: lab_raw_time()))
                        }
                    }, UnsafeMutableRawPointer(pointer))
            }
        },
        stopKeeper: { process in
            kill(process, SIGKILL)
            var status: Int32 = 0
            _ = retrying { Int(waitpid(process, &status, 0)) }
        })
}

/// When the machine's clock was true, and how it ran then: enough to know the true time ever after, without asking
/// anybody.
struct ClockOrigin: Hashable, Sendable {
    /// What the clock showed.
    var realTime: Int64
    /// What the raw clock showed at the same moment.
    var rawTime: Int64
    var rate: ClockDevice.Rate

    func trueTime(atRaw raw: Int64) -> Int64 {
        let elapsed = raw - rawTime
        let correction = Int128(elapsed) * Int128(rate.correction) / (65_536 * 1_000_000)
        return realTime + elapsed + Int64(clamping: correction)
    }
}
