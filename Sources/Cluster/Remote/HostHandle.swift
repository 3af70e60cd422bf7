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
    /// What holds until it is replaced; said again to a helper that was started again.
    private let standing = Mutex<[Standing: HostRequest]>([:])

    private struct State {
        var line: (any RemoteStream)?
        var received: [UInt8] = []
        var number = 0
        var incarnation: String?
        /// Nanoseconds from this machine's monotonic clock to the host's true time; nil where its clock is never bent.
        var trueTimeOffset: Int64?
        /// Whether the helper has been told all policies of links that hold.
        var linksAreCertain = true
        var isEnded = false
        var restarts = 0
        /// A moment of the monotonic clock.
        var lastHeard: Int64 = 0
    }

    /// Requests of which the newest holds, in the order in which a helper that was started again hears them.
    enum Standing: Int {
        case setup, links, supervision, clock, program
    }

    /// Since when every attempt to reach the host has failed, a moment of the monotonic clock; 0: the last one did not.
    private let awaySince = Atomic<Int64>(0)
    /// Since when a request that takes no time has been without an answer, a moment of the monotonic clock; 0: none is.
    private let unansweredSince = Atomic<Int64>(0)

    /// Nanoseconds that a request may take when the line holds: one that works, and one that takes no time.
    private static let patience: Int64 = 35_000_000_000
    private static let shortPatience: Int64 = 5_000_000_000
    /// Nanoseconds of silence after which a host counts as out of reach.
    private static let silence: Int64 = 2_000_000_000

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

    /// Whether the host has not answered for a while.
    var isAway: Bool {
        let since = unansweredSince.load(ordering: .relaxed)
        return since != 0 && lab_monotonic_time() - since > HostHandle.silence
    }

    /// Says whose frames are whose, now and whenever the helper is another one.
    func setUp(_ setup: HostRequest.Setup) throws(ClusterError) {
        keep(.setup(setup), as: .setup)
        _ = try ask(.setup(setup))
    }

    /// Says what the host's clock would show if nobody bent it: so many nanoseconds more than this machine's monotonic
    /// clock. The host is told when it has been started again.
    func knowTrueTime(offset: Int64) { state.withLock { $0.trueTimeOffset = offset } }

    func setLinks(_ policies: [Link: LinkPolicy]) throws(ClusterError) {
        let before = standing.withLock { standing in
            defer { standing[.links] = policies.isEmpty ? nil : .links(policies) }
            return standing[.links]
        }
        try whileReachable { state throws(ClusterError) in
            // A helper that has never seen a policy needs not be told that there is none.
            if policies.isEmpty, before == nil, state.linksAreCertain { return }
            state.linksAreCertain = false
            _ = try ask(.links(policies), &state, reconnectFor: nil)
            state.linksAreCertain = true
        }
    }

    /// Notes what a helper that was started again is to be told; nil: nothing any more.
    func keep(_ request: HostRequest?, as place: Standing) {
        standing.withLock { $0[place] = request }
    }

    /// A request and its answer.
    /// - Parameter reconnectFor: nanoseconds for which a broken line is made anew; nil: as long as the lease, counted from
    ///   the first failure of all requests, so that a host that is away delays what is done to others only once.
    func ask(_ request: HostRequest, reconnectFor: Int64? = nil) throws(ClusterError) -> [String] {
        guard let reconnectFor else {
            return try whileReachable { state throws(ClusterError) in try ask(request, &state, reconnectFor: nil) }
        }
        return try state.withLock { state throws(ClusterError) in
            try ask(request, &state, reconnectFor: reconnectFor)
        }
    }

    /// Waits for the line's turn, but not behind attempts to reach a host that is lost.
    private func whileReachable<Result>(
        _ body: (inout State) throws(ClusterError) -> Result
    ) throws(ClusterError) -> Result {
        while true {
            try refuseWhereLost()
            var outcome: Swift.Result<Result, ClusterError>?
            state.withLockIfAvailable { state in
                do throws(ClusterError) { outcome = .success(try body(&state)) } catch { outcome = .failure(error) }
            }
            if let outcome { return try outcome.get() }
            usleep(300)
        }
    }

    /// The answer to a request that takes no time; nil as soon as the host is away.
    func glance(_ request: HostRequest) -> [String]? {
        while !isAway {
            let answer = state.withLockIfAvailable { state -> [String]? in
                try? ask(request, &state, reconnectFor: 0)
            }
            if let answer { return answer }
            usleep(2_000)
        }
        return nil
    }

    private func refuseWhereLost() throws(ClusterError) {
        let since = awaySince.load(ordering: .relaxed)
        let silence = lab_monotonic_time() - since
        guard since != 0, silence > lease else { return }
        throw ClusterError(
            "reach", node: node, "host \(remote.name) has been out of reach for \(silence / 1_000_000_000) s")
    }

    /// A sign of life, where the helper has heard nothing for a while.
    func keepAlive() {
        state.withLock { state in
            guard !state.isEnded, standing.withLock({ $0[.setup] != nil }),
                lab_monotonic_time() - state.lastHeard > lease / 5
            else {
                return
            }
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
        _ request: HostRequest, _ state: inout State, reconnectFor: Int64?
    ) throws(ClusterError) -> [String] {
        guard !state.isEnded else { throw ClusterError("reach", node: node, "the cluster has been torn down") }
        let start = lab_monotonic_time()
        if reconnectFor == nil { try refuseWhereLost() }
        state.number += 1
        let number = String(state.number)
        let frame = ControlChannel.frame([number] + request.words)
        let lost = awaySince.load(ordering: .relaxed)
        let giveUp = reconnectFor.map { start + $0 } ?? (lost == 0 ? start : lost) + lease
        if !request.takesTime { note(start, in: unansweredSince) }
        while true {
            let words: [String]
            do throws(RemoteError) {
                words = try exchange(request, frame, number, &state)
            } catch {
                state.line?.close()
                state.line = nil
                // A connection that has been silent for so long may never speak again.
                if error.isTimeout { remote.close() }
                if error.isLineBroken {
                    note(start, in: awaySince)
                    note(start, in: unansweredSince)
                }
                guard error.isLineBroken, lab_monotonic_time() < giveUp else {
                    throw ClusterError("reach", node: node, error.message)
                }
                usleep(200_000)
                continue
            }
            awaySince.store(0, ordering: .relaxed)
            unansweredSince.store(0, ordering: .relaxed)
            return try answer(words)
        }
    }

    /// Keeps the first of several moments.
    private func note(_ moment: Int64, in first: borrowing Atomic<Int64>) {
        _ = first.compareExchange(expected: 0, desired: moment, ordering: .relaxed)
    }

    /// Sends a request over a line that is there or is made, and waits for the answer.
    private func exchange(
        _ request: HostRequest, _ frame: [UInt8], _ number: String, _ state: inout State
    ) throws(RemoteError) -> [String] {
        try connect(&state, for: request)
        state.line!.send(frame)
        return try receive(number, request.takesTime ? HostHandle.patience : HostHandle.shortPatience, &state)
    }

    /// The answer to the request of a number.
    private func receive(
        _ number: String, _ patience: Int64, _ state: inout State
    ) throws(RemoteError) -> [String] {
        while true {
            let words = try receive(&state, patience)
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

    private func receive(_ state: inout State, _ patience: Int64) throws(RemoteError) -> [String] {
        let limit = lab_monotonic_time() + patience
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

    /// Opens a line to the helper, which is started where none runs.
    /// - Returns: its greeting.
    private func attach(_ state: inout State) throws(RemoteError) -> [String] {
        state.received = []
        var words = [helper, "host", "attach", "--folder", folder.path, "--lease", "\(lease / 1_000_000)ms"]
        if state.incarnation != nil { words.append("--continue") }
        state.line = try remote.open("exec " + ShellQuoting.join(words))
        do throws(RemoteError) {
            return try receive(&state, HostHandle.patience)
        } catch {
            state.line?.close()
            state.line = nil
            throw error
        }
    }

    /// Makes a line where there is none. A helper that is another one than before is told again what is in force, but for
    /// what it is about to be told.
    private func connect(_ state: inout State, for request: HostRequest) throws(RemoteError) {
        guard state.line == nil else { return }
        let hello: [String]
        if state.incarnation == nil {
            hello = try attach(&state)
        } else {
            do throws(RemoteError) { hello = try attach(&state) } catch {
                // The line is there, the helper's program perhaps not: a host can lose it when it is started again.
                guard !error.isLineBroken, error.isMissing else { throw error }
                try provide()
                hello = try attach(&state)
            }
        }
        guard hello.count == 4, hello[0] == "hello" else {
            throw RemoteError(message: "host \(remote.name): its helper greets with \(hello).")
        }
        if let before = state.incarnation, before != hello[1] {
            // Whatever else comes builds on a clock that is right.
            let trueTime = state.trueTimeOffset.map { HostRequest.trueTime(lab_monotonic_time() + $0) }
            let standing = standing.withLock { $0 }.sorted { $0.key.rawValue < $1.key.rawValue }.map(\.value)
            for again in (trueTime.map { [$0] } ?? []) + standing {
                if again.words == request.words { continue }
                state.number += 1
                let number = String(state.number)
                state.line!.send(ControlChannel.frame([number] + again.words))
                // What it refuses now is said by the node's state, and by the proofs of what comes later.
                _ = try receive(number, HostHandle.patience, &state)
            }
            state.restarts += 1
        }
        state.incarnation = hello[1]
    }
}
