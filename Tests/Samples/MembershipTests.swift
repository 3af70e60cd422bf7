import Testing

@testable import PolygraphSamples

@Suite struct MembershipTests {
    private let second: Nanoseconds = 1_000_000_000

    private func time(_ monotonic: Nanoseconds) -> RaftCore.Now { .init(monotonic: monotonic, wall: monotonic) }

    /// Node 1 as the leader of term 1 of the nodes 1, 2 and 3, its no-op on its own disk alone.
    private func leader(bugs: Set<RaftBug> = []) -> RaftCore {
        var core = RaftCore(
            configuration: .init(id: 1, members: [1, 2, 3], bugs: bugs), state: DurableState(), seed: 1, now: time(0))
        core.tick(time(second))
        receive(.preVoteGranted(campaign: 1), from: 2, term: 0, &core)
        core.persisted(upTo: core.lastSequence)
        receive(.voteGranted, from: 2, &core)
        settle(&core)
        return core
    }

    private func receive(
        _ message: RaftMessage, from sender: NodeID, to: NodeID = 1, term: Term = 1, _ core: inout RaftCore
    ) {
        core.receive(Envelope(from: sender, to: to, term: term, message: message), time(second))
    }

    /// Writes everything, and takes what is to be sent.
    @discardableResult private func settle(_ core: inout RaftCore) -> [Envelope] {
        core.persisted(upTo: core.lastSequence)
        return core.takeEffects(time(second)).messages
    }

    private func change(_ change: MemberChange, _ core: inout RaftCore) -> MemberChangeProgress {
        core.change(change, time(second))
    }

    @Test func `a member is removed once the leader's term has a committed entry, and one change follows the other`() {
        var core = leader()
        let early = change(.remove(3), &core)
        #expect(early == .refused, "nothing of this term is committed")
        receive(.appended(index: 1), from: 2, &core)
        let begun = change(.remove(3), &core)
        #expect(begun == .underWay)
        #expect(core.members.current == [1, 2])
        let second = change(.remove(2), &core)
        #expect(second == .refused, "the first change is not committed")
        #expect(!settle(&core).contains { $0.to == 3 })
        receive(.appended(index: 2), from: 3, &core)
        #expect(core.commitIndex == 1, "who is removed has no say any more")
        receive(.appended(index: 2), from: 2, &core)
        #expect(core.commitIndex == 2)
        let done = change(.remove(3), &core)
        #expect(done == .done)
    }

    @Test func `with the bug changes are done at once, one on top of the other`() {
        var core = leader(bugs: [.splitConfig])
        for node in [3, 2] as [NodeID] {
            let progress = change(.remove(node), &core)
            #expect(progress == .done)
        }
        settle(&core)
        #expect(core.members.current == [1])
        #expect(core.commitIndex == 3, "alone it is a majority")
    }

    @Test func `with the bug who does not answer is no member after a change`() {
        var core = leader(bugs: [.splitConfig])
        let progress = core.change(.add(4), time(9 * second))
        #expect(progress == .done)
        #expect(core.members.current == [1, 4])
    }

    @Test func `a node that joins gets the log before it gets a vote`() {
        var core = leader()
        receive(.appended(index: 1), from: 2, &core)
        for number in 0..<200 as Range<UInt8> { _ = core.propose([9, number]) }
        settle(&core)
        receive(.appended(index: 201), from: 2, &core)
        var progress = change(.add(4), &core)
        #expect(progress == .underWay)
        #expect(core.members.current == [1, 2, 3])
        #expect(settle(&core).contains { $0.to == 4 })
        receive(.appendRefused(previousIndex: 201, hint: 0), from: 4, &core)
        #expect(settle(&core).contains { if case .append(0, 0, _, _) = $0.message { $0.to == 4 } else { false } })
        progress = change(.add(4), &core)
        #expect(core.members.current == [1, 2, 3])
        receive(.appended(index: 201), from: 4, &core)
        progress = change(.add(4), &core)
        #expect(core.members.current == [1, 2, 3, 4])
        settle(&core)
        receive(.appended(index: 202), from: 4, &core)
        #expect(core.commitIndex == 201, "of four, two are no majority")
        receive(.appended(index: 202), from: 3, &core)
        #expect(core.commitIndex == 202)
        progress = change(.add(4), &core)
        #expect(progress == .done)
    }

    @Test func `a leader that is removed leads until that is committed, without a vote, and then keeps quiet`() {
        var core = leader()
        receive(.appended(index: 1), from: 2, &core)
        _ = change(.remove(1), &core)
        settle(&core)
        receive(.appended(index: 2), from: 2, &core)
        #expect(core.commitIndex == 1 && core.role == .leader)
        receive(.appended(index: 2), from: 3, &core)
        settle(&core)
        #expect(core.role == .follower)
        core.tick(time(9 * second))
        #expect(core.role == .follower)
        #expect(core.takeEffects(time(9 * second)).messages.isEmpty)
    }

    @Test func `members are those of the log, of its snapshot, and of the log again when entries are taken back`() {
        let entries = [
            LogEntry(term: 1, members: [1, 2]), LogEntry(term: 1, command: [1]), LogEntry(term: 1, members: [1, 2, 9]),
        ]
        var history = MemberHistory(base: [1, 2, 3])
        history.record(entries[...], from: 5)
        #expect(history.current == [1, 2, 9])
        #expect([4, 5, 6, 7].map { history.members(at: $0) } == [[1, 2, 3], [1, 2], [1, 2], [1, 2, 9]])
        #expect(history.lastChange == 7)
        history.truncate(from: 7)
        #expect(history.current == [1, 2])
        history.compact(to: 6)
        #expect(history.current == [1, 2] && history.lastChange == 0)

        let snapshot = Snapshot(index: 6, term: 1, members: [1, 2], state: [])
        let log = RaftLog(baseIndex: 4, baseTerm: 1, entries: entries)
        let core = RaftCore(
            configuration: .init(id: 1, members: [1, 2, 3]), state: DurableState(term: 1, snapshot: snapshot, log: log),
            seed: 1, now: time(0))
        #expect(core.members.current == [1, 2, 9])
        #expect(core.peers == [2, 9])
    }

    @Test func `what is meant for another node is dropped, or with the bug answered in its name`() {
        func answers(_ bugs: Set<RaftBug>) -> [Envelope] {
            var core = RaftCore(
                configuration: .init(id: 2, members: [1, 2, 3], bugs: bugs), state: DurableState(), seed: 1,
                now: time(0))
            receive(.vote(lastIndex: 0, lastTerm: 0), from: 1, to: 2, &core)
            receive(.vote(lastIndex: 0, lastTerm: 0), from: 1, to: 3, &core)
            receive(.voteGranted, from: 1, to: 3, &core)
            return settle(&core)
        }
        let own = Envelope(from: 2, to: 1, term: 1, message: .voteGranted)
        #expect(answers([]) == [own])
        #expect(answers([.dnsOnce]) == [own, Envelope(from: 3, to: 1, term: 1, message: .voteGranted)])
    }
}
