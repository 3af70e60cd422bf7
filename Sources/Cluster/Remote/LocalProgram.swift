import CLinux
import Glibc
import Synchronization

/// A program of this machine that runs beside the controller, with its standard input and both outputs in our hands.
/// Its process group is killed when the last reference goes away.
final class LocalProgram: Sendable {
    let process: Int32
    private let input: Int32
    private let output: Int32
    private let errors: Int32
    private let state = Mutex(State())

    private struct State {
        var complaints: [UInt8] = []
        var errorsAreOpen = true
        var isReaped = false
        var status: Int32 = 0
        var inputIsOpen = true
    }

    private static let complaintLimit = 16_384

    /// Starts it, in a process group of its own.
    /// - Throws: the errno.
    init(_ words: [String]) throws(LocalProgramFailure) {
        var ends = [Int32](repeating: -1, count: 6)
        func giveBack() { for end in ends where end >= 0 { Glibc.close(end) } }
        for place in [0, 2, 4] {
            let code = ends.withUnsafeMutableBufferPointer { lab_pipe($0.baseAddress! + place) }
            guard code == 0 else {
                giveBack()
                throw LocalProgramFailure(code: code)
            }
        }
        var actions = posix_spawn_file_actions_t()
        var attributes = posix_spawnattr_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawnattr_init(&attributes)
        defer {
            posix_spawn_file_actions_destroy(&actions)
            posix_spawnattr_destroy(&attributes)
        }
        posix_spawn_file_actions_adddup2(&actions, ends[0], 0)
        posix_spawn_file_actions_adddup2(&actions, ends[3], 1)
        posix_spawn_file_actions_adddup2(&actions, ends[5], 2)
        var none = sigset_t()
        var all = sigset_t()
        sigemptyset(&none)
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setpgroup(&attributes, 0)
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP))
        var process: pid_t = 0
        let code = withArguments(words) { posix_spawnp(&process, words[0], &actions, &attributes, $0, environ) }
        guard code == 0 else {
            giveBack()
            throw LocalProgramFailure(code: code)
        }
        for end in [ends[0], ends[3], ends[5]] { Glibc.close(end) }
        self.process = process
        input = ends[1]
        output = ends[2]
        errors = ends[4]
    }

    deinit {
        kill()
        reap()
        if state.withLock({ $0.inputIsOpen }) { Glibc.close(input) }
        Glibc.close(output)
        Glibc.close(errors)
    }

    /// Writes everything to its standard input, waiting as long as it reads.
    /// - Returns: false when it has closed its input.
    @discardableResult
    func send(_ bytes: [UInt8]) -> Bool {
        var offset = 0
        while offset < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                retrying { write(input, buffer.baseAddress! + offset, buffer.count - offset) }
            }
            if count < 0 { return false }
            offset += count
        }
        return true
    }

    func endInput() {
        let wasOpen = state.withLock { state in
            defer { state.inputIsOpen = false }
            return state.inputIsOpen
        }
        if wasOpen { Glibc.close(input) }
    }

    /// What came of waiting for bytes.
    enum News {
        case bytes([UInt8])
        case end
        case timeout
    }

    /// The next bytes of its standard output.
    /// - Parameter limit: a moment of the monotonic clock in nanoseconds.
    func receive(until limit: Int64) -> News {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let listens = state.withLock { $0.errorsAreOpen }
            var polled = [pollfd(fd: output, events: Int16(POLLIN), revents: 0)]
            if listens { polled.append(pollfd(fd: errors, events: Int16(POLLIN), revents: 0)) }
            let rest = limit - lab_monotonic_time()
            if rest <= 0 { return .timeout }
            poll(&polled, nfds_t(polled.count), Int32(clamping: (rest + 999_999) / 1_000_000))
            if listens, polled[1].revents != 0 { takeErrors(&buffer) }
            if polled[0].revents != 0 {
                let count = buffer.withUnsafeMutableBytes { room in
                    retrying { read(output, room.baseAddress!, room.count) }
                }
                return count > 0 ? .bytes(Array(buffer[..<count])) : .end
            }
        }
    }

    private func takeErrors(_ buffer: inout [UInt8]) {
        let count = buffer.withUnsafeMutableBytes { room in
            retrying { read(errors, room.baseAddress!, room.count) }
        }
        state.withLock { state in
            if count <= 0 {
                state.errorsAreOpen = false
            } else {
                state.complaints.append(contentsOf: buffer[..<count])
                state.complaints.removeFirst(max(0, state.complaints.count - LocalProgram.complaintLimit))
            }
        }
    }

    /// The end of what it wrote to its standard error so far.
    var complaints: String {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while state.withLock({ $0.errorsAreOpen }) {
            var polled = pollfd(fd: errors, events: Int16(POLLIN), revents: 0)
            guard poll(&polled, 1, 0) > 0 else { break }
            takeErrors(&buffer)
        }
        return String(decoding: state.withLock { $0.complaints }, as: UTF8.self)
    }

    /// Ends its process group.
    func kill() {
        let isReaped = state.withLock { $0.isReaped }
        if !isReaped { Glibc.kill(-process, SIGKILL) }
    }

    /// Waits for its end.
    /// - Returns: its wait status.
    @discardableResult
    func reap() -> Int32 {
        if let status = state.withLock({ $0.isReaped ? $0.status : nil }) { return status }
        var status: Int32 = 0
        _ = retrying { Int(waitpid(process, &status, 0)) }
        return state.withLock { state in
            if !state.isReaped { state.status = status }
            state.isReaped = true
            return state.status
        }
    }
}

/// Why a program could not be started.
struct LocalProgramFailure: Error {
    var code: Int32
}
