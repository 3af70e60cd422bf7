import CLinux
import Glibc
import PolygraphCluster

/// What supervision costs a node that is under no fault: `LabBenchmark disks`.
struct DiskCost {
    let folder = "/tmp/polygraph-lab-benchmark-\(lab_monotonic_time())"

    /// Requests a second of Debian's redis-server, by how closely it is watched and how often it syncs. The levels
    /// take turns, so that whatever else the machine does hits all of them.
    func run(rounds: Int) throws {
        defer { _ = shell("rm -rf \(folder)") }
        var rates: [String: [Double]] = [:]
        for _ in 0..<rounds {
            for fsync in ["always", "everysec"] {
                for level in DiskSupervision.Level.allCases {
                    rates["appendfsync \(fsync), watched: \(level)", default: []].append(try rate(fsync, level))
                }
            }
        }
        for (name, values) in rates.sorted(by: { $0.key < $1.key }) {
            let sorted = values.sorted()
            let all = sorted.map { String(Int($0)) }.joined(separator: " ")
            print("redis SET, \(name): median \(Int(sorted[sorted.count / 2]))/s of \(all)")
        }
    }

    private func rate(_ fsync: String, _ level: DiskSupervision.Level) throws -> Double {
        let lab = try Lab(LabConfiguration(nodeCount: 1, folder: folder))
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        try lab.superviseDisk(node, DiskSupervision(level))
        try lab.start(
            node,
            Launch(command: [
                "redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "", "--appendonly", "yes",
                "--appendfsync", fsync, "--dir", node.dataDirectory,
            ]))
        var looks = 0
        while !shell("redis-cli -h \(node.address) ping").hasPrefix("PONG"), looks < 1000 {
            looks += 1
            usleep(5000)
        }
        let output = shell(
            "redis-benchmark -h \(node.address) -c 10 -n \(fsync == "always" ? 3000 : 20_000) -t set --csv")
        _ = shell("rm -rf \(node.dataDirectory)/*")
        let row = output.split(separator: "\n").last?.split(separator: ",") ?? []
        return row.count > 1 ? Double(row[1].filter { $0 != "\"" }) ?? 0 : 0
    }

    private func shell(_ command: String) -> String {
        guard let pipe = popen(command + " 2>&1", "r") else { return "" }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { text += buffer[..<count] }
        pclose(pipe)
        return String(decoding: text, as: UTF8.self)
    }
}
