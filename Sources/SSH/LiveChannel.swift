import CSSH2
import Synchronization

/// An open channel of libssh2, used by the connection's thread only.
final class LiveChannel {
    private enum Stage {
        case requesting
        case open
        /// The other side has been told that it is over.
        case closing
    }

    let pipe: ChannelPipe
    private let handle: OpaquePointer
    private let driver: SessionDriver
    private var stage: Stage
    private var preamble: CommandPreamble?
    private var outgoing: [UInt8] = []
    private var sent = 0
    private var inputIsComplete = false
    private var endOfInputWasSent = false
    private var killingWasAsked = false

    /// What is read at once.
    private static let readSize = 1 << 17
    /// How much may wait for the line before channels wait.
    private static let lineLimit = 1 << 20

    init(_ pipe: ChannelPipe, _ handle: OpaquePointer, _ driver: SessionDriver) {
        self.pipe = pipe
        self.handle = handle
        self.driver = driver
        if case .command(_, let preamble) = pipe.purpose { self.preamble = preamble }
        if case .killing(_, let input) = pipe.purpose {
            outgoing = input
            inputIsComplete = true
        }
        stage = pipe.purpose.isSession ? .requesting : .open
    }

    /// What one step came to.
    enum Progress {
        case waiting
        /// The channel is closed on both sides and freed.
        case done
        /// The whole connection is lost.
        case lost
    }

    /// Does what can be done without waiting.
    /// - Parameter scratch: room for `readSize` bytes.
    /// - Parameter kill: called once, with the command that kills this one and its input.
    func step(_ scratch: inout [UInt8], kill: (String, [UInt8]) -> Void) -> Progress {
        let isAbandoned = pipe.state.withLock { $0.isAbandoned }
        if isAbandoned { cutInput() }
        if case .requesting = stage {
            if isAbandoned, !pipe.state.withLock({ $0.wasRequested }) {
                pipe.end(
                    .failed(
                        SSHError(.cancelled, host: driver.host, step: "start a command", "given up before it began")))
                stage = .closing
            } else if let progress = request() {
                return progress
            }
        }
        if case .open = stage {
            if isAbandoned, preamble == nil {
                stage = .closing
            } else {
                if let progress = transfer(&scratch) { return progress }
                if isAbandoned, !killingWasAsked, let preamble, let group = preamble.group, case .open = stage {
                    killingWasAsked = true
                    if group > 1 { kill(CommandScript.killing(group: group, preamble.sudo), preamble.killingInput) }
                }
            }
        }
        if case .closing = stage { return close() }
        return .waiting
    }

    private func request() -> Progress? {
        let (type, text): (String, String) =
            switch pipe.purpose {
            case .command(let text, _), .killing(let text, _): ("exec", text)
            case .subsystem(let name): ("subsystem", name)
            case .tunnel: preconditionFailure("a tunnel requests nothing")
            }
        pipe.state.withLock { $0.wasRequested = true }
        let code = libssh2_channel_process_startup(
            handle, type, UInt32(type.utf8.count), text, UInt32(text.utf8.count))
        switch code {
        case 0:
            stage = .open
            return nil
        case LIBSSH2_ERROR_EAGAIN: return .waiting
        case LIBSSH2_ERROR_CHANNEL_REQUEST_DENIED, LIBSSH2_ERROR_CHANNEL_FAILURE:
            pipe.end(
                .failed(
                    SSHError(
                        .refused, host: driver.host, step: "start \(type == "exec" ? "a command" : text)",
                        "the server refuses it",
                        remedy: type == "exec"
                            ? "See that the user may run commands there."
                            : "Put \"Subsystem \(text) internal-\(text)\" into the host's sshd_config.")))
            stage = .closing
            return nil
        default: return .lost
        }
    }

    /// Moves bytes in both directions, and sees the end.
    private func transfer(_ scratch: inout [UInt8]) -> Progress? {
        guard write(), read(0, &scratch), read(1, &scratch) else { return .lost }
        // What was read may have brought an answer to send.
        guard write() else { return .lost }
        if let preamble, preamble.wasRefused { cutInput() }
        guard libssh2_channel_eof(handle) == 1 else { return nil }
        switch libssh2_channel_wait_closed(handle) {
        case 0:
            finish()
            return nil
        case LIBSSH2_ERROR_EAGAIN:
            // A tunnel's other side waits for this side to end as well.
            if !pipe.purpose.isSession {
                pipe.end(.exited(0))
                stage = .closing
            }
            return nil
        default: return .lost
        }
    }

    private func cutInput() {
        outgoing = []
        sent = 0
        inputIsComplete = true
    }

    /// False when the connection is lost.
    private func write() -> Bool {
        while true {
            if sent == outgoing.count {
                if sent > 0 {
                    outgoing.removeAll(keepingCapacity: true)
                    sent = 0
                    pipe.inputWasSent()
                }
                // sudo would take the command's input for a password.
                if let preamble, preamble.sudo?.password != nil, !preamble.hasStarted, !inputIsComplete { return true }
                if !inputIsComplete { inputIsComplete = pipe.takeInput(&outgoing) }
                if outgoing.isEmpty { break }
            }
            if driver.buffers.unsentCount > LiveChannel.lineLimit { return true }
            let count = outgoing.withUnsafeBytes { bytes in
                libssh2_channel_write_ex(
                    handle, 0, bytes.baseAddress!.assumingMemoryBound(to: CChar.self) + sent, bytes.count - sent)
            }
            if count == Int(LIBSSH2_ERROR_EAGAIN) { return true }
            if count == Int(LIBSSH2_ERROR_CHANNEL_CLOSED) || count == Int(LIBSSH2_ERROR_CHANNEL_EOF_SENT) {
                cutInput()
                break
            }
            if count < 0 { return false }
            sent += count
        }
        if inputIsComplete, !endOfInputWasSent {
            let code = libssh2_channel_send_eof(handle)
            if code == LIBSSH2_ERROR_EAGAIN { return true }
            endOfInputWasSent = true
        }
        return true
    }

    /// Reads one of the two streams until it has no more or the reader has enough; false when the connection is lost.
    private func read(_ stream: Int32, _ scratch: inout [UInt8]) -> Bool {
        while pipe.wantsBytes() {
            let count = scratch.withUnsafeMutableBytes { bytes in
                libssh2_channel_read_ex(
                    handle, stream, bytes.baseAddress!.assumingMemoryBound(to: CChar.self), LiveChannel.readSize)
            }
            if count == Int(LIBSSH2_ERROR_EAGAIN) || count == 0 { return true }
            if count == Int(LIBSSH2_ERROR_CHANNEL_CLOSED) { return true }
            if count < 0 { return false }
            deliver(stream, scratch[..<count])
        }
        return true
    }

    private func deliver(_ stream: Int32, _ bytes: ArraySlice<UInt8>) {
        guard preamble != nil else {
            if stream == 0 { pipe.deliver(output: bytes) } else { pipe.deliver(errors: bytes) }
            return
        }
        if stream == 0 {
            let wasStarted = preamble!.hasStarted
            let output = preamble!.take(output: bytes)
            if !wasStarted, let group = preamble!.group {
                pipe.state.withLock { $0.group = group }
                let errors = preamble!.takeErrors()
                if !errors.isEmpty { pipe.deliver(errors: errors[...]) }
            }
            if !output.isEmpty { pipe.deliver(output: output) }
        } else if preamble!.hasStarted {
            pipe.deliver(errors: bytes)
        } else if let answer = preamble!.take(errors: bytes) {
            outgoing.insert(contentsOf: answer, at: 0)
        }
    }

    /// The channel is closed by the other side, and everything is read.
    private func finish() {
        if preamble != nil, !preamble!.hasStarted {
            let output = preamble!.takeOutput()
            let errors = preamble!.takeErrors()
            if preamble!.sudo != nil {
                pipe.end(.failed(SudoRefusal.error(driver.host, preamble!, output + errors)))
            } else {
                pipe.end(.failed(notBegun(output + errors)))
            }
        }
        var signal: UnsafeMutablePointer<CChar>?
        var length = 0
        libssh2_channel_get_exit_signal(handle, &signal, &length, nil, nil, nil, nil)
        if let signal {
            let name = String(
                decoding: UnsafeRawBufferPointer(start: signal, count: length).prefix { $0 != 0 }, as: UTF8.self)
            libssh2_free(driver.session, signal)
            pipe.end(.signalled(name))
        } else {
            pipe.end(.exited(libssh2_channel_get_exit_status(handle)))
        }
        stage = .closing
    }

    /// What ran instead may have succeeded, which says nothing about the command.
    private func notBegun(_ said: [UInt8]) -> SSHError {
        let text = String(decoding: said.prefix(500), as: UTF8.self).split(whereSeparator: \.isNewline)
            .joined(separator: "; ")
        return SSHError(
            .refused, host: driver.host, step: "start a command",
            "the host did not run it" + (text.isEmpty ? "" : ", but said: \(text)"),
            remedy: "See whether the user has a usual login shell there, and whether a ForceCommand stands in "
                + "sshd_config or a command= before the key in authorized_keys.")
    }

    private func close() -> Progress {
        let code = libssh2_channel_free(handle)
        if code == LIBSSH2_ERROR_EAGAIN { return .waiting }
        pipe.end(.exited(0))
        return .done
    }
}
