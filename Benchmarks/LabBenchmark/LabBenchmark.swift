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
        try throughput(lab, "faults off", .whole)
        try throughput(lab, "all policies on", LabBenchmark.everything)
        try datagrams(lab, "faults off", .whole)
        try datagrams(lab, "all policies on", LabBenchmark.everything)
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

    /// Every effect that passes most frames, so little of each that much still comes through.
    private static let everything = LinkPolicy(
        .flap(period: 1_000_000_000, up: 0.999), .reset(share: 0.000_000_1), .loss(share: 0.000_01),
        .burstLoss(enter: 0.000_01, leave: 0.5, within: 1), .corruption(share: 0.000_01), .duplication(share: 0.001),
        .rate(bytesPerSecond: 2_000_000_000, queueBytes: 10_000_000),
        .delay(.normal(mean: 200_000, deviation: 50_000), correlation: 0.5),
        .reordering(share: 0.000_1, heldBack: 100_000)
    ).combined(with: LinkPolicy(.cut, ports: PortSet([9, 99, 999])))

    private let link = Link(from: .node(1), to: .node(0))

    private func setPolicy(_ lab: Lab, _ policy: LinkPolicy) throws {
        _ = try lab.setLinks([link: policy, Link(from: .node(0), to: .node(1)): policy])
    }

    private func throughput(_ lab: Lab, _ name: String, _ policy: LinkPolicy) throws {
        try lab.start(lab.nodes[0], Launch(command: [program, "role", "sink"]))
        try setPolicy(lab, policy)
        for _ in 0..<3 {
            let frames = try count(lab) { try runToEnd(lab, 1, ["source", lab.nodes[0].address, String(seconds)]) }
            let rate = lab.lastOutput(of: lab.nodes[1], lines: 1).joined()
            print("TCP node - node, \(name): \(rate.prefix(5)) Gbit/s, \(frames)")
        }
        _ = try lab.kill(lab.nodes[0])
        try setPolicy(lab, .whole)
    }

    private func datagrams(_ lab: Lab, _ name: String, _ policy: LinkPolicy) throws {
        try lab.start(lab.nodes[0], Launch(command: [program, "role", "reflector"]))
        _ = try lab.pause(lab.nodes[0])
        try setPolicy(lab, policy)
        for _ in 0..<3 {
            let frames = try count(lab) { try runToEnd(lab, 1, ["flood", lab.nodes[0].address, String(seconds)]) }
            print("UDP node - node, 64 bytes, \(name): \(frames)")
        }
        _ = try lab.kill(lab.nodes[0])
        try setPolicy(lab, .whole)
    }

    /// Frames a second that came in from the link while `body` ran, and what they cost the switch's thread.
    private func count(_ lab: Lab, _ body: () throws -> Void) throws -> String {
        func frames() -> UInt64 {
            let now = lab.linkCounters().filter { $0.link == link || $0.link == Link(from: link.to, to: link.from) }
            return now.reduce(0) {
                $0 + $1.forwardedFrames + $1.lostFrames + $1.cutFrames + $1.queueDrops - $1.duplicatedFrames
            }
        }
        let before = (frames(), LabBenchmark.threadTimes())
        let start = lab_monotonic_time()
        try body()
        let elapsed = Double(lab_monotonic_time() - start) / 1e9
        let count = Double(frames() - before.0)
        // The switch is the busiest thread of this process.
        let busy = LabBenchmark.threadTimes().map { $0.value - before.1[$0.key, default: 0] }.max() ?? 0
        return "\(Int(count / elapsed)) frames/s both ways, \(Int(Double(busy) / count)) ns of the switch each"
    }

    /// Nanoseconds that each thread of this process has had.
    private static func threadTimes() -> [Int: UInt64] {
        var times: [Int: UInt64] = [:]
        guard let folder = opendir("/proc/self/task") else { return [:] }
        defer { closedir(folder) }
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard let number = Int(name), let file = fopen("/proc/self/task/\(name)/schedstat", "r") else { continue }
            var text = [CChar](repeating: 0, count: 100)
            fgets(&text, 100, file)
            fclose(file)
            let digits = text.prefix { $0 >= 48 && $0 <= 57 }.map { UInt8(bitPattern: $0) }
            times[number] = UInt64(String(decoding: digits, as: UTF8.self))
        }
        return times
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
