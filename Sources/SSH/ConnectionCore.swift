import Synchronization

/// What the connection's thread and its users share.
final class ConnectionCore: Sendable {
    private enum Phase {
        case connecting
        case ready
        case ended(SSHError)
    }

    private struct State {
        var phase = Phase.connecting
        var arrivals: [ChannelPipe] = []
        var waiters: [Signal] = []
    }

    let host: String
    let news: WakeDescriptor
    private let state = Mutex(State())
    private let stop = Atomic(false)

    init(host: String) throws(SSHError) {
        self.host = host
        guard let news = WakeDescriptor() else {
            throw SSHError(
                .unreachable, host: host, step: "connect", "this process has no file descriptor left",
                remedy: "Raise its limit: ulimit -n")
        }
        self.news = news
    }

    var isStopped: Bool { stop.load(ordering: .acquiring) }

    /// Asks the thread to end.
    func requestStop() {
        stop.store(true, ordering: .releasing)
        news.set()
    }

    /// The connection can be used from now on.
    func becomeReady() {
        let waiters = state.withLock { state in
            state.phase = .ready
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.set() }
    }

    /// The connection is over; who comes later is told why.
    func end(_ error: SSHError) {
        let (waiters, arrivals) = state.withLock { state in
            state.phase = .ended(error)
            defer { (state.waiters, state.arrivals) = ([], []) }
            return (state.waiters, state.arrivals)
        }
        for pipe in arrivals { pipe.end(.failed(error)) }
        for waiter in waiters { waiter.set() }
    }

    /// Whether new channels can be opened: false before it is ready, and after its end.
    var isReady: Bool {
        state.withLock { state in
            if case .ready = state.phase { return true }
            return false
        }
    }

    var hasEnded: Bool {
        state.withLock { state in
            if case .ended = state.phase { return true }
            return false
        }
    }

    /// Sleeps until it can be used.
    /// - Throws: why it cannot.
    func waitUntilReady(by deadline: Deadline, _ address: String) throws(SSHError) {
        let signal = Signal()
        while true {
            let outcome: Result<Bool, SSHError> = state.withLock { state in
                switch state.phase {
                case .ready: return .success(true)
                case .ended(let error): return .failure(error)
                case .connecting:
                    if !state.waiters.contains(where: { $0 === signal }) { state.waiters.append(signal) }
                    return .success(false)
                }
            }
            if try outcome.get() { return }
            // The thread has the same deadline, and knows better what was waited for.
            let last = Deadline(nanoseconds: deadline.nanoseconds.addingReportingOverflow(100_000_000).partialValue)
            guard signal.wait(until: deadline) || signal.wait(until: max(deadline, last)) else {
                state.withLock { $0.waiters.removeAll { $0 === signal } }
                throw SSHError(
                    .unreachable, host: host, step: "connect to \(address)", "no connection within the time given",
                    remedy: "See that the host is up, and give it more time.")
            }
        }
    }

    /// Hands a channel to the thread.
    /// - Throws: why the connection ended.
    func post(_ pipe: ChannelPipe) throws(SSHError) {
        let ended: SSHError? = state.withLock { state in
            if case .ended(let error) = state.phase { return error }
            state.arrivals.append(pipe)
            return nil
        }
        if let ended { throw ended }
        news.set()
    }

    func takeArrivals() -> [ChannelPipe] {
        state.withLock { state in
            defer { state.arrivals = [] }
            return state.arrivals
        }
    }
}
