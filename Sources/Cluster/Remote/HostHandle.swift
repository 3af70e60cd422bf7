import CLinux
import Glibc
import PolygraphSSH
import Synchronization

/// The controller's side of one host's helper: requests and answers over a line that is made anew where it breaks.
final class HostHandle: Sendable {
    let node: String
    let remote: any Remote
    let folder: HostFolder
    /// The helper's program on the host.
    let helper: String
    /// Nanoseconds.
    private let lease: Int64
    /// Sees to it that the helper's program is on the host, where a host was started again without it.
    private let provide: @Sendable () throws(RemoteError) -> Void
    private let state = Mutex(State())

    private struct State {
        var line: (any RemoteStream)?
        var received: [UInt8] = []
        var number = 0
        var incarnation: String?
        var setup: HostRequest.Setup?
        /// Nanoseconds from this machine's monotonic clock to the host's true time; nil where its clock is never bent.
        var trueTimeOffset: Int64?
        /// Put in force again where the helper was started again.
        var links: [Link: LinkPolicy] = [:]
        var isEnded = false
        var restarts = 0
        /// A moment of the monotonic clock.
        var lastHeard: Int64 = 0
    }

    /// Nanoseconds that a request may take when the line holds.
    private static let patience: Int64 = 35_000_000_000

    init(
        node: String, remote: any Remote, folder: HostFolder, helper: String, lease: Int64,
        provide: @escaping @Sendable () throws(RemoteError) -> Void
    ) {
        self.node = node
        self.remote = remote
        self.folder = folder
        self.helper = helper
        self.lease = lease
        self.provide = provide
    }

    /// How often the host's helper was found to be another one than before, after a reboot for instance.
    var restarts: Int { state.withLock { $0.restarts } }

    /// Says whose frames are whose, now and whenever the helper is another one.
    func setUp(_ setup: HostRequest.Setup) throws(ClusterError) {
        try state.withLock { state throws(ClusterError) in
            state.setup = setup
            _ = try ask(.setup(setup), &state, reconnectFor: lease)
        }
    }

    /// Says what the host's clock would show if nobody bent it: so many nanoseconds more than this machine's monotonic
    /// clock. The host is told when it has been started again.
    func knowTrueTime(offset: Int64) { state.withLock { $0.trueTimeOffset = offset } }

    func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) {
        try state.withLock { state throws(ClusterError) in
            // A helper that has never seen a policy needs not be told that there is none.
            if policies.isEmpty, state.links.isEmpty { return }
            state.links = policies
            _ = try ask(.links(policies), &state, reconnectFor: lease)
        }
    }

    /// A request and its answer.
    /// - Parameter reconnectFor: nanoseconds for which a broken line is made anew; nil: as long as the lease.
    func ask(_ request: HostRequest, reconnectFor: Int64? = nil) throws(ClusterError) -> [String] {
        try state.withLock { state throws(ClusterError) in
            try ask(request, &state, reconnectFor: reconnectFor ?? lease)
        }
    }

    /// A sign of life, where the helper has heard nothing for a while.
    func keepAlive() {
        state.withLock { state in
            guard !state.isEnded, state.setup != nil, lab_monotonic_time() - state.lastHeard > lease / 5 else { return }
            _ = try? ask(.ping, &state, reconnectFor: 0)
        }
    }

    /// Ends the line; nothing can be asked any more.
    func close() {
        state.withLock { state in
            state.isEnded = true
            state.line?.close()
            state.line = nil
        }
        remote.close()
    }

    private func ask(
        _ request: HostRequest, _ state: inout State, reconnectFor: Int64
    ) throws(ClusterError) -> [String] {
        guard !state.isEnded else { throw ClusterError("reach", node: node, "the cluster has been torn down") }
        state.number += 1
        let number = String(state.number)
        let frame = ControlChannel.frame([number] + request.words)
        let giveUp = lab_monotonic_time() + reconnectFor
        while true {
            let words: [String]
            do throws(RemoteError) {
                words = try exchange(frame, number, &state)
            } catch {
                state.line?.close()
                state.line = nil
                guard error.isLineBroken, lab_monotonic_time() < giveUp else {
                    throw ClusterError("reach", node: node, error.message)
                }
                usleep(200_000)
                continue
            }
            return try answer(words)
        }
    }

    /// Sends a request over a line that is there or is made, and waits for the answer.
    private func exchange(_ frame: [UInt8], _ number: String, _ state: inout State) throws(RemoteError) -> [String] {
        try connect(&state)
        state.line!.send(frame)
        while true {
            let words = try receive(&state)
            // An older one is the answer to a request that was given up.
            guard words.first == number else { continue }
            state.lastHeard = lab_monotonic_time()
            return Array(words.dropFirst())
        }
    }

    private func answer(_ words: [String]) throws(ClusterError) -> [String] {
        if case .failed(let step, let message)? = NodeAnswer(words: words) {
            throw ClusterError(step, node: node, message)
        }
        return words
    }

    private func receive(_ state: inout State) throws(RemoteError) -> [String] {
        let limit = lab_monotonic_time() + HostHandle.patience
        while true {
            if state.received.count >= 4 {
                let length = ControlChannel.length(state.received.prefix(4))
                if state.received.count >= 4 + length {
                    let words = ControlChannel.words(state.received[4..<4 + length])
                    state.received.removeFirst(4 + length)
                    return words
                }
            }
            let bytes = try state.line!.receive(timeout: max(0, limit - lab_monotonic_time()))
            guard !bytes.isEmpty else {
                throw RemoteError(message: "host \(remote.name): its helper has closed the line.", isLineBroken: true)
            }
            state.received.append(contentsOf: bytes)
        }
    }

    /// Makes a line where there is none. A helper that is another one than before is told again what is in force.
    private func connect(_ state: inout State) throws(RemoteError) {
        guard state.line == nil else { return }
        if state.incarnation != nil { try provide() }
        state.received = []
        let words = [helper, "host", "attach", "--folder", folder.path, "--lease", "\(lease / 1_000_000)ms"]
        state.line = try remote.open("exec " + ShellQuoting.join(words))
        let hello = try receive(&state)
        guard hello.count == 2, hello[0] == "hello" else {
            throw RemoteError(message: "host \(remote.name): its helper greets with \(hello).")
        }
        let isNew = state.incarnation.map { $0 != hello[1] } ?? false
        state.incarnation = hello[1]
        guard isNew else { return }
        state.restarts += 1
        let trueTime = state.trueTimeOffset.map { HostRequest.trueTime(lab_monotonic_time() + $0) }
        let links = state.links.isEmpty ? nil : HostRequest.links(state.links)
        for again in [trueTime, state.setup.map(HostRequest.setup), links] {
            guard let again else { continue }
            state.number += 1
            let number = String(state.number)
            state.line!.send(ControlChannel.frame([number] + again.words))
            while try receive(&state).first != number {}
        }
    }
}
