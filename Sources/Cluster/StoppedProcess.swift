import CLinux
import Glibc

/// A process all of whose threads are held by ptrace. It notices nothing: interrupted system calls begin again, and
/// signals that arrive meanwhile are delivered on release.
struct StoppedProcess {
    private struct HeldThread {
        var number: Int32
        /// A signal that was about to be delivered when it stopped.
        var signal: Int32
    }

    private var threads: [HeldThread] = []

    /// One of its threads, for requests that need one.
    var anyThread: Int32 { threads[0].number }

    enum Failure: Error {
        /// The process has ended.
        case gone
        case refused(String)
        /// These threads are in the kernel, and do not come back.
        case stuck([Int32])
    }

    /// How long to wait for a thread, in nanoseconds.
    private static let patience: Int64 = 5_000_000_000

    /// Stops a process: thread by thread, until no new ones appear.
    init(_ process: Int32, _ stragglers: Stragglers) throws(Failure) {
        var known: Set<Int32> = []
        while true {
            let fresh = ProcessTree.numbers(in: "/proc/\(process)/task").filter { !known.contains($0) }
            if fresh.isEmpty { break }
            known.formUnion(fresh)
            do throws(Failure) {
                try stop(fresh, stragglers)
            } catch {
                release()
                throw error
            }
        }
        if threads.isEmpty { throw .gone }
    }

    private mutating func stop(_ numbers: [Int32], _ stragglers: Stragglers) throws(Failure) {
        var asked: [Int32] = []
        var refusal: Int32 = 0
        for number in numbers {
            var code = lab_trace_seize(number, false)
            // It may be one that an earlier reading still holds because it did not come back from the kernel in time,
            // or about to end, which it refuses before /proc says that it ends.
            let limit = lab_monotonic_time() + StoppedProcess.patience
            while code == EPERM, !StoppedProcess.isEnding(number), lab_monotonic_time() < limit {
                stragglers.release()
                usleep(200)
                code = lab_trace_seize(number, false)
            }
            if code == 0 {
                _ = lab_trace_interrupt(number)
                asked.append(number)
            } else if code != ESRCH && !StoppedProcess.isEnding(number) {
                refusal = code
            }
        }
        let limit = lab_monotonic_time() + StoppedProcess.patience
        var rounds = 0
        while !asked.isEmpty {
            asked.removeAll { number in
                var signal: Int32 = 0
                switch lab_trace_poll(number, false, &signal) {
                case lab_trace_running: return false
                case lab_trace_gone: return true
                default:
                    threads.append(HeldThread(number: number, signal: signal))
                    return true
                }
            }
            if asked.isEmpty { break }
            if lab_monotonic_time() > limit {
                stragglers.add(asked)
                throw .stuck(asked)
            }
            rounds += 1
            if rounds > 20 { usleep(50) } else { sched_yield() }
        }
        if refusal != 0 {
            throw .refused(
                refusal == EPERM
                    ? "ptrace is refused: another debugger (strace, gdb) holds the process, or "
                        + "kernel.yama.ptrace_scope is 3" : errorText(refusal))
        }
    }

    /// A thread that has ended and is not reaped cannot be held, and needs not be.
    private static func isEnding(_ thread: Int32) -> Bool {
        guard let entry = readFile("/proc/\(thread)/stat").flatMap(ProcessEntry.init(statistics:)) else { return true }
        return entry.state == UInt8(ascii: "Z") || entry.state == UInt8(ascii: "X")
    }

    /// Moves every thread on that would go on in the middle of one of the ranges.
    mutating func leave(_ ranges: [Range<UInt64>]) throws(Failure) {
        for index in threads.indices {
            var registers = lab_registers()
            var steps = 0
            while lab_trace_get_registers(threads[index].number, &registers) == 0 {
                let counter = lab_registers_counter(&registers)
                // At the very beginning it has not executed any of it.
                guard ranges.contains(where: { $0.contains(counter) && $0.lowerBound != counter }) else { break }
                steps += 1
                if steps > 100 { throw .refused("a thread does not leave the clock function") }
                var signal: Int32 = 0
                guard lab_trace_step(threads[index].number) == 0 else { throw .gone }
                if lab_trace_poll(threads[index].number, true, &signal) == lab_trace_gone { break }
                if signal != 0 && signal != SIGTRAP { threads[index].signal = signal }
            }
        }
    }

    /// Lets all threads go on.
    mutating func release() {
        for thread in threads {
            var registers = lab_registers()
            if lab_trace_get_registers(thread.number, &registers) == 0,
                lab_registers_hide_interruption(&registers)
            {
                _ = lab_trace_set_registers(thread.number, &registers)
            }
            _ = lab_trace_detach(thread.number, thread.signal)
        }
        threads = []
    }
}
