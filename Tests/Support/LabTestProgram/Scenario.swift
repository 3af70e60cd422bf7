import CLinux
import FoundationEssentials
import Glibc
import PolygraphCluster
import Synchronization

/// One test's doings inside the world. Findings are words, so that the test can compare and print them.
struct Scenario {
    let folder: String
    /// Found as an argument of all processes that belong to this scenario.
    var mark: String { "mark-" + folder }

    /// This program, wherever a node is.
    static let program: String = {
        guard let path = realpath("/proc/self/exe", nil) else { preconditionFailure("no /proc") }
        defer { free(path) }
        return String(cString: path)
    }()

    enum Failure: Error { case timeout(String) }

    func run(_ name: String) throws {
        let findings: [String: String]
        switch name {
        case "matrix": findings = try matrix()
        case "tcp": findings = try tcp()
        case "swap": findings = try swap()
        case "frames": findings = try frames()
        case "slowness": findings = try slowness()
        case "connections": findings = try connections()
        case "flapping": findings = try flapping()
        case "reach": findings = try reach()
        case "resolution": findings = try resolution()
        case "recording": findings = try recording()
        case "kill": findings = try kill()
        case "pause": findings = try pause()
        case "restart": findings = try restart()
        case "terminate": findings = try terminate()
        case "beside": findings = try beside()
        case "cut-short": findings = try cutShort()
        case "share": findings = try processorShare()
        case "slow-down": findings = try slowdown()
        case "memory": findings = try memory()
        case "memory-later": findings = try memoryLater()
        case "descriptors": findings = try fileDescriptors()
        case "hold-limits": findings = try holdLimits()
        case "end-limits": findings = try endLimits()
        case "launches": findings = try launches()
        case "surroundings": findings = try surroundings()
        case "hold": findings = try hold()
        case "signals": findings = try signals()
        case "exit": exit(7)
        case "nested": findings = try nested()
        case "skew": findings = try skew()
        case "storm": findings = try storm()
        case "inherit": findings = try inherit()
        case "static": findings = try staticBinary()
        case "motion": findings = try motion()
        case "clock-reach": findings = try clockReach()
        case "power-model": findings = try powerModel()
        case "power-records": findings = try powerRecords(.writes)
        case "power-records-unseen": findings = try powerRecords(.changes)
        case "call-rules": findings = try callRules()
        case "redis": findings = try redis()
        case "etcd": findings = try etcd()
        case "probes": findings = probes()
        case "host-nft": findings = try hostFilter(.nft)
        case "host-iptables": findings = try hostFilter(.iptables)
        case "host-legacy": findings = try hostFilter(.legacy)
        case "host-times": findings = try hostTimes()
        default:
            guard let found = try faultScenario(name) else { exit(254) }
            findings = found
        }
        try report(findings)
    }

    func report(_ findings: [String: String]) throws {
        print(String(decoding: try JSONEncoder().encode(findings), as: UTF8.self))
        fflush(nil)
    }

    func lab(_ count: Int) throws(ClusterError) -> Lab {
        try Lab(LabConfiguration(nodeCount: count, folder: folder))
    }

    func role(_ words: String...) -> Launch {
        Launch(command: [Scenario.program, "role"] + words)
    }

    /// Looks again and again until there is something; a busy machine may need long.
    func eventually<Found>(_ what: String, _ look: () throws -> Found?) throws -> Found {
        let limit = lab_monotonic_time() + 30_000_000_000
        while lab_monotonic_time() < limit {
            if let found = try look() { return found }
            usleep(2000)
        }
        throw Failure.timeout(what)
    }

    func file(_ node: Node, _ name: String) -> String { Files.read("\(node.dataDirectory)/\(name)") }

    func awaitFile(_ node: Node, _ name: String) throws -> String {
        try eventually("\(name) of \(node.name)") {
            let text = file(node, name)
            return text.isEmpty ? nil : text
        }
    }
}
