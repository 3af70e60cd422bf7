import CLinux
import Glibc
import PolygraphCluster

/// Prints one figure a line.
struct LabBenchmark {
    let seconds: Double
    private let program = CommandLine.arguments[0]
    private let folder = "/tmp/polygraph-lab-benchmark-\(lab_monotonic_time())"

    init(seconds: Double) { self.seconds = seconds }

    func run() throws {
        defer { removeFolder() }
        try upAndDown()
        let lab = try Lab(LabConfiguration(nodeCount: 5, folder: folder))
        defer { lab.tearDown() }
        try partitions(lab)
        try roundTrips(lab)
        try throughput(lab)
        try clocks(lab)
    }

    private func upAndDown() throws {
        var up: [Int64] = []
        var down: [Int64] = []
        for _ in 0..<10 {
            let start = lab_monotonic_time()
            let lab = try Lab(LabConfiguration(nodeCount: 5, folder: folder))
            let middle = lab_monotonic_time()
            lab.tearDown()
            up.append(middle - start)
            down.append(lab_monotonic_time() - middle)
        }
        show("five nodes up", up)
        show("five nodes down", down)
    }

    private func partitions(_ lab: Lab) throws {
        let ring = Set((0..<5).map { Link(from: .node($0), to: .node(($0 + 2) % 5)) })
        var times: [Int64] = []
        for turn in 0..<200 { times.append(try lab.setCuts(turn % 2 == 0 ? ring : [])) }
        _ = try lab.setCuts([])
        show("partition applied", times)
    }

    private func roundTrips(_ lab: Lab) throws {
        try lab.start(lab.nodes[0], Launch(command: [program, "role", "reflector"]))
        show("round trip controller - node (UDP)", Role.roundTrips(lab.nodes[0].address, count: 2000))
        try runToEnd(lab, 1, ["ping", lab.nodes[0].address, "2000"])
        let times = lab.lastOutput(of: lab.nodes[1], lines: 1).joined().split(separator: " ").compactMap { Int64($0) }
        show("round trip node - node (UDP)", times)
        _ = try lab.kill(lab.nodes[0])
    }

    private func throughput(_ lab: Lab) throws {
        try lab.start(lab.nodes[0], Launch(command: [program, "role", "sink"]))
        let link = Link(from: .node(1), to: .node(0))
        for _ in 0..<3 {
            let before = lab.linkCounters().first { $0.link == link }!
            let start = lab_monotonic_time()
            try runToEnd(lab, 1, ["source", lab.nodes[0].address, String(seconds)])
            let elapsed = Double(lab_monotonic_time() - start) / 1e9
            let after = lab.linkCounters().first { $0.link == link }!
            let frames = Double(after.forwardedFrames - before.forwardedFrames) / elapsed
            let rate = lab.lastOutput(of: lab.nodes[1], lines: 1).joined()
            print("TCP node - node: \(rate.prefix(5)) Gbit/s, \(Int(frames)) frames/s")
        }
        _ = try lab.kill(lab.nodes[0])
    }

    private func clocks(_ lab: Lab) throws {
        var first: [Int64] = []
        var later: [Int64] = []
        for node in lab.nodes { try lab.start(node, Launch(command: [program, "role", "wait"])) }
        for turn in 1...200 {
            for node in lab.nodes {
                let proof = try lab.setClock(node, ClockSkew(offset: Int64(turn) * 1_000_000_000))
                if turn == 1 { first.append(proof.elapsed) } else { later.append(proof.elapsed) }
            }
        }
        show("first clock change of a node", first)
        show("later clock changes", later)
    }

    private func runToEnd(_ lab: Lab, _ index: Int, _ words: [String]) throws {
        do throws(ClusterError) {
            try lab.start(lab.nodes[index], Launch(command: [program, "role"] + words))
        } catch {
            // Over within the grace period: that is no mistake here.
            guard case .exited(0, _) = lab.state(of: lab.nodes[index]) else { throw error }
        }
        while case .running = lab.state(of: lab.nodes[index]) { usleep(5000) }
    }

    private func show(_ name: String, _ times: [Int64]) {
        let sorted = times.sorted()
        guard let last = sorted.last else {
            print("\(name): no result")
            return
        }
        func text(_ value: Int64) -> String { "\(value / 1000).\(value % 1000 / 100) us" }
        let low = sorted[0], middle = sorted[sorted.count / 2],
            high = sorted[min(sorted.count * 99 / 100, sorted.count - 1)]
        print("\(name): min \(text(low)), median \(text(middle)), p99 \(text(high)), max \(text(last))")
    }

    private func removeFolder() {
        for index in 1...5 {
            for name in ["stdout.log", "stderr.log"] { unlink("\(folder)/n\(index)/\(name)") }
            rmdir("\(folder)/n\(index)/data")
            rmdir("\(folder)/n\(index)")
        }
        rmdir(folder)
    }
}
