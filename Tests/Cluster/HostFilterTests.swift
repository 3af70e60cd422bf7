import Foundation
import Testing

@testable import PolygraphCluster

/// What hosts do to their own networks, in networks made for the test.
@Suite(.serialized) struct HostFilterTests {
    private static let expected = [
        "whole": "true", "one way": "true", "one way, IPv6": "true", "both ways": "true", "counted cuts": "true",
        "clients": "true", "governed": "true", "not governed": "false", "answers cut": "false", "cut frames": "200",
        "ports": "100 100", "loss": "true", "loss to clients": "true", "old connection": "false",
        "counted resets": "true", "new connection": "true", "refused": "true", "connection in the end": "true",
        "rate": "true", "queued": "100", "after the rate": "true", "foreign queue": "true", "rules restored": "true",
        "queues restored": "true", "taken over": "true", "restored by name": "true", "healed": "true",
        "abilities": "true",
    ]

    @Test(arguments: ["nft", "iptables", "legacy"])
    func `links are cut, spoiled and healed by the host's own packet filter`(_ tool: String) throws {
        let needed = tool == "nft" ? "nft" : tool == "legacy" ? "iptables-legacy-restore" : "iptables-nft-restore"
        guard HostPrograms().find(needed) != nil else {
            Issue.record("\(needed) is missing: apt-get install nftables iptables")
            return
        }
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("host-\(tool)")
        var expected = Self.expected
        if tool == "nft" { expected["copies"] = "true" }
        for (name, value) in expected.sorted(by: { $0.key < $1.key }) {
            #expect(run.findings[name] == value, "\(name)")
        }
        #expect(run.findings.count == expected.count, "\(run.output)")
    }

    @Test func `a host without a packet filter is told what to install`() throws {
        let ends = try HostEnds(
            own: .node(0), ends: [(.node(0), ["10.0.0.1"]), (.node(1), ["10.0.0.2"])], id: "run")
        let error = #expect(throws: ClusterError.self) {
            try HostNetwork(ends: ends, programs: HostPrograms(path: "/nonexistent"))
        }
        #expect(error?.message.contains("apt-get install nftables") == true, "\(error as Any)")
        let result = HostNetworkProbe.run(HostPrograms(path: "/nonexistent"))
        #expect(result.allSatisfy { !$0.works && !$0.remedy.isEmpty })
    }

    @Test func `addresses that cannot be told apart are refused`() {
        #expect(throws: ClusterError.self) {
            try HostEnds(own: .node(0), ends: [(.node(0), ["10.0.0.1"]), (.node(1), ["10.0.0.1"])], id: "run")
        }
        #expect(throws: ClusterError.self) {
            try HostEnds(own: .node(0), ends: [(.node(1), ["host.example"])], id: "run")
        }
    }

    @Test func `tools get their input, and what they say comes back whole`() throws {
        let programs = HostPrograms()
        let long = String(repeating: "a line\n", count: 100_000)
        #expect(try programs.run(["cat"], input: long).output == long)
        let failed = try programs.run(["sh", "-c", "echo out; echo wrong >&2; exit 3"])
        #expect(failed.status == 3 && failed.output == "out\n" && failed.errors == "wrong\n")
        #expect(failed.complaint == "wrong")
        #expect(try programs.run(["sh", "-c", "kill -9 $$"]).status == 137)
        #expect(throws: ClusterError.self) { try programs.run(["no-such-tool"]) }
    }
}
