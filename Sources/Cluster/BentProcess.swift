import CLinux
import Glibc

/// The clock of one process: the way to its vDSO, and what is written there.
struct BentProcess {
    let number: Int32
    let memory: ProcessMemory
    /// Where the process has its vDSO.
    let vdso: UInt64
    private let detour: ClockDetour
    private let stragglers: Stragglers

    enum Failure: Error {
        case gone
        case impossible(String)
    }

    /// Finds the vDSO of a process.
    init(_ number: Int32, _ detour: ClockDetour, _ stragglers: Stragglers) throws(Failure) {
        guard let auxiliary = readFile("/proc/\(number)/auxv"), !auxiliary.isEmpty else { throw .gone }
        guard let memory = ProcessMemory(process: number) else {
            if errno == ENOENT || errno == ESRCH { throw .gone }
            throw .impossible("/proc/\(number)/mem: \(errorText(errno))")
        }
        self.number = number
        self.memory = memory
        self.detour = detour
        self.stragglers = stragglers
        vdso = BentProcess.vdsoAddress(auxiliary) ?? 0
        guard vdso != 0 else {
            memory.close()
            throw .impossible("process \(number) has no 64-bit vDSO")
        }
        guard let head = memory.read(vdso, count: 5) else {
            memory.close()
            throw .gone
        }
        if head != [0x7f, 0x45, 0x4c, 0x46, 2] {
            memory.close()
            throw .impossible("process \(number) is a 32-bit program")
        }
    }

    private static func vdsoAddress(_ auxiliary: [UInt8]) -> UInt64? {
        auxiliary.withUnsafeBytes { bytes in
            for entry in stride(from: 0, to: bytes.count - 15, by: 16)
            where bytes.loadUnaligned(fromByteOffset: entry, as: UInt64.self) == 33 {
                return bytes.loadUnaligned(fromByteOffset: entry + 8, as: UInt64.self)
            }
            return nil
        }
    }

    func close() { memory.close() }

    private func address(_ offset: Int) -> UInt64 { vdso + UInt64(offset) }

    /// Whether the program is still the one that was looked at.
    var isThere: Bool { memory.read(vdso, count: 4) != nil }

    /// Whether its time functions lead to the stub: written there, or inherited from a parent.
    var isDetoured: Bool {
        detour.replacements.allSatisfy { memory.read(address($0.offset), count: $0.detour.count) == $0.detour }
    }

    private var hasStub: Bool { memory.readNumber(address(detour.magicOffset)) == UInt64(lab_stub_magic) }

    /// The setting that is in force in its stub.
    var setting: ClockSetting? {
        guard hasStub, let generation = memory.readNumber(address(detour.generationOffset)),
            let bytes = memory.read(
                address(detour.settingOffset(generation: generation)), count: ClockSetting.byteCount)
        else { return nil }
        return ClockSetting(bytes: bytes)
    }

    /// Puts a setting in force; threads see the old one or the new one, never a mixture.
    /// - Parameter thread: a stopped thread of it, if there is one.
    func write(_ setting: ClockSetting, through thread: Int32?) throws(Failure) {
        guard let generation = memory.readNumber(address(detour.generationOffset)) else { throw .gone }
        try write(detour.settingOffset(generation: generation + 1), setting.bytes, thread)
        try write(detour.generationOffset, withUnsafeBytes(of: generation + 1) { Array($0) }, thread)
    }

    private func write(_ offset: Int, _ bytes: [UInt8], _ thread: Int32?) throws(Failure) {
        let done =
            if let thread {
                memory.write(address(offset), bytes, through: thread)
            } else {
                memory.write(address(offset), bytes)
            }
        if !done { throw isThere ? .impossible("the kernel keeps its code from being written to") : .gone }
    }

    /// Puts the stub in, without leading anything to it: nobody executes those bytes yet.
    func placeStub(through thread: Int32?) throws(Failure) {
        if !hasStub { try write(detour.stubOffset, detour.stub, thread) }
    }

    /// Leads the time functions to the stub. All threads must be stopped, none inside the replaced bytes.
    func insertDetour(_ setting: ClockSetting, through thread: Int32) throws(Failure) {
        try placeStub(through: thread)
        try write(setting, through: thread)
        for replacement in detour.replacements { try write(replacement.offset, replacement.detour, thread) }
    }

    /// Leads the time functions back. Threads inside the stub finish there. The same conditions.
    func removeDetour(through thread: Int32) throws(Failure) {
        try write(ClockSetting.none, through: thread)
        for replacement in detour.replacements { try write(replacement.offset, replacement.original, thread) }
    }

    /// Stops the process, calls `body` with one of its threads, and lets it go on.
    func whileStopped(_ body: (_ thread: Int32) throws(Failure) -> Void) throws(Failure) {
        do throws(StoppedProcess.Failure) {
            var stopped = try StoppedProcess(number, stragglers)
            defer { stopped.release() }
            try stopped.leave(
                detour.replacements.map { address($0.offset)..<address($0.offset + $0.detour.count) })
            do throws(Failure) { try body(stopped.anyThread) } catch {
                if case .impossible(let reason) = error { throw .refused(reason) }
                throw .gone
            }
        } catch {
            switch error {
            case .gone: throw .gone
            case .refused(let reason): throw .impossible("process \(number): \(reason)")
            case .stuck(let threads):
                throw .impossible("threads \(threads) of process \(number) do not come back from the kernel")
            }
        }
    }

    /// What the process itself sees, in nanoseconds ahead of the true time; nil where that cannot be read now.
    func measuredOffset() -> Int64? {
        guard (try? placeStub(through: nil)) != nil else { return nil }
        return ClockMeasurement(
            process: number, memory: memory, vdso: vdso, detour: detour, stragglers: stragglers
        ).offset()
    }
}
