import CLinux
import Glibc

/// What the kernel's killer for want of memory does, done by looking: when the processes of a node have more than they
/// may, the largest one is killed. For machines on which this user may make no control group.
///
/// A limit of address space (RLIMIT_AS) would be simpler and wrong: many programs reserve far more than they use, and
/// would fail at their start.
struct MemoryWatch {
    /// Bytes; nil: no limit.
    var limit: Int64?
    private(set) var kills: Int64 = 0
    private var victim: ProcessEntry.ID?
    private var nextLook: Int64 = 0

    /// Nanoseconds between two looks.
    static let interval: Int64 = 10_000_000

    var next: Int64? { limit == nil ? nil : nextLook }

    /// Bytes that a process has in memory, and those that it shares with nobody's file.
    static func resident(_ process: Int32) -> (all: Int64, own: Int64) {
        guard let text = readFile("/proc/\(process)/statm") else { return (0, 0) }
        let pages = String(decoding: text, as: UTF8.self).split(separator: " ").prefix(3).map { Int64($0) ?? 0 }
        guard pages.count == 3 else { return (0, 0) }
        let size = Int64(sysconf(Int32(_SC_PAGESIZE)))
        return (pages[1] * size, (pages[1] - pages[2]) * size)
    }

    mutating func look(_ processes: [ProcessEntry]) {
        guard let limit else { return }
        let now = lab_monotonic_time()
        guard now >= nextLook else { return }
        nextLook = now + MemoryWatch.interval
        var sum: Int64 = 0
        var largest: (process: ProcessEntry, bytes: Int64)?
        for process in processes {
            let bytes = MemoryWatch.resident(process.pid).all
            sum += bytes
            if bytes > largest?.bytes ?? 0 { largest = (process, bytes) }
        }
        // One after the other: the next only when the last one's memory is back.
        guard sum > limit, let largest, largest.process.id != victim else { return }
        victim = largest.process.id
        if kill(largest.process.pid, SIGKILL) == 0 { kills += 1 }
    }
}
