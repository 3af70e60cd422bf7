import Glibc
import Testing

@testable import PolygraphSamples

/// Real processes, sockets and files.
@Suite(.serialized) struct RaftClusterTests {
    private func put(_ cluster: RaftProcesses, _ key: String, _ value: Int, at id: Int) -> Bool {
        cluster.eventually { cluster.request("PUT", "/kv/\(key)", #"{"value":\#(value)}"#, at: id)?.status == 200 }
    }

    private func value(_ cluster: RaftProcesses, _ key: String, at id: Int) -> String? {
        var body: String?
        _ = cluster.eventually {
            guard let answer = cluster.request("GET", "/kv/\(key)", at: id), answer.status != 503 else { return false }
            body = answer.body
            return true
        }
        return body
    }

    @Test func `writes survive the leader, and a late member catches up by a snapshot`() throws {
        let cluster = try RaftProcesses(count: 3, arguments: ["--snapshot-every", "20"])
        let first = try #require(cluster.leader())
        #expect(put(cluster, "before", 1, at: first))
        cluster.kill(first)
        let survivor = try #require(cluster.running.first)
        #expect(value(cluster, "before", at: survivor) == "{\"value\":1}\n")
        for number in 0..<200 { #expect(put(cluster, "k\(number % 50)", number, at: survivor)) }
        try cluster.start(first)
        // Once another member is gone, nothing can be decided without the one that came back.
        let snapshot = cluster.dataDirectory(of: first) + "/snapshot"
        #expect(cluster.eventually { access(snapshot, R_OK) == 0 })
        cluster.kill(survivor)
        for key in 0..<50 { #expect(value(cluster, "k\(key)", at: first) == "{\"value\":\(150 + key)}\n") }
        #expect(value(cluster, "before", at: first) == "{\"value\":1}\n")
        #expect(value(cluster, "nothing", at: first) == "{\"error\":\"not found\"}\n")
    }

    @Test func `everything that was acknowledged is there after all members were killed at once`() throws {
        let cluster = try RaftProcesses(count: 3)
        for round in 0..<3 {
            for number in 0..<20 { #expect(put(cluster, "k\(number)", round * 100 + number, at: number % 3 + 1)) }
            for id in cluster.running { cluster.kill(id) }
            for id in 1...3 { try cluster.start(id) }
            for number in 0..<20 {
                #expect(
                    value(cluster, "k\(number)", at: (number + 1) % 3 + 1) == "{\"value\":\(round * 100 + number)}\n")
            }
        }
    }

    @Test func `a leader that was stopped and wakes up tells nothing old`() throws {
        let cluster = try RaftProcesses(count: 3)
        for round in 1...5 {
            let leader = try #require(cluster.leader())
            let other = leader % 3 + 1
            #expect(put(cluster, "k", round, at: leader))
            cluster.signal(leader, SIGSTOP)
            #expect(put(cluster, "k", -round, at: other))
            cluster.signal(leader, SIGCONT)
            let answer = cluster.request("GET", "/kv/k", at: leader)
            #expect(answer == nil || answer?.status == 503 || answer?.body == "{\"value\":\(-round)}\n")
            #expect(value(cluster, "k", at: leader) == "{\"value\":\(-round)}\n")
        }
    }

    @Test func `a request with an identity is applied once, whoever is asked`() throws {
        let cluster = try RaftProcesses(count: 3)
        _ = try #require(cluster.leader())
        #expect(put(cluster, "k", 1, at: 1))
        let body = #"{"from":1,"to":2,"client":"me","request":1}"#
        for id in [1, 2, 3, 1] {
            #expect(cluster.eventually { cluster.request("POST", "/kv/k/cas", body, at: id)?.status == 200 })
        }
        #expect(
            cluster.eventually { cluster.request("POST", "/kv/k/cas", #"{"from":1,"to":3}"#, at: 2)?.status == 409 })
        #expect(value(cluster, "k", at: 3) == "{\"value\":2}\n")
    }

    @Test(arguments: [[], ["--bug", "dns-once"]])
    func `nodes find one another by name`(arguments: [String]) throws {
        let cluster = try RaftProcesses(count: 3, arguments: arguments, byName: true)
        for round in 0..<3 {
            let leader = try #require(cluster.leader())
            #expect(put(cluster, "k", round, at: leader % 3 + 1))
            cluster.kill(leader)
            #expect(value(cluster, "k", at: leader % 3 + 1) == "{\"value\":\(round)}\n")
            try cluster.start(leader)
        }
    }

    @Test func `members leave and join while the cluster serves, until it is another one`() throws {
        let cluster = try RaftProcesses(count: 5, arguments: ["--members", "1,2,3", "--snapshot-every", "20"])
        let first = try #require(cluster.leader())
        func change(_ change: String, at id: Int) {
            #expect(cluster.eventually { cluster.request("POST", "/members", change, at: id)?.status == 200 })
        }
        #expect(put(cluster, "k", 1, at: first))
        #expect(cluster.request("POST", "/members", #"{"add":6}"#, at: first)?.status == 400)
        #expect(cluster.request("POST", "/members", #"{"add":4,"remove":1}"#, at: first)?.status == 400)
        for number in 0..<50 { #expect(put(cluster, "many", number, at: first)) }
        for (added, removed) in [(4, 1), (5, 2)] {
            change(#"{"add":\#(added)}"#, at: 3)
            change(#"{"remove":\#(removed)}"#, at: 3)
        }
        #expect(
            cluster.eventually {
                cluster.request("GET", "/members", at: 3)?.body == "{\"members\":[3,4,5],\"settled\":true}\n"
            })
        for id in [1, 2] { cluster.kill(id) }
        #expect(put(cluster, "k", 2, at: 4))
        // What they were is in their logs and snapshots.
        for id in [3, 4, 5] { cluster.kill(id) }
        for id in [3, 4, 5] { try cluster.start(id) }
        #expect(value(cluster, "k", at: 5) == "{\"value\":2}\n")
        #expect(value(cluster, "many", at: 4) == "{\"value\":49}\n")
        // A node that was removed is no part of it, with all that it still knows.
        for id in [4, 5] { cluster.kill(id) }
        for id in [1, 2] { try cluster.start(id) }
        #expect(cluster.eventually { cluster.request("GET", "/health", at: 3)?.status == 503 })
        #expect(cluster.request("PUT", "/kv/k", #"{"value":3}"#, at: 1)?.status == 503)
    }

    @Test func `without a majority nothing is promised`() throws {
        let cluster = try RaftProcesses(count: 3)
        let leader = try #require(cluster.leader())
        let follower = leader % 3 + 1
        for id in cluster.running where id != follower { cluster.kill(id) }
        #expect(cluster.eventually { cluster.request("GET", "/health", at: follower)?.status == 503 })
        let write = try #require(cluster.request("PUT", "/kv/k", #"{"value":1}"#, at: follower))
        #expect(write.status == 503)
        #expect(write.body.contains(#""definite":true"#))
        #expect(cluster.request("GET", "/kv/k", at: follower)?.status == 503)
        for id in 1...3 where id != follower { try cluster.start(id) }
        #expect(value(cluster, "k", at: follower) == "{\"error\":\"not found\"}\n")
        #expect(cluster.request("NONSENSE", "/", at: follower)?.status == 404)
        #expect(cluster.request("PUT", "/kv/k", "{", at: follower)?.status == 400)
    }
}
