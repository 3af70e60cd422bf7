import CLinux
import Glibc

/// Stops processes and lets them go on, so that they get a share of a processor's time or run by a duty cycle, without
/// any help of the kernel. It is asked at `next` to see to its processes.
///
/// The share is kept by an account: time earns credit, the processes' use of processors is charged against it, and a
/// debt stops them until it is paid. What they do not use is not saved for long.
struct ProcessorThrottle {
    private var share: Int64?
    private var slowdown: Slowdown?
    /// When somebody must look again, in nanoseconds of the monotonic clock; nil: never.
    private(set) var next: Int64?
    /// Whether the processes are stopped by it now.
    private(set) var isStopping = false
    private(set) var stops: Int64 = 0
    private var stoppedBefore: Int64 = 0
    private var stoppedSince: Int64 = 0

    /// Nanoseconds of processor time that may be used at once.
    private var credit: Int64 = 0
    private var lastLook: Int64 = 0
    /// The processor time of every process at the last look.
    private var charged: [ProcessEntry.ID: Int64] = [:]
    private var stretchEnd: Int64 = 0
    private var isStoppedStretch = false

    /// Nanoseconds between two looks at the account.
    private static let interval: Int64 = 5_000_000
    /// How much credit is saved, as nanoseconds of time in which nothing is used.
    private static let saving: Int64 = 50_000_000
    /// How much of it lets stopped processes go on.
    private static let resumption: Int64 = 10_000_000

    var isActive: Bool { share != nil || slowdown != nil }

    /// Nanoseconds for which processes were stopped.
    func stoppedTime(now: Int64) -> Int64 { stoppedBefore + (isStopping ? now - stoppedSince : 0) }

    /// Changes what is wanted. Processes that are stopped go on first.
    mutating func set(share: Int64?, slowdown: Slowdown?, _ processes: [ProcessEntry]) {
        let now = lab_monotonic_time()
        let cycle = slowdown.map { $0.running > 0 && $0.stopped > 0 ? $0 : nil } ?? nil
        guard share != self.share || cycle != self.slowdown else { return }
        release(processes)
        self.share = share
        self.slowdown = cycle
        credit = 0
        lastLook = now
        charged = Dictionary(
            processes.map { ($0.id, max(0, lab_processor_time($0.pid))) }, uniquingKeysWith: { first, _ in first })
        isStoppedStretch = false
        stretchEnd = now + (cycle?.running ?? 0)
        next = isActive ? now : nil
    }

    /// Lets processes go on, until it is asked to look again.
    mutating func release(_ processes: [ProcessEntry]) {
        guard isStopping else { return }
        apply(false, processes, lab_monotonic_time())
    }

    /// Somebody else has let all processes go on, or they have ended.
    mutating func forget() {
        let now = lab_monotonic_time()
        if isStopping { stoppedBefore += now - stoppedSince }
        isStopping = false
    }

    mutating func look(_ processes: [ProcessEntry]) {
        guard isActive else { return }
        let now = lab_monotonic_time()
        var wanted = false
        var moment = Int64.max
        if let share {
            settleAccount(processes, share, now)
            let enough = share * ProcessorThrottle.resumption / 1_000_000
            wanted = credit < (isStopping ? enough : 0)
            let wait = wanted ? (enough - credit) * 1_000_000 / max(1, share) : credit
            moment = now + min(max(wait, 1_000_000), wanted ? 1_000_000_000 : ProcessorThrottle.interval)
        }
        if let slowdown {
            if now >= stretchEnd {
                isStoppedStretch.toggle()
                let length = isStoppedStretch ? slowdown.stopped : slowdown.running
                // From the planned end, so that lateness does not add up; but never a stretch that is over already.
                stretchEnd = max(stretchEnd + length, now + length / 2)
            }
            wanted = wanted || isStoppedStretch
            moment = min(moment, stretchEnd)
        }
        if wanted != isStopping { apply(wanted, processes, now) }
        next = moment
    }

    private mutating func settleAccount(_ processes: [ProcessEntry], _ share: Int64, _ now: Int64) {
        credit += (now - lastLook) * share / 1_000_000
        lastLook = now
        var times: [ProcessEntry.ID: Int64] = [:]
        for process in processes {
            let before = charged[process.id] ?? 0
            let time = max(before, lab_processor_time(process.pid))
            credit -= time - before
            times[process.id] = time
        }
        charged = times
        credit = min(credit, share * ProcessorThrottle.saving / 1_000_000)
    }

    private mutating func apply(_ stop: Bool, _ processes: [ProcessEntry], _ now: Int64) {
        for process in processes { kill(process.pid, stop ? SIGSTOP : SIGCONT) }
        if stop {
            stops += 1
            stoppedSince = now
        } else {
            stoppedBefore += now - stoppedSince
        }
        isStopping = stop
    }
}
