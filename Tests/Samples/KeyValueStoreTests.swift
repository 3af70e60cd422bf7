import Testing

@testable import PolygraphSamples

@Suite struct KeyValueStoreTests {
    private func put(_ client: String, _ request: UInt64, _ value: String) -> Command {
        Command(client: client, request: request, key: "k", change: .put(value: value))
    }

    private func compareAndSet(_ client: String, _ request: UInt64, _ from: String, _ to: String) -> Command {
        Command(client: client, request: request, key: "k", change: .compareAndSet(from: from, to: to))
    }

    @Test func `a retry is answered as before and changes nothing`() {
        var store = KeyValueStore()
        #expect(store.apply(put("a", 1, "5"), at: 1) == .done)
        #expect(store.apply(compareAndSet("b", 1, "5", "6"), at: 2) == .done)
        #expect(store.apply(put("a", 1, "5"), at: 3) == .done)
        #expect(store.apply(compareAndSet("b", 1, "5", "6"), at: 4) == .done)
        #expect(store.read("k") == .value("6"))
        #expect(store.apply(compareAndSet("b", 2, "5", "6"), at: 5) == .mismatch)
        #expect(store.apply(put("c", 1, "5"), at: 6) == .done)
        #expect(store.apply(compareAndSet("b", 2, "5", "6"), at: 7) == .mismatch)
        #expect(store.apply(put("b", 1, "9"), at: 8) == .superseded)
        #expect(store.read("k") == .value("5"))
        #expect(store.read("other") == .absent)
    }

    @Test func `with the bug a retry is applied again`() {
        var store = KeyValueStore(bugs: [.doubleApply])
        _ = store.apply(put("a", 1, "5"), at: 1)
        _ = store.apply(put("b", 1, "6"), at: 2)
        _ = store.apply(put("a", 1, "5"), at: 3)
        #expect(store.read("k") == .value("5"))
    }

    @Test func `stamps decide only with the bug, and survive a snapshot`() throws {
        func put(_ request: UInt64, _ value: String, at stamp: Nanoseconds) -> Command {
            Command(client: "a", request: request, key: "k", change: .put(value: value), stamp: stamp)
        }
        for bugs in [[], [.trustClockOrdering]] as [Set<RaftBug>] {
            var store = KeyValueStore(bugs: bugs)
            #expect(store.apply(put(1, "1", at: 60), at: 1) == .done)
            var copy = KeyValueStore(bugs: bugs)
            try copy.restore(store.serialised)
            #expect(copy == store)
            #expect(copy.apply(put(2, "2", at: 59), at: 2) == .done)
            #expect(copy.read("k") == .value(bugs.isEmpty ? "2" : "1"))
            #expect(copy.apply(put(3, "3", at: 60), at: 3) == .done)
            #expect(copy.read("k") == .value("3"))
        }
    }

    @Test func `the oldest client is forgotten first, whether or not a snapshot was taken in between`() throws {
        for restoredAt in 0..<200 as Range<UInt64> {
            var random = SplitMix64(seed: restoredAt)
            var store = KeyValueStore(sessionLimit: 5)
            var reference: [(client: String, request: UInt64)] = []
            for index in 1...200 as ClosedRange<UInt64> {
                let client = "c\(Int.random(in: 0..<9, using: &random))"
                _ = store.apply(put(client, index, "\(index)"), at: index)
                reference.removeAll { $0.client == client }
                reference.append((client, index))
                if reference.count > 5 { reference.removeFirst() }
                if index == restoredAt {
                    var copy = KeyValueStore(sessionLimit: 5)
                    try copy.restore(store.serialised)
                    #expect(copy == store)
                    store = copy
                }
                #expect(Set(store.sessions.sessions.keys) == Set(reference.map(\.client)))
            }
        }
    }

    @Test func `commands and frames survive encoding, and no cut of them is accepted`() throws {
        var stamped = put("a", 7, "1")
        stamped.stamp = -1
        let commands = [put("a", .max, "\"\\u00e9\""), compareAndSet("", 0, "null", "1e400"), stamped]
        for command in commands {
            #expect(try Command(decoding: command.encoded) == command)
            for size in 0..<command.encoded.count {
                #expect(throws: DecodingFailure.self) { try Command(decoding: Array(command.encoded[..<size])) }
            }
        }
        let messages: [RaftMessage] = [
            .preVote(lastIndex: 1, lastTerm: 2), .preVoteGranted(campaign: 3), .vote(lastIndex: 4, lastTerm: 5),
            .voteGranted,
            .append(previousIndex: 1, previousTerm: 2, entries: [LogEntry(term: 3, command: [4])], commit: 5),
            .appended(index: 9), .appendRefused(previousIndex: 8, hint: 7), .heartbeat(round: 1, commit: 2),
            .heartbeatAnswer(round: .max),
            .snapshotPart(Snapshot(index: 1, term: 2, members: [1, 9], state: [4, 5]), offset: 3, isLast: true),
            .snapshotWanted(index: 1, offset: 2),
        ]
        let frames: [PeerFrame] =
            messages.map { .raft(Envelope(from: 1, to: 2, term: 3, message: $0)) }
            + [
                .hello(from: 4, to: 5), .request(number: 4, operation: .changeMembers(.add(9))),
                .request(number: 4, operation: .changeMembers(.remove(1))),
                .request(number: 5, operation: .read(key: "k")),
                .request(number: 6, operation: .change(commands[0])), .outcome(number: 7, outcome: .refused),
                .outcome(number: 8, outcome: .uncertain), .outcome(number: 9, outcome: .answered(.value("1"))),
                .outcome(number: 9, outcome: .answered(.done)), .outcome(number: 9, outcome: .answered(.mismatch)),
                .outcome(number: 9, outcome: .answered(.absent)), .outcome(number: 9, outcome: .answered(.superseded)),
            ]
        for frame in frames {
            let bytes = frame.encoded
            let parsed = try #require(try PeerFrame.parse((bytes + [1, 2, 3])[...]))
            #expect(parsed.frame == frame)
            #expect(parsed.size == bytes.count)
            for size in 0..<bytes.count { #expect(try PeerFrame.parse(bytes[..<size])?.frame == nil) }
        }
    }
}
