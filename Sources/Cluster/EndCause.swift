import Glibc

/// Who ended a node's program.
public enum EndCause: String, Hashable, Sendable {
    /// The lab: `kill`, `terminate`, or a start that was cut short.
    case requested
    /// The lab, at a system call at which it was to crash.
    case crashPoint = "crash-point"
    /// A memory limit of the lab.
    case outOfMemory = "out-of-memory"
    /// The kernel, because the machine ran out of memory.
    case machineOutOfMemory = "machine-out-of-memory"
    /// Nobody that the lab knows of: it has exited, crashed or was killed from elsewhere.
    case itself
}

extension EndCause {
    /// What is known of the end of a run.
    struct Evidence {
        var isRequested = false
        /// The signal that ended the program.
        var signal: Int32?
        /// Whether a system call was met at which the node was to crash.
        var hasMetCrashPoint = false
        /// Whether the lab limited its memory at any time of the run.
        var hadMemoryLimit = false
        /// How many of its processes were killed for want of memory; nil: nobody counts them.
        var memoryKills: Int64?
        /// How many processes of the whole machine were.
        var memoryKillsOfMachine: Int64 = 0
    }

    init(_ evidence: Evidence) {
        if evidence.isRequested {
            self = .requested
        } else if evidence.signal != SIGKILL {
            self = .itself
        } else if evidence.hasMetCrashPoint {
            self = .crashPoint
        } else if evidence.memoryKills ?? 0 > 0 {
            // The kernel counts every process of a control group that it kills, for whichever limit.
            self = evidence.hadMemoryLimit ? .outOfMemory : .machineOutOfMemory
        } else if evidence.memoryKills == nil, evidence.memoryKillsOfMachine > 0 {
            self = .machineOutOfMemory
        } else {
            self = .itself
        }
    }

    /// How many processes of this machine the kernel has killed for want of memory since it was booted; 0 where it
    /// does not say.
    static var memoryKillsOfMachine: Int64 {
        guard let text = readFile("/proc/vmstat", limit: 1 << 16) else { return 0 }
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let words = line.split(separator: UInt8(ascii: " "))
            if words.count == 2, words[0].elementsEqual("oom_kill".utf8) {
                return Int64(String(decoding: words[1], as: UTF8.self)) ?? 0
            }
        }
        return 0
    }
}
