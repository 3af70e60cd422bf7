import CLinux
import Glibc

/// Keeps the clocks of a node's processes bent: those that run, those that they start, and those that execute another
/// program, which gives a process a fresh vDSO.
struct ClockBender {
    private var detour: ClockDetour?
    /// What is in force; nil where the clocks show the true time.
    private(set) var setting: ClockSetting?
    private var processes: [ProcessEntry.ID: BentProcess] = [:]
    private let stragglers = Stragglers()

    /// Puts a skew in force in all processes of `list`, again and again until it finds no new ones.
    /// - Parameter program: the node's own program, whose clock is read afterwards; nil where none runs.
    mutating func set(
        _ skew: ClockSkew, program: Int32?, _ list: () -> [ProcessEntry]
    ) throws(ClusterError) -> ClockProof {
        let detour = try preparedDetour()
        let start = lab_monotonic_time()
        let wanted = skew == .none ? nil : try ClockSetting(skew, now: lab_real_time())
        setting = wanted
        var count = 0
        var seen: Set<ProcessEntry.ID> = []
        while true {
            let entries = list()
            count = entries.count
            if entries.allSatisfy({ seen.contains($0.id) }) { break }
            try update(entries)
            seen.formUnion(entries.map(\.id))
        }
        let elapsed = lab_monotonic_time() - start
        let (offset, method) = try measure(program, detour)
        return ClockProof(processes: count, elapsed: elapsed, measuredOffset: offset, method: method)
    }

    /// Reads the clock without changing it.
    mutating func read(program: Int32?, _ entries: [ProcessEntry]) throws(ClusterError) -> ClockProof {
        let detour = try preparedDetour()
        let start = lab_monotonic_time()
        try update(entries)
        let (offset, method) = try measure(program, detour)
        return ClockProof(
            processes: entries.count, elapsed: lab_monotonic_time() - start, measuredOffset: offset, method: method)
    }

    /// The offset that the node's own program sees, or a probe process in its place, and how it was read.
    private func measure(
        _ program: Int32?, _ detour: ClockDetour
    ) throws(ClusterError) -> (offset: Int64, method: String) {
        if let program, let bent = processes.first(where: { $0.key.pid == program })?.value,
            let offset = bent.measuredOffset()
        {
            return (offset, "the node's own process")
        }
        return (try measureProbe(detour), "a probe process beside the node")
    }

    private mutating func preparedDetour() throws(ClusterError) -> ClockDetour {
        if let detour { return detour }
        let made = try ClockDetour()
        detour = made
        return made
    }

    /// Brings the clocks of these processes to what is in force, and forgets all others.
    mutating func update(_ entries: [ProcessEntry]) throws(ClusterError) {
        guard let detour else { return }
        stragglers.release()
        let living = Set(entries.map(\.id))
        for (id, process) in processes where !living.contains(id) {
            process.close()
            processes[id] = nil
        }
        for entry in entries {
            do throws(BentProcess.Failure) {
                try update(entry, detour)
            } catch {
                // Whoever has ended needs no clock; the next round finds what it has become.
                if case .impossible(let reason) = error { throw ClusterError("bend the clock of", reason) }
            }
        }
    }

    private mutating func update(_ entry: ProcessEntry, _ detour: ClockDetour) throws(BentProcess.Failure) {
        if let known = processes[entry.id], !known.isThere {
            known.close()
            processes[entry.id] = nil
        }
        let process: BentProcess
        if let known = processes[entry.id] {
            process = known
        } else {
            process = try BentProcess(entry.pid, detour, stragglers)
            processes[entry.id] = process
        }
        try apply(process)
    }

    private func apply(_ process: BentProcess) throws(BentProcess.Failure) {
        let detoured = process.isDetoured
        if let setting {
            if !detoured {
                try process.whileStopped { thread throws(BentProcess.Failure) in
                    try process.insertDetour(setting, through: thread)
                }
            } else if process.setting != setting {
                do throws(BentProcess.Failure) {
                    try process.write(setting, through: nil)
                } catch .impossible {
                    try process.whileStopped { thread throws(BentProcess.Failure) in
                        try process.write(setting, through: thread)
                    }
                }
            }
        } else if detoured {
            try process.whileStopped { thread throws(BentProcess.Failure) in
                try process.removeDetour(through: thread)
            }
        }
    }

    /// Lets a process that waits before it executes a program go on, and bends its clock before the program's first
    /// instruction.
    func bendAtExecution(_ process: Int32, release: () -> Void) throws(ClusterError) {
        guard let setting, let detour else { return release() }
        let code = lab_trace_seize(process, true)
        guard code == 0 else { throw ClusterError("start", "its clock cannot be bent: ptrace: \(errorText(code))") }
        release()
        while true {
            var signal: Int32 = 0
            switch lab_trace_poll(process, true, &signal) {
            case lab_trace_executed:
                defer { _ = lab_trace_detach(process, 0) }
                do throws(BentProcess.Failure) {
                    let bent = try BentProcess(process, detour, stragglers)
                    defer { bent.close() }
                    try bent.insertDetour(setting, through: process)
                } catch .impossible(let reason) {
                    throw ClusterError("start", "its clock cannot be bent: \(reason)")
                } catch {
                    // It was killed; whoever waits for it will see.
                }
                return
            case lab_trace_gone:
                // Not executed; the reason comes another way.
                return
            default:
                _ = lab_trace_continue(process, signal)
            }
        }
    }

    /// What a process of the node would see: read in one that exists for nothing else.
    private func measureProbe(_ detour: ClockDetour) throws(ClusterError) -> Int64 {
        let number = lab_fork_idle()
        guard number > 0 else { throw ClusterError("read the clock of", errorText(-number)) }
        defer {
            Glibc.kill(number, SIGKILL)
            var status: Int32 = 0
            _ = retrying { Int(waitpid(number, &status, 0)) }
        }
        do throws(BentProcess.Failure) {
            let probe = try BentProcess(number, detour, stragglers)
            defer { probe.close() }
            try apply(probe)
            if let offset = probe.measuredOffset() { return offset }
        } catch .impossible(let reason) {
            throw ClusterError("read the clock of", reason)
        } catch {}
        throw ClusterError("read the clock of", "a probe process has vanished")
    }
}
