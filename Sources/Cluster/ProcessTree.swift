import Glibc

/// A process, as /proc describes it.
struct ProcessEntry: Identifiable {
    /// Names one process for ever, though its number may be used again.
    struct ID: Hashable {
        var pid: Int32
        /// In clock ticks since the machine began.
        var startTime: UInt64
    }

    var pid: Int32
    var parent: Int32
    /// R, S, D, T, t, Z …
    var state: UInt8
    var threads: Int
    var startTime: UInt64

    var id: ID { ID(pid: pid, startTime: startTime) }

    /// Neither ended nor about to vanish. A process whose first thread has ended lives while others run.
    var isAlive: Bool { state != UInt8(ascii: "X") && (state != UInt8(ascii: "Z") || threads > 1) }

    /// What /proc/PID/stat says. The name, in parentheses, may hold anything, parentheses included.
    init?(statistics text: [UInt8]) {
        guard let open = text.firstIndex(of: UInt8(ascii: "(")), let close = text.lastIndex(of: UInt8(ascii: ")")),
            let pid = Int32(String(decoding: text[..<open].dropLast(), as: UTF8.self))
        else { return nil }
        let fields = text[(close + 1)...].split(separator: UInt8(ascii: " ")).map {
            String(decoding: $0, as: UTF8.self)
        }
        guard fields.count > 19, let state = fields[0].utf8.first, let parent = Int32(fields[1]),
            let threads = Int(fields[17]), let startTime = UInt64(fields[19])
        else { return nil }
        self.pid = pid
        self.parent = parent
        self.state = state
        self.threads = threads
        self.startTime = startTime
    }
}

/// The processes below one process.
enum ProcessTree {
    /// Every living process below `root`, without it. Orphans of a PID namespace are children of its first process,
    /// so that with that one as the root nobody escapes.
    static func descendants(of root: Int32) -> [ProcessEntry] {
        var byParent: [Int32: [ProcessEntry]] = [:]
        for pid in numbers(in: "/proc") {
            guard let text = readFile("/proc/\(pid)/stat"), let entry = ProcessEntry(statistics: text) else { continue }
            byParent[entry.parent, default: []].append(entry)
        }
        var found: [ProcessEntry] = []
        var parents = [root]
        while let parent = parents.popLast() {
            for child in byParent[parent] ?? [] {
                parents.append(child.pid)
                if child.isAlive { found.append(child) }
            }
        }
        return found.sorted { $0.pid < $1.pid }
    }

    /// The states of all threads of a process; none when it is gone.
    static func threadStates(of pid: Int32) -> [UInt8] {
        numbers(in: "/proc/\(pid)/task").compactMap { thread in
            readFile("/proc/\(pid)/task/\(thread)/stat").flatMap(ProcessEntry.init(statistics:))?.state
        }
    }

    /// The names in a folder that are numbers.
    static func numbers(in folder: String) -> [Int32] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var numbers: [Int32] = []
        while let entry = Glibc.readdir(stream) {
            let number = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { parse($0) }
            }
            if let number { numbers.append(number) }
        }
        return numbers
    }

    private static func parse(_ name: UnsafePointer<CChar>) -> Int32? {
        var value: Int32 = 0
        var next = name
        guard next.pointee != 0 else { return nil }
        while next.pointee != 0 {
            let digit = Int32(next.pointee) - 48
            guard digit >= 0, digit <= 9, value < 100_000_000 else { return nil }
            value = value * 10 + digit
            next += 1
        }
        return value
    }
}
