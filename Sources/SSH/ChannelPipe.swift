import Synchronization

/// What a channel is for.
enum ChannelPurpose: Sendable {
    /// A command, and how what it says before it starts is understood.
    case command(String, CommandPreamble)
    case subsystem(String)
    /// A TCP connection from the host onwards.
    case tunnel(host: String, port: UInt16)
    /// A command that ends another one; it goes before all others.
    case killing(String, input: [UInt8])

    var isSession: Bool {
        if case .tunnel = self { return false }
        return true
    }
}

/// How a channel ended.
enum ChannelEnding: Sendable {
    case exited(Int32)
    case signalled(String)
    case failed(SSHError)
}

/// One channel of a connection, as the thread that uses it and the connection's thread share it.
final class ChannelPipe: Sendable {
    struct News {
        var output: [UInt8] = []
        var errors: [UInt8] = []
        var ending: ChannelEnding?
        var isEmpty: Bool { output.isEmpty && errors.isEmpty && ending == nil }
    }

    struct State {
        /// For the host, not yet taken by the connection's thread.
        var input: [UInt8] = []
        var inputHasEnded = false
        /// What the connection's thread has taken and not sent yet.
        var unsentCount = 0
        var news = News()
        /// The connection's thread has left bytes unread because here were enough.
        var isReadingPaused = false
        /// Nobody wants what comes any more; a command is to be killed.
        var isAbandoned = false
        /// The channel was opened and the command was sent.
        var wasRequested = false
        /// The process group of a command, as the host numbers it.
        var group: Int?
    }

    /// How much is kept for a reader, and for the line.
    static let limit = 4 << 20

    let purpose: ChannelPurpose
    let state = Mutex(State())
    private let user: Waker
    private let connection: WakeDescriptor

    init(_ purpose: ChannelPurpose, user: Waker, connection: WakeDescriptor) {
        self.purpose = purpose
        self.user = user
        self.connection = connection
    }

    // What the user does.

    /// Takes all that has arrived, without waiting.
    func take() -> News {
        var wasPaused = false
        let news = state.withLock { state in
            var news = News()
            swap(&news.output, &state.news.output)
            swap(&news.errors, &state.news.errors)
            news.ending = state.news.ending
            wasPaused = state.isReadingPaused
            state.isReadingPaused = false
            return news
        }
        if wasPaused { connection.set() }
        return news
    }

    /// Whether there is room for more bytes to the host.
    var hasRoom: Bool { state.withLock { $0.input.count + $0.unsentCount < ChannelPipe.limit } }

    func append(_ bytes: UnsafeRawBufferPointer) {
        state.withLock { $0.input.append(contentsOf: bytes) }
        connection.set()
    }

    func append(_ bytes: [UInt8]) { bytes.withUnsafeBytes { append($0) } }

    func endInput() {
        state.withLock { $0.inputHasEnded = true }
        connection.set()
    }

    /// Says that nobody waits for it any more. A command that runs is killed with its process group.
    func abandon() {
        state.withLock { $0.isAbandoned = true }
        connection.set()
    }

    // What the connection's thread does.

    /// Moves bytes for the host to the end of `pending`.
    /// - Returns: whether these are the last ones.
    func takeInput(_ pending: inout [UInt8]) -> Bool {
        state.withLock { state in
            if pending.isEmpty {
                swap(&pending, &state.input)
            } else {
                pending.append(contentsOf: state.input)
                state.input.removeAll(keepingCapacity: true)
            }
            state.unsentCount = pending.count
            return state.inputHasEnded
        }
    }

    /// Notes that the line took what had been taken; wakes a user that waits for room.
    func inputWasSent() {
        let wasFull = state.withLock { state in
            let wasFull = state.unsentCount > 0
            state.unsentCount = 0
            return wasFull
        }
        if wasFull { user.wake() }
    }

    /// Whether the reader has room; when not, the connection is woken when it has.
    func wantsBytes() -> Bool {
        state.withLock { state in
            if state.isAbandoned { return true }
            let isFull = state.news.output.count + state.news.errors.count >= ChannelPipe.limit
            if isFull { state.isReadingPaused = true }
            return !isFull
        }
    }

    func deliver(output: ArraySlice<UInt8> = [], errors: ArraySlice<UInt8> = []) {
        let isWanted = state.withLock { state in
            guard !state.isAbandoned else { return false }
            state.news.output.append(contentsOf: output)
            state.news.errors.append(contentsOf: errors)
            return true
        }
        if isWanted { user.wake() }
    }

    func end(_ ending: ChannelEnding) {
        state.withLock { if $0.news.ending == nil { $0.news.ending = ending } }
        user.wake()
    }
}
