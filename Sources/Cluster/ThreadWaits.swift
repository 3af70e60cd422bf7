import Glibc

/// Waits of running threads that end at a time of the true clock, as the kernel shows them.
enum ThreadWaits {
    #if arch(arm64)
        private static let futex = 98
        private static let nanosleep = 115
    #else
        private static let futex = 202
        private static let nanosleep = 230
    #endif

    /// What the process waits in, each kind once: `futex`, `clock_nanosleep`, `timerfd`, `timer`.
    static func ofTrueClock(_ process: Int32) -> [String] {
        var kinds: [String] = []
        for thread in ProcessTree.numbers(in: "/proc/\(process)/task") {
            guard let text = readFile("/proc/\(process)/task/\(thread)/syscall"),
                let kind = kind(String(decoding: text, as: UTF8.self)), !kinds.contains(kind)
            else { continue }
            kinds.append(kind)
        }
        if hasTimerDescriptor(process) { kinds.append("timerfd") }
        if let timers = readFile("/proc/\(process)/timers"),
            String(decoding: timers, as: UTF8.self).split(separator: "\n").contains("ClockID: 0")
        {
            kinds.append("timer")
        }
        return kinds
    }

    /// - Parameter text: the number of a system call and its arguments, as in /proc/PID/syscall.
    static func kind(_ text: String) -> String? {
        let fields = text.split { $0 == " " || $0 == "\n" }
        guard fields.count >= 7, let number = Int(fields[0]) else { return nil }
        let arguments = fields[1...6].map { UInt64($0.dropFirst(2), radix: 16) ?? 0 }
        switch number {
        case futex:
            // FUTEX_WAIT_BITSET with FUTEX_CLOCK_REALTIME and a time; FUTEX_LOCK_PI knows no other clock.
            let operation = arguments[1] & 0x7f
            let isReal = operation == 9 && arguments[1] & 0x100 != 0 || operation == 6
            return isReal && arguments[3] != 0 ? "futex" : nil
        case nanosleep:
            // CLOCK_REALTIME, TIMER_ABSTIME.
            return arguments[0] == 0 && arguments[1] & 1 == 1 ? "clock_nanosleep" : nil
        default: return nil
        }
    }

    private static func hasTimerDescriptor(_ process: Int32) -> Bool {
        for descriptor in ProcessTree.numbers(in: "/proc/\(process)/fd") {
            var target = [UInt8](repeating: 0, count: 64)
            let length = target.withUnsafeMutableBytes { room in
                readlink("/proc/\(process)/fd/\(descriptor)", room.baseAddress!.assumingMemoryBound(to: CChar.self), 64)
            }
            guard length > 0, String(decoding: target[..<length], as: UTF8.self) == "anon_inode:[timerfd]",
                let text = readFile("/proc/\(process)/fdinfo/\(descriptor)")
            else { continue }
            let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
            if lines.contains("clockid: 0"), lines.contains("settime flags: 01") { return true }
        }
        return false
    }
}
