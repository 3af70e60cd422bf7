import CLinux
import Glibc
import Synchronization

/// The connections whose threads run. OpenSSL frees what all of them use when the process exits, so their threads must
/// have ended before.
enum LiveConnections {
    private static let cores = Mutex<[ObjectIdentifier: ConnectionCore]>([:])

    /// Handlers run in the opposite order: this one before that of OpenSSL, which the library's start has set up.
    private static let isPrepared: Bool = SSHLibrary.isReady && atexit { LiveConnections.stopAll() } == 0

    /// To be called before the connection's thread starts.
    /// - Returns: false when the library cannot be used.
    static func add(_ core: ConnectionCore) -> Bool {
        guard isPrepared else { return false }
        cores.withLock { $0[ObjectIdentifier(core)] = core }
        return true
    }

    /// To be called last by the connection's thread.
    static func remove(_ core: ConnectionCore) {
        cores.withLock { $0[ObjectIdentifier(core)] = nil }
    }

    /// Ends all of them, for up to a second: one that waits for a name's address is not waited for.
    private static func stopAll() {
        for core in cores.withLock({ Array($0.values) }) { core.requestStop() }
        for _ in 0..<1_000 {
            if cores.withLock({ $0.isEmpty }) { return }
            clinux_sleep_ns(1_000_000)
        }
    }
}
