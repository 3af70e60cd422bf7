import CSSH2
import Synchronization

/// The life of a connection that is let in: opens channels, moves their bytes, keeps the line alive.
final class ConnectionLoop {
    private let driver: SessionDriver
    private let core: ConnectionCore
    private let destination: SSHDestination
    private var live: [LiveChannel] = []
    private var waiting: [ChannelPipe] = []
    /// libssh2 opens one channel at a time.
    private var opening: ChannelPipe?
    /// How many sessions the server allows at once; OpenSSH's `MaxSessions` is 10 where nobody changed it. One is kept
    /// for commands that end others.
    private var sessionLimit = 10
    /// When a session ended last, and when to try again after a refusal that came just then.
    private var lastEnd: Deadline?
    private var nextAttempt: Deadline?
    private var scratch = [UInt8](repeating: 0, count: 1 << 17)
    private var nextQuestion: Deadline
    private var questions = 0

    private static let window: UInt32 = 4 << 20
    private static let packet: UInt32 = 32_768
    /// Answers to signs of life are read when a channel is used. So many unread bytes are worth a channel of their own.
    private static let idleLimit = 1 << 16

    init(_ driver: SessionDriver, _ core: ConnectionCore, _ destination: SSHDestination) {
        self.driver = driver
        self.core = core
        self.destination = destination
        nextQuestion = Deadline(after: destination.keepAliveInterval ?? .seconds(3_600))
        libssh2_keepalive_config(driver.session, 1, 1)
    }

    /// Serves until the connection ends.
    func run() {
        let end = serve()
        driver.wire.flush(driver.buffers)
        core.end(end)
        for channel in live { fail(channel.pipe, end) }
        for pipe in waiting + (opening.map { [$0] } ?? []) { fail(pipe, end) }
    }

    /// A channel of a lost connection: what had been asked for may have been done.
    private func fail(_ pipe: ChannelPipe, _ end: SSHError) {
        let wasRequested = pipe.state.withLock { $0.wasRequested }
        pipe.end(
            .failed(
                SSHError(
                    end.kind, host: end.host, step: end.step,
                    wasRequested
                        ? "\(end.reason); whether what was under way took effect is not known"
                        : "\(end.reason); what was asked for had not begun",
                    remedy: end.remedy, isOutcomeUnknown: wasRequested)))
    }

    private func serve() -> SSHError {
        while true {
            if core.isStopped {
                libssh2_session_disconnect_ex(driver.session, SSH_DISCONNECT_BY_APPLICATION, "done", "")
                return lost("the connection was closed on this side", remedy: nil)
            }
            driver.exchange()
            waiting.append(contentsOf: core.takeArrivals())
            dropAbandoned()
            guard open(), stepAll() else { return lost(driver.lineEnd ?? driver.lastError) }
            if driver.buffers.ending != nil, driver.buffers.unreadCount == 0 || (live.isEmpty && opening == nil) {
                return lost(driver.lineEnd ?? driver.lastError)
            }
            if let silence = askForLife() { return silence }
            driver.wire.flush(driver.buffers)
            driver.sleep(until: nextAttempt.map { min($0, nextQuestion) } ?? nextQuestion)
        }
    }

    private func lost(_ reason: String, remedy: String? = "Connect again.") -> SSHError {
        SSHError(.connectionLost, host: core.host, step: "use the connection", reason, remedy: remedy)
    }

    private func dropAbandoned() {
        waiting.removeAll { pipe in
            guard pipe.state.withLock({ $0.isAbandoned }) else { return false }
            pipe.end(
                .failed(
                    SSHError(.cancelled, host: core.host, step: "wait for a channel", "given up before it began")))
            return true
        }
        if live.isEmpty, waiting.isEmpty, opening == nil, driver.buffers.unreadCount > ConnectionLoop.idleLimit {
            enqueueFirst("exit 0", [])
        }
    }

    private func enqueueFirst(_ command: String, _ input: [UInt8]) {
        waiting.insert(
            ChannelPipe(.killing(command, input: input), user: .caller(Signal()), connection: core.news), at: 0)
    }

    /// Opens channels as far as the server allows; false when the connection is lost.
    private func open() -> Bool {
        if let moment = nextAttempt {
            guard moment.hasPassed else { return true }
            nextAttempt = nil
        }
        while nextAttempt == nil {
            if opening == nil {
                guard let index = waiting.firstIndex(where: mayOpen) else { return true }
                opening = waiting.remove(at: index)
            }
            guard let pipe = opening else { return true }
            if let handle = begin(pipe.purpose) {
                opening = nil
                live.append(LiveChannel(pipe, handle, driver))
                continue
            }
            let code = libssh2_session_last_errno(driver.session)
            if code == LIBSSH2_ERROR_EAGAIN { return true }
            guard code == LIBSSH2_ERROR_CHANNEL_FAILURE else { return false }
            opening = nil
            refused(pipe)
        }
        return true
    }

    private var sessionCount: Int { live.reduce(0) { $0 + ($1.pipe.purpose.isSession ? 1 : 0) } }

    private func mayOpen(_ pipe: ChannelPipe) -> Bool {
        switch pipe.purpose {
        case .tunnel: true
        case .killing: sessionCount < sessionLimit
        case .command, .subsystem: sessionCount < max(1, sessionLimit - 1)
        }
    }

    private func begin(_ purpose: ChannelPurpose) -> OpaquePointer? {
        switch purpose {
        case .tunnel(let host, let port):
            libssh2_channel_direct_tcpip_ex(driver.session, host, Int32(port), "127.0.0.1", 22)
        case .command, .subsystem, .killing:
            libssh2_channel_open_ex(
                driver.session, "session", 7, ConnectionLoop.window, ConnectionLoop.packet, nil, 0)
        }
    }

    /// The server refuses a channel: because there are too many, or because it never allows one.
    private func refused(_ pipe: ChannelPipe) {
        // A server may count a session for a moment after its end.
        if pipe.purpose.isSession, let lastEnd, lastEnd.remaining > -100_000_000 {
            nextAttempt = Deadline(after: .milliseconds(2))
            waiting.insert(pipe, at: 0)
            return
        }
        if pipe.purpose.isSession, sessionCount > 0 {
            sessionLimit = sessionCount
            waiting.insert(pipe, at: 0)
            return
        }
        let reason = driver.lastError
        switch pipe.purpose {
        case .tunnel(let host, let port):
            pipe.end(
                .failed(
                    SSHError(
                        .refused, host: core.host, step: "go on to \(host) port \(port)",
                        "the server makes no connection there (\(reason))",
                        remedy: "See that the host reaches it, and that its sshd_config has AllowTcpForwarding yes.")))
        case .command, .subsystem, .killing:
            pipe.end(
                .failed(
                    SSHError(
                        .refused, host: core.host, step: "open a channel", "the server refuses it (\(reason))",
                        remedy: "See MaxSessions in the host's sshd_config.")))
        }
    }

    /// False when the connection is lost.
    private func stepAll() -> Bool {
        var index = 0
        var hasRoom = false
        while index < live.count {
            let progress = live[index].step(&scratch) { command, input in enqueueFirst(command, input) }
            switch progress {
            case .waiting: index += 1
            case .done:
                if live.remove(at: index).pipe.purpose.isSession { lastEnd = .now }
                hasRoom = true
            case .lost: return false
            }
        }
        // A channel that was freed, or one that is to be killed, makes work that no descriptor will announce.
        return hasRoom || waiting.first.map(mayOpen) == true ? open() : true
    }

    /// Asks the host for a sign of life when it has been silent.
    /// - Returns: that the connection is lost, when it has been silent for too long.
    private func askForLife() -> SSHError? {
        guard let interval = destination.keepAliveInterval else {
            nextQuestion = Deadline(after: .seconds(3_600))
            return nil
        }
        guard nextQuestion.hasPassed else { return nil }
        let lastQuestion = Deadline(nanoseconds: nextQuestion.nanoseconds - Deadline.span(interval))
        questions = driver.heard < lastQuestion ? questions + 1 : 0
        if questions >= destination.keepAliveCount {
            return lost("no sign of life for \(questions) times \(interval)")
        }
        var seconds: Int32 = 0
        libssh2_keepalive_send(driver.session, &seconds)
        nextQuestion = Deadline(after: interval)
        return nil
    }
}
