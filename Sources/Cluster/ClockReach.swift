import Glibc
import Synchronization

/// What of a node's time no bent clock reaches: system calls that a program makes itself instead of asking the vDSO,
/// and waits until a point in time that the kernel reads off the true clock.
///
/// The files of the running processes are searched, and their threads looked at once. What is only possible is said
/// with "may".
enum ClockReach {
    private struct FileKey: Hashable {
        var device: UInt64
        var number: UInt64
    }

    /// What a file says about itself.
    private struct Findings {
        var calls = ClockCalls.Found()
        var waits: [String] = []
    }

    /// Nodes run the same files, and files do not change during a run.
    private static let known = Mutex<[FileKey: Findings]>([:])

    /// Functions that may wait until a time of the real clock.
    private static let waitingFunctions = [
        "pthread_cond_timedwait", "pthread_mutex_timedlock", "sem_timedwait", "mq_timedreceive", "clock_nanosleep",
        "timerfd_settime", "timer_settime",
    ]

    /// One sentence for each thing found.
    /// - Parameter processes: of the node, as this process numbers them.
    static func warnings(node: String, processes: [Int32]) -> [String] {
        var sentences: [String] = []
        func add(_ sentence: String) {
            let whole = "\(node): \(sentence)"
            if !sentences.contains(whole) { sentences.append(whole) }
        }
        for process in processes {
            for path in codeFiles(of: process) {
                guard let findings = findings("/proc/\(process)/root" + path, isSystem: isSystem(path)) else {
                    continue
                }
                let name = path.split(separator: "/").last.map(String.init) ?? path
                let direct = findings.calls.direct.sorted().joined(separator: ", ")
                if !direct.isEmpty {
                    add("\(name) makes the system call \(direct) itself: what it learns there is the true time")
                }
                let argument = findings.calls.argument.sorted().joined(separator: ", ")
                if !argument.isEmpty {
                    add("\(name) may make the system call \(argument) itself: what it learns there is the true time")
                }
                if !findings.waits.isEmpty {
                    add(
                        "\(name) may wait until a time of the true clock (\(findings.waits.joined(separator: ", "))): "
                            + "a bent clock moves no such wait")
                }
            }
            for wait in ThreadWaits.ofTrueClock(process) {
                add(
                    "\(programName(process)) waits until a time of the true clock (\(wait)): a bent clock moves no such "
                        + "wait")
            }
        }
        return sentences
    }

    private static func programName(_ process: Int32) -> String {
        guard let name = readFile("/proc/\(process)/comm") else { return "process \(process)" }
        return String(decoding: name.filter { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    /// Files whose code the process has mapped, without the libraries that ask the vDSO for every program.
    private static func codeFiles(of process: Int32) -> [String] {
        guard let maps = readFile("/proc/\(process)/maps", limit: 1 << 24) else { return [] }
        var paths: [String] = []
        for line in String(decoding: maps, as: UTF8.self).split(separator: "\n") {
            let fields = line.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true)
            guard fields.count == 6, fields[1].contains("x"), fields[5].contains("/") else { continue }
            let path = String(fields[5].drop { $0 == " " })
            let name = path.split(separator: "/").last ?? ""
            let isClockLibrary =
                name.hasPrefix("libc.so") || name.hasPrefix("libc-") || name.hasPrefix("ld-")
                || name.hasPrefix("libpthread")
            if !isClockLibrary && !paths.contains(path) { paths.append(path) }
        }
        return paths
    }

    /// Libraries of the machine wait for all kinds of programs: that they could says nothing.
    private static func isSystem(_ path: String) -> Bool {
        path.contains(".so") && ["/lib/", "/lib64/", "/usr/lib/", "/usr/lib64/"].contains { path.hasPrefix($0) }
    }

    private static func findings(_ path: String, isSystem: Bool) -> Findings? {
        var information = stat()
        guard stat(path, &information) == 0 else { return nil }
        let key = FileKey(device: UInt64(information.st_dev), number: UInt64(information.st_ino))
        if let found = known.withLock({ $0[key] }) { return found }
        guard let file = ElfFile(path: path) else { return nil }
        var findings = Findings()
        // Who knows the vDSO makes the system call where there is none.
        let knowsClock = ["__vdso_clock_gettime", "__vdso_gettimeofday", "__kernel_clock_gettime"].contains {
            file.contains($0)
        }
        if !knowsClock {
            file.forEachCode { ClockCalls.find($0, into: &findings.calls) }
            if file.linkedNames(among: ["syscall"]).isEmpty { findings.calls.argument = [] }
        }
        if !isSystem { findings.waits = file.linkedNames(among: waitingFunctions) }
        let result = findings
        known.withLock { $0[key] = result }
        return result
    }
}
