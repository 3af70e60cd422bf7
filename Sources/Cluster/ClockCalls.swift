/// Machine code that asks the kernel for the time without the vDSO: the number of such a system call is put into the
/// register that system calls take it from, and the call follows within a few instructions. A heuristic: data between
/// code may look alike, and a number that is computed is not seen.
enum ClockCalls {
    /// Of x86-64, then of arm64, which has no time().
    static let names = ["clock_gettime", "gettimeofday", "time"]
    private static let intelNumbers: [UInt8] = [228, 96, 201]
    private static let armNumbers: [UInt32] = [113, 169]

    struct Found: Hashable {
        /// Names of the calls that are made.
        var direct: Set<String> = []
        /// Names of those whose number is the first argument of a function; that it is `syscall` must be known
        /// otherwise.
        var argument: Set<String> = []
    }

    static func find(_ code: UnsafeRawBufferPointer, into found: inout Found) {
        #if arch(arm64)
            findArm(code, into: &found)
        #else
            findIntel(code, into: &found)
        #endif
    }

    /// `mov $NUMBER, %eax` with `syscall` soon after it; `mov $NUMBER, %edi` with a call soon after it.
    static func findIntel(_ code: UnsafeRawBufferPointer, into found: inout Found) {
        let reach = 24
        guard code.count > reach + 5 else { return }
        for position in 0..<(code.count - reach - 5) {
            let first = code[position]
            guard first == 0xb8 || first == 0xbf, code[position + 2] == 0, code[position + 3] == 0,
                code[position + 4] == 0, let index = intelNumbers.firstIndex(of: code[position + 1])
            else { continue }
            let after = (position + 5)..<(position + 5 + reach)
            if first == 0xb8, after.contains(where: { code[$0] == 0x0f && code[$0 + 1] == 0x05 }) {
                found.direct.insert(names[index])
            } else if first == 0xbf, after.contains(where: { code[$0] == 0xe8 }) {
                found.argument.insert(names[index])
            }
        }
    }

    /// `mov w8, #NUMBER` with `svc #0` soon after it; `mov w0, #NUMBER` with a call soon after it.
    static func findArm(_ code: UnsafeRawBufferPointer, into found: inout Found) {
        let count = code.count / 4
        func word(_ index: Int) -> UInt32 { code.loadUnaligned(fromByteOffset: index * 4, as: UInt32.self) }
        for position in 0..<max(0, count - 1) {
            // movz, of 32 or 64 bits, without shift.
            let instruction = word(position) & 0x7fff_ffff
            guard instruction & 0xffe0_0000 == 0x5280_0000,
                let index = armNumbers.firstIndex(of: instruction >> 5 & 0xffff)
            else { continue }
            let after = (position + 1)..<min(position + 7, count)
            if instruction & 31 == 8, after.contains(where: { word($0) == 0xd400_0001 }) {
                found.direct.insert(names[index])
            } else if instruction & 31 == 0, after.contains(where: { word($0) & 0xfc00_0000 == 0x9400_0000 }) {
                found.argument.insert(names[index])
            }
        }
    }
}
