import Glibc
import Synchronization

/// Looks one name up, again whenever it is asked to, in a thread of its own: the system's resolver blocks, and for many
/// seconds where nobody answers it.
final class NameLookup: Sendable {
    private struct Progress {
        var isRunning = false
        var address: sockaddr_in?
    }

    private let host: String
    private let port: UInt16
    private let progress = Mutex(Progress())

    init(host: String, port: UInt16) {
        self.host = host
        self.port = port
    }

    /// Begins to look up, unless that is going on.
    func start() {
        let isFirst = progress.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { return }
        var thread = pthread_t()
        let lookup = Unmanaged.passRetained(self)
        let error = pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<NameLookup>.fromOpaque(argument!).takeRetainedValue().resolve()
                return nil
            }, lookup.toOpaque())
        if error == 0 {
            pthread_detach(thread)
        } else {
            lookup.release()
            progress.withLock { $0.isRunning = false }
        }
    }

    /// What has been found since the last call, if anything.
    func take() -> sockaddr_in? {
        progress.withLock { state in
            defer { state.address = nil }
            return state.address
        }
    }

    private func resolve() {
        let found = try? Sockets.resolve(host, port: port)
        progress.withLock { state in
            state.isRunning = false
            if let found { state.address = found }
        }
    }
}
