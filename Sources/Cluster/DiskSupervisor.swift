import CLinux
import Glibc

/// A process beside a node that is asked about every call with which the node's processes change files or bring them
/// to the disk. It applies the rules, and keeps what a power failure would leave.
struct DiskSupervisor {
    private let channel: ControlChannel
    let paths: SupervisedPaths
    private let settings: DiskSupervision
    var files: DiskFiles
    var names = DiskNames()
    var faults = SystemCallFaults()
    var durability: DurabilityCounters
    /// Where the calls of the node's present processes arrive; -1: there are none.
    private var listener: Int32 = -1
    /// Process 1 of the node.
    private var keeper: Int32 = 0
    /// Whether one of the present processes has met a call at which the node was to crash.
    private var hasMetCrashPoint = false
    /// Whether calls have ever been handed over.
    private var hasWatched = false
    /// Descriptors of these numbers are watched.
    var numbers = WatchedNumbers()
    /// Calls that wait, in no order; few.
    private var delayed: [(due: Int64, call: DiskCall, outcome: SystemCallFaults.Outcome)] = []

    /// The word that makes a process of the lab a supervisor. Behind it: the data directory, and the words of a
    /// `DiskSupervision`.
    static let word = "disk"

    static func main(_ channel: ControlChannel, _ words: [String]) -> Never {
        lab_close_from(4)
        _ = fcntl(channel.descriptor, F_SETFD, FD_CLOEXEC)
        _ = lab_die_with_parent()
        signal(SIGPIPE, SIG_IGN)
        raiseDescriptorLimit()
        guard let settings = DiskSupervision(words: words.dropFirst()) else { exit(254) }
        var supervisor = DiskSupervisor(channel, folder: words[0], settings)
        do {
            while true { try supervisor.serve() }
        } catch {
            // The agent is gone, and the node with it.
            exit(0)
        }
    }

    private init(_ channel: ControlChannel, folder: String, _ settings: DiskSupervision) {
        self.channel = channel
        self.settings = settings
        paths = SupervisedPaths(folder: folder)
        files = DiskFiles(folder: folder)
        durability = DurabilityCounters()
        if settings.level >= .writes {
            durability.writes = 0
            durability.bytesWritten = 0
        }
    }

    /// Every followed file takes two.
    private static func raiseDescriptorLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(7), &limit) == 0 else { return }  // RLIMIT_NOFILE
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(7), &limit)
    }

    // MARK: Events

    private mutating func serve() throws(ControlChannel.Failure) {
        var polled = [pollfd(fd: channel.descriptor, events: Int16(POLLIN), revents: 0)]
        if listener >= 0 { polled.append(pollfd(fd: listener, events: Int16(POLLIN), revents: 0)) }
        var patience: Int32 = -1
        if let due = delayed.map(\.due).min() {
            patience = Int32(clamping: (max(0, due - lab_monotonic_time()) + 999_999) / 1_000_000)
        }
        poll(&polled, nfds_t(polled.count), patience)
        releaseDelayed()
        if listener >= 0 { takeCalls() }
        if polled[0].revents != 0 { try answerAgent() }
    }

    private mutating func takeCalls() {
        var call = lab_supervised_call()
        for _ in 0..<64 {
            switch lab_supervision_receive(listener, &call) {
            case 0: judge(call)
            case EAGAIN: return
            case ESRCH:
                // No process of the node is left.
                detach()
                return
            default: continue
            }
        }
    }

    private mutating func detach() {
        if listener >= 0 { close(listener) }
        listener = -1
        delayed = []
    }

    private mutating func releaseDelayed() {
        guard !delayed.isEmpty else { return }
        let now = lab_monotonic_time()
        let due = delayed.filter { $0.due <= now }.sorted { $0.due < $1.due }
        delayed.removeAll { $0.due <= now }
        for item in due where lab_supervision_waits(listener, item.call.raw.id) { conclude(item.call, item.outcome) }
    }

    private mutating func judge(_ raw: lab_supervised_call) {
        files.notice(raw.thread)
        guard let call = describe(raw) else {
            _ = lab_supervision_continue(listener, raw.id)
            return
        }
        var verdict = SystemCallFaults.Verdict()
        if !faults.isEmpty, let kind = call.kind {
            verdict = faults.judge(kind, call.paths, length: call.length, creates: call.creates)
        }
        if verdict.delay > 0 {
            delayed.append((lab_monotonic_time() + verdict.delay, call, verdict.outcome))
        } else {
            conclude(call, verdict.outcome)
        }
    }

    /// Does what is to be done with a call, and answers it.
    private mutating func conclude(_ call: DiskCall, _ outcome: SystemCallFaults.Outcome) {
        let answer: DiskCall.Answer
        var crashes = false
        switch outcome {
        case .proceed: answer = carryOut(call, forced: false)
        case .fail(let code): answer = .failure(code)
        case .crashBefore:
            (answer, crashes) = (.none, true)
        case .crashAfter:
            (answer, crashes) = (carryOut(call, forced: true), true)
        case .flip(let bit):
            countWrite(call.length)
            answer = write(call, limit: call.length, flipping: bit)
        case .part(let count, let then):
            countWrite(count)
            let partial = count == 0 ? .result(0) : write(call, limit: count, flipping: nil)
            switch then {
            case .success: answer = partial
            case .inputOutputError: answer = .failure(EIO)
            case .crash: (answer, crashes) = (.none, true)
            }
        }
        if crashes {
            if case .descriptor(let own, _, _) = answer { close(own) }
            hasMetCrashPoint = true
            if keeper > 1 { kill(keeper, SIGKILL) }
            return
        }
        reply(call, answer)
    }

    private mutating func reply(_ call: DiskCall, _ answer: DiskCall.Answer) {
        switch answer {
        case .none: break
        case .goOn: _ = lab_supervision_continue(listener, call.raw.id)
        case .result(let value): _ = lab_supervision_answer(listener, call.raw.id, value, 0)
        case .failure(let code): _ = lab_supervision_answer(listener, call.raw.id, 0, code)
        case .descriptor(let own, let number, let closes):
            let code = lab_supervision_answer_descriptor(listener, call.raw.id, own, number, closes)
            close(own)
            // Nothing can be given to a process that has no room for it.
            if code != 0 && code != ENOENT { reply(call, withoutDescriptor(call)) }
        }
    }

    // MARK: Requests

    private mutating func answerAgent() throws(ControlChannel.Failure) {
        let words = try channel.receive()
        switch words.first {
        case "attach":
            detach()
            keeper = words.count > 1 ? Int32(words[1]) ?? 0 : 0
            listener = lab_descriptor_receive(channel.descriptor)
            guard listener >= 0 else { throw .system(-listener) }
            hasWatched = true
            hasMetCrashPoint = false
            chooseNumbers(words.count > 2 ? Int32(words[2]) ?? 0 : 0)
            try channel.send(["done"])
        case "rules":
            var rules: [SystemCallRule] = []
            for start in stride(from: 1, to: words.count, by: SystemCallRule.wordCount) {
                let end = min(start + SystemCallRule.wordCount, words.count)
                if let rule = SystemCallRule(words: words[start..<end]) { rules.append(rule) }
            }
            faults.set(rules)
            try channel.send(["done"])
        case "counters":
            try channel.send(
                ["counters"]
                    + faults.counters.flatMap { [String($0.matched), String($0.hit), String($0.lastHit)] })
        case "crash-point": try channel.send(["crash-point", String(hasMetCrashPoint)])
        case "durability" where !hasWatched:
            try channel.send(["failed", "its system calls could not be watched"])
        case "durability":
            try channel.send(
                [
                    "durability", durability.writes.map { String($0) } ?? "",
                    durability.bytesWritten.map { String($0) } ?? "", String(durability.syncs),
                ] + durability.syncTimes.map { String($0) })
        case "power-failure":
            detach()
            var proof = PowerFailureProof()
            let failure = PowerFailure(words: words.dropFirst()) ?? PowerFailure()
            files.rollBack(failure, &proof)
            names.rollBack(&files, folder: paths.folder, &proof)
            try channel.send(["proof"] + proof.words)
        default:
            try channel.send(["failed", "the disk supervisor does not know \(words.first ?? "nothing")"])
        }
    }

    private mutating func chooseNumbers(_ program: Int32) {
        numbers = WatchedNumbers(lab_supervised_descriptors(program), leavesAppends: settings.level == .changes)
    }

    // MARK: Durability

    var losesUnsyncedNames: Bool { settings.losesUnsyncedNames }
    /// Whether it is known which files are written.
    var watchesChanges: Bool { settings.level >= .changes }

    mutating func countSync() {
        durability.syncs += 1
        durability.syncTimes.append(lab_monotonic_time())
    }

    mutating func countWrite(_ bytes: Int) {
        guard let writes = durability.writes, let total = durability.bytesWritten else { return }
        durability.writes = writes + 1
        durability.bytesWritten = total + Int64(bytes)
    }
}
