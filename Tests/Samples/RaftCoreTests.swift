import Testing

@testable import PolygraphSamples

@Suite struct RaftCoreTests {
    private let second: Nanoseconds = 1_000_000_000

    private func time(_ monotonic: Nanoseconds) -> RaftCore.Now { .init(monotonic: monotonic, wall: monotonic) }

    private func core(
        id: NodeID = 1, members: [NodeID] = [1, 2, 3], term: Term = 0, log: [LogEntry] = [], bugs: Set<RaftBug> = []
    ) -> RaftCore {
        let state = DurableState(term: term, vote: nil, snapshot: nil, log: RaftLog(entries: log))
        let configuration = RaftCore.Configuration(id: id, members: members, bugs: bugs)
        return RaftCore(configuration: configuration, state: state, seed: 1, now: time(0))
    }

    private func entry(_ term: Term, _ byte: UInt8 = 1) -> LogEntry { LogEntry(term: term, command: [byte]) }

    private func sent(_ core: inout RaftCore, at now: Nanoseconds) -> [RaftMessage] {
        core.takeEffects(time(now)).messages.map(\.message)
    }

    private func deliver(
        _ message: RaftMessage, from: NodeID = 2, term: Term, to core: inout RaftCore, at now: Nanoseconds
    ) -> [RaftMessage] {
        core.receive(Envelope(from: from, to: core.configuration.id, term: term, message: message), time(now))
        return sent(&core, at: now)
    }

    private func read(_ token: UInt64, _ core: inout RaftCore, at now: Nanoseconds) -> Bool {
        core.read(token, time(now))
    }

    private func readyReads(_ core: inout RaftCore, at now: Nanoseconds) -> [UInt64] {
        core.takeEffects(time(now)).readyReads
    }

    /// Makes node 1 of three the leader of the next term, its no-op not yet acknowledged by anybody.
    private func elect(_ core: inout RaftCore, at now: Nanoseconds) {
        core.tick(time(now))
        _ = deliver(.preVoteGranted(campaign: core.term + 1), term: core.term, to: &core, at: now)
        core.persisted(upTo: core.lastSequence)
        _ = deliver(.voteGranted, term: core.term, to: &core, at: now)
        core.persisted(upTo: core.lastSequence)
        _ = sent(&core, at: now)
    }

    @Test func `a vote is given once per term, and only said once it is on disk`() {
        var core = core()
        #expect(deliver(.vote(lastIndex: 0, lastTerm: 0), term: 1, to: &core, at: second).isEmpty)
        core.persisted(upTo: core.lastSequence)
        #expect(sent(&core, at: second) == [.voteGranted])
        #expect(deliver(.vote(lastIndex: 9, lastTerm: 1), from: 3, term: 1, to: &core, at: second).isEmpty)
        #expect(deliver(.vote(lastIndex: 0, lastTerm: 0), from: 2, term: 1, to: &core, at: second) == [.voteGranted])
    }

    @Test func `with the bug a vote is not written down`() {
        var core = core(bugs: [.forgetVote])
        core.receive(
            Envelope(from: 2, to: 1, term: 1, message: .vote(lastIndex: 0, lastTerm: 0)), time(second))
        let effects = core.takeEffects(time(second))
        #expect(effects.writes.isEmpty)
        #expect(effects.messages.map(\.message) == [.voteGranted])
    }

    @Test(
        arguments: [(1, 2, false), (2, 1, false), (2, 2, true), (3, 2, true), (1, 3, true)] as [(LogIndex, Term, Bool)])
    func `only logs that are not behind get votes`(lastIndex: LogIndex, lastTerm: Term, isGranted: Bool) {
        var core = core(term: 2, log: [entry(1), entry(2)])
        _ = deliver(.vote(lastIndex: lastIndex, lastTerm: lastTerm), term: 5, to: &core, at: second)
        core.persisted(upTo: core.lastSequence)
        #expect(sent(&core, at: second) == (isGranted ? [.voteGranted] : []))
        #expect(
            deliver(.preVote(lastIndex: lastIndex, lastTerm: lastTerm), from: 3, term: 5, to: &core, at: second)
                == (isGranted ? [.preVoteGranted(campaign: 6)] : []))
    }

    @Test func `who hears a leader, or has just started, supports nobody else`() {
        var core = core()
        #expect(deliver(.preVote(lastIndex: 0, lastTerm: 0), from: 3, term: 0, to: &core, at: 1).isEmpty)
        _ = deliver(.heartbeat(round: 1, commit: 0), term: 1, to: &core, at: second)
        _ = deliver(.vote(lastIndex: 9, lastTerm: 9), from: 3, term: 7, to: &core, at: second + 1)
        #expect(core.term == 1)
        #expect(deliver(.preVote(lastIndex: 9, lastTerm: 9), from: 3, term: 6, to: &core, at: second + 1).isEmpty)
        _ = deliver(.vote(lastIndex: 9, lastTerm: 9), from: 3, term: 7, to: &core, at: 2 * second)
        #expect(core.term == 7)
    }

    @Test func `an append is answered when it is on disk, and fits or is refused`() {
        var core = core(term: 2, log: [entry(1), entry(1), entry(2)])
        let refused = deliver(
            .append(previousIndex: 7, previousTerm: 3, entries: [], commit: 0), term: 3, to: &core, at: 1)
        #expect(refused == [.appendRefused(previousIndex: 7, hint: 3)])
        let conflict = deliver(
            .append(previousIndex: 3, previousTerm: 3, entries: [], commit: 0), term: 3, to: &core, at: 1)
        #expect(conflict == [.appendRefused(previousIndex: 3, hint: 2)])
        let append = RaftMessage.append(
            previousIndex: 1, previousTerm: 1, entries: [entry(1), entry(3)], commit: 9)
        #expect(deliver(append, term: 3, to: &core, at: 1).isEmpty)
        core.persisted(upTo: core.lastSequence)
        #expect(sent(&core, at: 1) == [.appended(index: 3)])
        #expect(core.log == RaftLog(entries: [entry(1), entry(1), entry(3)]))
        #expect(core.commitIndex == 3)
        // An older append that comes late must not cut what came after it.
        let late = RaftMessage.append(previousIndex: 1, previousTerm: 1, entries: [entry(1)], commit: 0)
        #expect(deliver(late, term: 3, to: &core, at: 1) == [.appended(index: 2)])
        #expect(core.log.lastIndex == 3)
        // A leader of an earlier term changes nothing, and hears of the later one.
        #expect(deliver(append, term: 2, to: &core, at: 1) == [.preVote(lastIndex: 3, lastTerm: 3)])
        #expect(core.log.lastIndex == 3 && core.term == 3)
    }

    @Test func `a leader counts only entries of its own term`() {
        var core = core(term: 2, log: [entry(1), entry(2)])
        elect(&core, at: second)
        #expect(core.role == .leader)
        _ = deliver(.appended(index: 2), term: 3, to: &core, at: second)
        #expect(core.commitIndex == 0)
        _ = deliver(.appended(index: 3), term: 3, to: &core, at: second)
        #expect(core.commitIndex == 3)
    }

    @Test func `a leader's own disk counts only when it has written`() {
        var core = core()
        elect(&core, at: second)
        _ = deliver(.appended(index: 1), term: 1, to: &core, at: second)
        _ = core.propose([7])
        _ = sent(&core, at: second)
        _ = deliver(.appended(index: 2), term: 1, to: &core, at: second)
        #expect(core.commitIndex == 1)
        core.persisted(upTo: core.lastSequence)
        #expect(core.commitIndex == 2)
    }

    @Test func `a read waits for a round that began after it`() {
        var core = core()
        elect(&core, at: second)
        #expect(read(1, &core, at: second))
        let early = core.round
        _ = deliver(.heartbeatAnswer(round: early), term: 1, to: &core, at: second)
        #expect(readyReads(&core, at: second).isEmpty, "nothing of this term is committed yet")
        core.receive(Envelope(from: 2, to: 1, term: 1, message: .appended(index: 1)), time(second))
        #expect(readyReads(&core, at: second).isEmpty)
        #expect(core.round == early + 1)
        core.receive(Envelope(from: 3, to: 1, term: 1, message: .heartbeatAnswer(round: early)), time(second))
        #expect(readyReads(&core, at: second).isEmpty)
        core.receive(Envelope(from: 3, to: 1, term: 1, message: .heartbeatAnswer(round: early + 1)), time(second))
        #expect(readyReads(&core, at: second) == [1])
    }

    @Test func `a leader without a majority gives up, and its reads with it`() {
        var core = core()
        elect(&core, at: second)
        #expect(read(1, &core, at: second))
        core.tick(time(2 * second))
        #expect(core.role == .follower)
        let effects = core.takeEffects(time(2 * second))
        #expect(effects.failedReads == [1])
        let proposed = core.propose([1])
        #expect(proposed == nil)
        #expect(!read(2, &core, at: 2 * second))
    }

    @Test func `a leader learns of a newer term from a follower that waits in it`() {
        var core = core()
        elect(&core, at: second)
        _ = deliver(.preVote(lastIndex: 0, lastTerm: 0), from: 3, term: 4, to: &core, at: second)
        #expect(core.role == .follower)
        #expect(core.term == 4)
    }

    /// Which need not know it as a member, and then never asks it for its vote.
    @Test func `a leader of old hears of a newer term from whomever it still leads`() {
        var ahead = core(members: [1, 2], term: 6)
        let answer = deliver(.heartbeat(round: 1, commit: 0), from: 3, term: 5, to: &ahead, at: second)
        #expect(answer == [.preVote(lastIndex: 0, lastTerm: 0)])
        #expect(deliver(.voteGranted, from: 3, term: 5, to: &ahead, at: second).isEmpty)
        var leader = core()
        elect(&leader, at: second)
        #expect(leader.role == .leader)
        _ = deliver(answer[0], from: 3, term: leader.term + 1, to: &leader, at: second)
        #expect(leader.role == .follower)
    }

    @Test func `a lease ends by the wall clock, and there is none without the bug`() {
        var core = core(bugs: [.leaseClock])
        elect(&core, at: second)
        _ = deliver(.appended(index: 1), term: 1, to: &core, at: second)
        _ = deliver(.heartbeatAnswer(round: core.round), term: 1, to: &core, at: second + 20_000_000)
        #expect(core.holdsLease(time(second + 130_000_000)))
        #expect(!core.holdsLease(time(second + 140_000_000)))
        #expect(core.holdsLease(.init(monotonic: 9 * second, wall: second)))
        var correct = self.core()
        elect(&correct, at: second)
        _ = deliver(.appended(index: 1), term: 1, to: &correct, at: second)
        _ = deliver(.heartbeatAnswer(round: correct.round), term: 1, to: &correct, at: second)
        #expect(!correct.holdsLease(time(second)))
    }
}
