import CLinux
import PolygraphClients
import PolygraphHistory
import Synchronization

/// Removes the keys of a run from a cluster that goes on living.
struct KeyRemoval {
    /// Makes clients that know the function `function`.
    let factory: ClientFactory
    let function: String
    /// Number of nodes; each is asked in turn.
    let nodes: Int
    /// Nanoseconds that one request may take.
    let timeout: Int64
    /// Requests a second at most; nil: no limit.
    let rate: Double?

    /// What came of it.
    struct Outcome {
        var removed = 0
        /// Keys that may still be there.
        var left = 0
        /// Why the last of them could not be removed.
        var reason = ""
    }

    private struct Progress {
        var next = 0
        /// Nothing is sent before, in nanoseconds of `CLOCK_MONOTONIC`.
        var nextTime: Int64 = 0
        var outcome = Outcome()
    }

    private static let threads = 4
    /// Of one key, at different nodes.
    private static let attempts = 3

    /// Removes the keys, as far as there is time.
    /// - Parameter limit: nanoseconds for all of them.
    func remove(_ keys: [Value], within limit: Int64) -> Outcome {
        let deadline = clinux_monotonic_ns() + limit
        let progress = Shared(Progress())
        let threads = (0..<min(Self.threads, keys.count)).map { number in
            Thread { [self] in work(keys, progress, until: deadline, first: number) }
        }
        for thread in threads { thread.join() }
        var outcome = progress.state.withLock { $0.outcome }
        let open = keys.count - outcome.removed - outcome.left
        if open > 0 {
            outcome.left += open
            outcome.reason = "there was no more time (\(Quantity.describe(duration: limit)))"
        }
        return outcome
    }

    private final class Shared: Sendable {
        let state: Mutex<Progress>
        init(_ progress: Progress) { state = Mutex(progress) }
    }

    private func work(_ keys: [Value], _ progress: Shared, until deadline: Int64, first: Int) {
        var clients: [Int: any Client] = [:]
        defer { for client in clients.values { client.close() } }
        while clinux_monotonic_ns() < deadline {
            let position = progress.state.withLock { progress in
                defer { progress.next += 1 }
                return progress.next
            }
            guard position < keys.count else { return }
            var reason: String?
            for attempt in 0..<Self.attempts where clinux_monotonic_ns() < deadline {
                let node = (position + first + attempt) % nodes
                reason = remove(keys[position], at: node, &clients, progress, deadline)
                if reason == nil { break }
            }
            progress.state.withLock { progress in
                if let reason {
                    progress.outcome.left += 1
                    progress.outcome.reason = reason
                } else {
                    progress.outcome.removed += 1
                }
            }
        }
    }

    /// - Returns: why it did not work; nil where it did.
    private func remove(
        _ key: Value, at node: Int, _ clients: inout [Int: any Client], _ progress: Shared, _ deadline: Int64
    ) -> String? {
        if let rate {
            let time = progress.state.withLock { progress in
                progress.nextTime = max(progress.nextTime, clinux_monotonic_ns())
                defer { progress.nextTime += Int64(1e9 / rate) }
                return progress.nextTime
            }
            clinux_sleep_ns(max(0, min(time, deadline) - clinux_monotonic_ns()))
        }
        do throws(ClientError) {
            var client = clients[node]
            if client == nil { client = try factory(node, 0) }
            guard let client else { return "there is no client" }
            clients[node] = client
            let completion = try client.invoke(
                Request(
                    function: function, key: key, value: .null, process: 0, operation: 0,
                    deadline: min(deadline, clinux_monotonic_ns() + timeout)))
            return completion.kind == .ok ? nil : completion.error ?? "refused"
        } catch {
            clients.removeValue(forKey: node)?.close()
            return error.description
        }
    }
}
