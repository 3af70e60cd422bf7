import Glibc
import PolygraphClients
import PolygraphHistory
import Synchronization

/// Makes the client of a logical process; called on the worker's own thread.
public typealias ClientFactory = @Sendable (_ node: Int, _ process: Int) throws(ClientError) -> any Client

/// One client thread: takes one request at a time, blocks as long as its client does, and reports the completion.
final class Worker: Sendable {
    private let mailbox = Mutex<Message?>(nil)
    private let arrived = Event()
    let number: Int

    private enum Message {
        case request(Request, node: Int)
        case stop
    }

    /// - Parameters:
    ///   - readOnly: functions that cannot change anything: what is unknown about them counts as `fail`.
    ///   - done: called on the worker's thread with each completion.
    init(
        number: Int, readOnly: Set<String>, factory: @escaping ClientFactory,
        done: @escaping @Sendable (Worker, Completion) -> Void
    ) {
        self.number = number
        let thread = Thread { [self] in serve(readOnly: readOnly, factory: factory, done: done) }
        // A client that never returns must not keep the run from ending, so nobody joins.
        thread.detach()
    }

    /// Hands over a request; the worker must be idle.
    func send(_ request: Request, node: Int) {
        mailbox.withLock { $0 = .request(request, node: node) }
        arrived.set()
    }

    /// Ends the thread after the present request, and closes its client.
    func stop() {
        mailbox.withLock { $0 = .stop }
        arrived.set()
    }

    private func serve(
        readOnly: Set<String>, factory: ClientFactory, done: @Sendable (Worker, Completion) -> Void
    ) {
        var client: (any Client)?
        var process = -1
        defer { client?.close() }
        while true {
            guard case .request(let request, let node) = receive() else { return }
            var completion: Completion
            do throws(ClientError) {
                if process != request.process {
                    client?.close()
                    client = nil
                    client = try factory(node, request.process)
                    process = request.process
                }
                guard let client else { throw .definite("no client") }
                completion = try client.invoke(request)
            } catch {
                switch error {
                case .definite(let message): completion = Completion(.fail, error: message)
                case .indeterminate(let message): completion = Completion(.info, error: message)
                }
            }
            if completion.kind == .info, readOnly.contains(request.function) { completion.kind = .fail }
            if completion.kind == .info {
                // The process is retired: what its connection still carries must not reach the next one.
                client?.close()
                client = nil
                process = -1
            }
            done(self, completion)
        }
    }

    private func receive() -> Message {
        // A busy run has the next request ready within microseconds: yielding for it is cheaper than sleeping.
        for _ in 0..<40 {
            if arrived.take() { return mailbox.withLock { $0.take()! } }
            sched_yield()
        }
        while !arrived.wait() {}
        return mailbox.withLock { $0.take()! }
    }
}
