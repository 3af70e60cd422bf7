/// A read that waits until a majority confirms, in a round begun after it arrived, that this node still led.
struct ConfirmingRead: Equatable, Sendable {
    var token: UInt64
    var round: UInt64
    /// The read sees at least this entry.
    var index: LogIndex
}

/// Linearizable reads without log entries (ReadIndex, dissertation 6.4).
extension RaftCore {
    /// Asks for a moment at which the applied state is current; `Effects.readyReads` or `failedReads` will name the
    /// token. Returns false where this node does not lead.
    mutating func read(_ token: UInt64, _ now: Now) -> Bool {
        guard role == .leader else { return false }
        if bugs.contains(.staleReads) || holdsLease(now) {
            effects.readyReads.append(token)
        } else {
            waitingReads.append(token)
        }
        return true
    }

    /// `lease-clock`: whether the leader may still answer by itself, as the wall clock has it. The lease begins when
    /// the round was sent, ends before any follower that answered can vote for another, and is checked after the
    /// request arrived. All that is wrong is the clock: a lease, once given, is never shortened, so after a jump back
    /// it lasts that much longer.
    func holdsLease(_ now: Now) -> Bool {
        guard bugs.contains(.leaseClock), commitIndex >= firstIndexOfTerm, leaseStart > .min else { return false }
        return now.wall < leaseStart + configuration.electionTimeout / 10 * 9
    }

    /// Begins a heartbeat round, for all reads that wait.
    mutating func startRound(_ now: Now) {
        round += 1
        roundStarted = now.monotonic
        nextHeartbeat = now.monotonic + configuration.heartbeatInterval
        if bugs.contains(.leaseClock) {
            wallTimeOfRound.append((round, now.wall))
            if wallTimeOfRound.count > 64 { wallTimeOfRound.removeFirst() }
        }
        if commitIndex >= firstIndexOfTerm {
            let index = bugs.contains(.ackBeforeQuorum) ? log.lastIndex : commitIndex
            confirmingReads.append(
                contentsOf: waitingReads.map { ConfirmingRead(token: $0, round: round, index: index) })
            waitingReads.removeAll()
        }
        for peer in peers {
            send(.heartbeat(round: round, commit: min(commitIndex, progress[peer]?.matched ?? 0)), to: peer)
        }
    }

    /// Starts a round for waiting reads unless a fresh one is under way; whatever arrives meanwhile shares the next.
    mutating func confirmWaitingReads(_ now: Now) {
        if !waitingReads.isEmpty, commitIndex >= firstIndexOfTerm {
            let isUnderWay = confirmedRound < round
            if !isUnderWay || now.monotonic - roundStarted >= configuration.heartbeatInterval { startRound(now) }
        }
        releaseReads()
    }

    mutating func confirm(_ peer: NodeID, round answered: UInt64, _ now: Now) {
        guard role == .leader, let known = progress[peer]?.answeredRound else { return }
        progress[peer]?.lastAnswer = now.monotonic
        progress[peer]?.answeredRound = max(known, min(answered, round))
        if bugs.contains(.leaseClock) {
            let confirmed = confirmedRound
            while let first = wallTimeOfRound.first, first.round <= confirmed {
                leaseStart = max(leaseStart, first.time)
                wallTimeOfRound.removeFirst()
            }
        }
    }

    /// The latest round that a majority has answered.
    private var confirmedRound: UInt64 {
        reachedByMajority(own: round, \.answeredRound) ?? 0
    }

    private mutating func releaseReads() {
        guard !confirmingReads.isEmpty else { return }
        let confirmed = confirmedRound
        let visible = commitIndex
        effects.readyReads.append(
            contentsOf: confirmingReads.filter { $0.round <= confirmed && $0.index <= visible }.map(\.token))
        confirmingReads.removeAll { $0.round <= confirmed && $0.index <= visible }
    }
}
