import CLinux
import Glibc
import Synchronization

/// The helper on one host: it owns the node's agent, the host's packet filter and, where wanted, its clock, and does what
/// the controller asks. It has one thread. When it has heard nothing for as long as its lease, it undoes everything and
/// ends.
final class HostServer {
    let folder: HostFolder
    /// Nanoseconds.
    private let lease: Int64
    private let listener: Int32
    /// Keeps other runs from the host.
    private let hostLock: HostLock
    private var connection: Int32 = -1
    /// A moment of the monotonic clock.
    private var leaseEnd: Int64
    /// The number of the last request, and what was answered: an answer may be lost with its line.
    private var last: (number: String, answer: [String])?
    /// Tells this helper from one before and one after.
    private let incarnation: String
    let agent: AgentHandle
    var setup: HostRequest.Setup?
    let journal: HostJournal
    var network: HostNetwork?
    var clock: HostClock?
    var probe: HostProbe?
    let groups: ControlGroups
    var hasEnded = false
    /// Whether something is still to be undone, which the guardian then tries.
    private var hasFailed = false

    /// Says to `NodeInit` what this process is for.
    static let word = "host-server"

    /// Set by SIGTERM.
    private static let wasAskedToEnd = Atomic<Bool>(false)

    /// Nanoseconds that a message may take on its way.
    private static let messagePatience = 10

    /// Runs until the controller ends it, or until it has heard nothing for too long.
    /// - Returns: the exit status; 0 when everything has been undone.
    static func main(_ folder: HostFolder, lease: Int64) -> Int32 {
        signal(SIGPIPE, SIG_IGN)
        var action = sigaction()
        action.__sigaction_handler.sa_handler = { _ in HostServer.wasAskedToEnd.store(true, ordering: .relaxed) }
        sigaction(SIGTERM, &action, nil)
        do throws(ClusterError) {
            let server = try HostServer(folder, lease: lease)
            defer { server.shutDown() }
            while !server.hasEnded { server.serve() }
            return server.hasFailed ? 1 : 0
        } catch {
            HostServer.complain(error.description)
            return 1
        }
    }

    /// For the helper's log.
    static func complain(_ text: String) {
        let line = Array((text + "\n").utf8)
        _ = line.withUnsafeBytes { write(2, $0.baseAddress!, $0.count) }
    }

    private init(_ folder: HostFolder, lease: Int64) throws(ClusterError) {
        self.folder = folder
        self.lease = lease
        journal = HostJournal(folder)
        hostLock = try HostLock(folder)
        // What a helper before has left, which can only be one that was killed.
        _ = HostHealing.undo(folder)
        incarnation = String(UInt64.random(in: .min ... .max), radix: 16)
        listener = try HostSocket.listen(folder.socket)
        leaseEnd = lab_monotonic_time() + lease
        let journal = journal
        let label = "\(HostTime.now.boot.prefix(8))-\(getpid())"
        groups = ControlGroups(label: label) { path in
            do throws(ClusterError) {
                try journal.append([.group(path)])
                return true
            } catch {
                return false
            }
        }
        agent = try AgentHandle(nodeName: "node", isOnHost: true)
        _ = try agent.receive()
        try journal.append([getpid(), agent.process].compactMap { HostJournal.Entry(process: $0) })
    }

    /// Waits for one request, a new line, or the end of the lease.
    private func serve() {
        var polled = [
            pollfd(fd: listener, events: Int16(POLLIN), revents: 0),
            pollfd(fd: connection, events: Int16(POLLIN), revents: 0),
        ]
        let rest = leaseEnd - lab_monotonic_time()
        if rest <= 0 || HostServer.wasAskedToEnd.load(ordering: .relaxed) {
            if rest <= 0 { HostServer.complain("nothing was heard of the controller for \(lease / 1_000_000) ms") }
            hasFailed = !undo().isEmpty
            hasEnded = true
            return
        }
        // In pieces: SIGTERM may come between the look at it and the sleep.
        guard poll(&polled, 2, Int32(min(500, rest / 1_000_000 + 1))) > 0 else { return }
        if polled[0].revents != 0 { accept() }
        if polled[1].revents != 0, polled[1].fd == connection { answerOne() }
    }

    /// The newest line is the controller's.
    private func accept() {
        let fresh = Glibc.accept(listener, nil, nil)
        guard fresh >= 0 else { return }
        _ = fcntl(fresh, F_SETFD, FD_CLOEXEC)
        if connection >= 0 { close(connection) }
        connection = fresh
        var patience = timeval(tv_sec: HostServer.messagePatience, tv_usec: 0)
        setsockopt(fresh, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(fresh, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        let silence = lab_monotonic_time() - (leaseEnd - lease)
        send(["hello", incarnation, String(silence), String(lease)])
    }

    private func answerOne() {
        do throws(ControlChannel.Failure) {
            let words = try ControlChannel(descriptor: connection).receive()
            leaseEnd = lab_monotonic_time() + lease
            guard let number = words.first else { throw .system(EPROTO) }
            if last?.number != number { last = (number, [number] + answer(Array(words.dropFirst()))) }
            send(last!.answer)
            // What it did may have taken long.
            leaseEnd = lab_monotonic_time() + lease
        } catch {
            close(connection)
            connection = -1
        }
    }

    private func send(_ words: [String]) {
        do throws(ControlChannel.Failure) {
            try ControlChannel(descriptor: connection).send(words)
        } catch {
            close(connection)
            connection = -1
        }
    }

    private func answer(_ words: [String]) -> [String] {
        guard let request = HostRequest(words: words) else {
            return NodeAnswer.failed(step: "understand", message: "its helper does not know \(words.prefix(1))").words
        }
        do throws(ClusterError) {
            return try carryOut(request)
        } catch {
            return NodeAnswer.failed(step: error.step, message: error.message).words
        }
    }

    private func shutDown() {
        agent.beginEnd()
        agent.join()
        if connection >= 0 { close(connection) }
        close(listener)
        unlink(folder.socket)
    }
}

extension HostJournal.Entry {
    /// A process that runs; nil where it does not.
    init?(process number: Int32) {
        guard let text = readFile("/proc/\(number)/stat"), let entry = ProcessEntry(statistics: text) else {
            return nil
        }
        self = .process(number, began: entry.startTime)
    }
}
