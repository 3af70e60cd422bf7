import CLinux

/// The clocks of a machine at one moment.
struct HostTime: Hashable, Sendable {
    /// Nanoseconds of the wall clock.
    var real: Int64
    /// Nanoseconds of the monotonic clock.
    var monotonic: Int64
    /// Which boot of which kernel: machines with the same one share their wall clock.
    var boot: String

    static var now: HostTime {
        let boot = readFile("/proc/sys/kernel/random/boot_id").map { String(decoding: $0, as: UTF8.self) } ?? ""
        return HostTime(
            real: lab_real_time(), monotonic: lab_monotonic_time(),
            boot: String(boot.filter { !$0.isWhitespace }))
    }

    init(real: Int64, monotonic: Int64, boot: String) {
        self.real = real
        self.monotonic = monotonic
        self.boot = boot
    }

    var words: [String] { [String(real), String(monotonic), boot] }

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 3, let real = Int64(words[0]), let monotonic = Int64(words[1]) else { return nil }
        self.init(real: real, monotonic: monotonic, boot: words[2])
    }
}
