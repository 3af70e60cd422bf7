import Glibc

/// The control groups of one node, as its agent uses them.
struct ControlGroup {
    let places: ControlGroups.Places

    static func shareFile(_ place: ControlGroups.Place) -> String {
        place.version == 2 ? "cpu.max" : "cpu.cfs_quota_us"
    }

    static func memoryFile(_ place: ControlGroups.Place) -> String {
        place.version == 2 ? "memory.max" : "memory.limit_in_bytes"
    }

    private static func read(_ place: ControlGroups.Place, _ file: String) -> String? {
        readFile(place.folder + "/" + file).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func write(_ place: ControlGroups.Place, _ file: String, _ text: String) -> Int32 {
        writeFile(place.folder + "/" + file, text)
    }

    /// The number behind a word at the beginning of a line.
    static func field(_ name: String, of text: String?) -> Int64 {
        for line in text?.split(separator: "\n") ?? [] {
            let parts = line.split(separator: " ")
            if parts.count == 2, parts[0] == name { return Int64(parts[1]) ?? 0 }
        }
        return 0
    }

    /// Puts a process into all groups, where its children will be too. 0, or an errno.
    func add(_ process: Int32) -> Int32 {
        for folder in places.folders {
            let code = writeFile(folder + "/cgroup.procs", String(process))
            // It has ended meanwhile.
            if code != 0 && code != ESRCH { return code }
        }
        return 0
    }

    // MARK: Processor

    /// Quota and period in microseconds for so many millionths of a processor. Short periods, so that no stop is long;
    /// the kernel takes no quota below a thousandth of a second.
    static func quota(share: Int64) -> (quota: Int64, period: Int64) {
        let share = max(1, share)
        let period = min(1_000_000, max(20_000, 1000 * 1_000_000 / share))
        return (max(1000, period * share / 1_000_000), period)
    }

    /// Sets the share in millionths of a processor; nil: no limit. 0, or an errno.
    func setShare(_ share: Int64?) -> Int32 {
        guard let place = places.processor else { return ENOTSUP }
        let numbers = share.map(ControlGroup.quota)
        if place.version == 2 {
            return ControlGroup.write(
                place, "cpu.max", numbers.map { "\($0.quota) \($0.period)" } ?? "max 100000")
        }
        if let numbers {
            // First without limit: period and quota must fit together at every moment.
            _ = ControlGroup.write(place, "cpu.cfs_quota_us", "-1")
            let code = ControlGroup.write(place, "cpu.cfs_period_us", String(numbers.period))
            if code != 0 { return code }
        }
        return ControlGroup.write(place, "cpu.cfs_quota_us", String(numbers?.quota ?? -1))
    }

    /// The share in force, in millionths of a processor; nil: no limit.
    var share: Int64? {
        guard let place = places.processor else { return nil }
        let numbers: [Int64]
        if place.version == 2 {
            numbers = (ControlGroup.read(place, "cpu.max") ?? "").split { $0 == " " || $0 == "\n" }.compactMap {
                Int64($0)
            }
        } else {
            numbers = ["cpu.cfs_quota_us", "cpu.cfs_period_us"].compactMap { file in
                ControlGroup.read(place, file).flatMap { Int64($0.prefix { $0 != "\n" }) }
            }
        }
        guard numbers.count == 2, numbers[0] > 0, numbers[1] > 0 else { return nil }
        return numbers[0] * 1_000_000 / numbers[1]
    }

    /// How often the group was held up, and for how many nanoseconds.
    var throttled: (count: Int64, time: Int64) {
        guard let place = places.processor, let text = ControlGroup.read(place, "cpu.stat") else { return (0, 0) }
        let time =
            place.version == 2
            ? ControlGroup.field("throttled_usec", of: text) * 1000 : ControlGroup.field("throttled_time", of: text)
        return (ControlGroup.field("nr_throttled", of: text), time)
    }

    // MARK: Memory

    /// Sets how many bytes may be in use; nil: no limit. Version 1 refuses to go below what is in use: it gets the
    /// least that it takes, so that the next want of memory meets the limit. 0, or an errno.
    func setMemory(_ bytes: Int64?) -> Int32 {
        guard let place = places.memory else { return ENOTSUP }
        if place.version == 2 {
            // Swapping would make a limit a matter of speed.
            _ = ControlGroup.write(place, "memory.swap.max", bytes == nil ? "max" : "0")
            return ControlGroup.write(place, "memory.max", bytes.map { String($0) } ?? "max")
        }
        guard let bytes else {
            _ = ControlGroup.write(place, "memory.memsw.limit_in_bytes", "-1")
            return ControlGroup.write(place, "memory.limit_in_bytes", "-1")
        }
        var code: Int32 = 0
        for slack: Int64 in [0, 0, 64 << 10, 256 << 10, 1 << 20, 4 << 20] {
            code = ControlGroup.write(
                place, "memory.limit_in_bytes", String(max(bytes, slack == 0 ? 0 : usedMemory + slack)))
            if code != EBUSY { break }
        }
        if code == 0 { _ = ControlGroup.write(place, "memory.memsw.limit_in_bytes", String(memoryLimit ?? bytes)) }
        return code
    }

    /// Bytes; nil: no limit.
    var memoryLimit: Int64? {
        guard let place = places.memory, let text = ControlGroup.read(place, ControlGroup.memoryFile(place)),
            let bytes = Int64(text.prefix { $0 != "\n" }), bytes < 1 << 60
        else { return nil }
        return bytes
    }

    /// Bytes in use, of what was taken since the processes are in the group.
    var usedMemory: Int64 {
        guard let place = places.memory else { return 0 }
        let file = place.version == 2 ? "memory.current" : "memory.usage_in_bytes"
        return ControlGroup.read(place, file).flatMap { Int64($0.prefix { $0 != "\n" }) } ?? 0
    }

    /// Processes that the kernel has killed for want of memory.
    var outOfMemoryKills: Int64 {
        guard let place = places.memory else { return 0 }
        let file = place.version == 2 ? "memory.events" : "memory.oom_control"
        return ControlGroup.field("oom_kill", of: ControlGroup.read(place, file))
    }
}
