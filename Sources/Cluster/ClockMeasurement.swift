import CLinux
import Glibc

/// Reads a process's clock as the process itself reads it: one of its own threads is borrowed for a call of the vDSO's
/// clock_gettime, on a stack of its own, with signals held back, and is then put back where it was.
struct ClockMeasurement {
    let process: Int32
    let memory: ProcessMemory
    let vdso: UInt64
    let detour: ClockDetour
    let stragglers: Stragglers

    private static let stackSize: UInt64 = 65_536
    /// Room for all registers of any x86-64 or arm64 processor.
    private static let vectorRoom = 32_768

    /// How far ahead of the true time it is, in nanoseconds; nil where the thread cannot be borrowed now.
    /// - Parameter attempts: how many times to try; the tightest of two successful readings counts.
    func offset(attempts: Int = 20) -> Int64? {
        var best: (offset: Int64, width: Int64)?
        var successes = 0
        for _ in 0..<attempts where successes < 2 {
            guard let reading = borrow() else {
                usleep(200)
                continue
            }
            successes += 1
            if best.map({ reading.width < $0.width }) ?? true { best = reading }
            // An undisturbed reading takes some microseconds.
            if reading.width < 200_000 { break }
        }
        return best?.offset
    }

    /// One reading: the offset, and for how long it may have been true.
    private func borrow() -> (offset: Int64, width: Int64)? {
        guard lab_trace_seize(process, false) == 0 else { return nil }
        _ = lab_trace_interrupt(process)
        var signal: Int32 = 0
        let limit = lab_monotonic_time() + 200_000_000
        while true {
            let state = lab_trace_poll(process, false, &signal)
            if state == lab_trace_stopped { break }
            if state == lab_trace_gone { return nil }
            if lab_monotonic_time() > limit {
                // Deep in the kernel.
                stragglers.add([process])
                return nil
            }
            sched_yield()
        }
        var before = lab_registers()
        guard lab_trace_get_registers(process, &before) == 0 else {
            _ = lab_trace_detach(process, signal)
            return nil
        }
        defer {
            if lab_registers_hide_interruption(&before) { _ = lab_trace_set_registers(process, &before) }
            _ = lab_trace_detach(process, signal)
        }
        // A signal about to be delivered would lose what came with it.
        guard signal == 0, isInterruptible(before) else { return nil }
        return withSavedState(before) { read(before) }
    }

    /// Whether the thread is outside any restartable sequence (rseq): the kernel would no longer know to restart it.
    private func isInterruptible(_ registers: lab_registers) -> Bool {
        if registers.system_call >= 0 { return true }
        let area = lab_trace_rseq_area(process)
        return area == 0 || memory.readNumber(area + 8) == 0
    }

    /// Saves registers and signal mask, blocks signals, and restores all of it afterwards.
    private func withSavedState<Result>(_ registers: lab_registers, _ body: () -> Result?) -> Result? {
        var mask: UInt64 = 0
        var size = ClockMeasurement.vectorRoom
        let vectors = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 64)
        defer { vectors.deallocate() }
        guard lab_trace_get_vectors(process, vectors, &size) == 0,
            lab_trace_get_signal_mask(process, &mask) == 0,
            lab_trace_set_signal_mask(process, lab_trace_quiet_mask()) == 0
        else { return nil }
        let result = body()
        var registers = registers
        _ = lab_trace_set_registers(process, &registers)
        _ = lab_trace_set_vectors(process, vectors, size)
        _ = lab_trace_set_signal_mask(process, mask)
        return result
    }

    private func read(_ registers: lab_registers) -> (offset: Int64, width: Int64)? {
        // A stack of its own: the thread's may be a few bytes from its end, as in Go.
        let mapped = systemCall(
            registers, lab_number_map_memory,
            [0, ClockMeasurement.stackSize, 3, 0x22, UInt64(bitPattern: -1), 0])
        guard let stack = mapped, stack < UInt64(bitPattern: -4095) else { return nil }
        defer {
            _ = systemCall(registers, lab_number_unmap_memory, [stack, ClockMeasurement.stackSize, 0, 0, 0, 0])
        }
        let result = stack + ClockMeasurement.stackSize - 64
        var changed = registers
        lab_registers_prepare_call(
            &changed, vdso + UInt64(detour.measureOffset), vdso + UInt64(detour.clockFunction),
            stack + ClockMeasurement.stackSize - 128, 0, result)
        let start = lab_real_time()
        guard runToTrap(changed) != nil else { return nil }
        let end = lab_real_time()
        guard let seconds = memory.readNumber(result), let nanoseconds = memory.readNumber(result + 8) else {
            return nil
        }
        let shown = Int64(bitPattern: seconds) &* 1_000_000_000 &+ Int64(bitPattern: nanoseconds)
        return (shown - (start + (end - start) / 2), end - start)
    }

    private func systemCall(_ registers: lab_registers, _ number: Int64, _ arguments: [UInt64]) -> UInt64? {
        var changed = registers
        lab_registers_prepare_system_call(&changed, vdso + UInt64(detour.systemCallOffset), number, arguments)
        return runToTrap(changed).map { after in
            var after = after
            return lab_registers_result(&after)
        }
    }

    /// Lets the thread run until it meets the breakpoint.
    private func runToTrap(_ registers: lab_registers) -> lab_registers? {
        var registers = registers
        guard lab_trace_set_registers(process, &registers) == 0 else { return nil }
        // Other stops, of a SIGCONT for the whole process for instance, are passed over.
        for _ in 0..<16 {
            guard lab_trace_continue(process, 0) == 0 else { return nil }
            var signal: Int32 = 0
            guard lab_trace_poll(process, true, &signal) == lab_trace_stopped else { return nil }
            if signal == SIGTRAP { return lab_trace_get_registers(process, &registers) == 0 ? registers : nil }
        }
        return nil
    }
}
