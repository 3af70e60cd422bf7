import CLinux
import Glibc
import PolygraphCluster

/// Programs as distributions ship them, in C and in Go.
extension Scenario {
    /// What a shell command prints, without the last line feed.
    private func shell(_ command: String) -> String {
        guard let pipe = popen(command + " 2>&1", "r") else { return "" }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { text += buffer[..<count] }
        pclose(pipe)
        while text.last == 10 { text.removeLast() }
        return String(decoding: text, as: UTF8.self)
    }

    private func startRedis(_ lab: Lab, _ fsync: String) throws {
        let node = lab.nodes[0]
        try lab.start(
            node,
            Launch(command: [
                "redis-server", "--port", "6379", "--bind", "0.0.0.0", "--protected-mode", "no", "--save", "",
                "--appendonly", "yes", "--appendfsync", fsync, "--dir", node.dataDirectory,
            ]))
        _ = try eventually("redis") { shell("redis-cli -h \(node.address) ping") == "PONG" ? true : nil }
    }

    /// What redis has acknowledged is there after a power failure when it syncs every write, and is not when it syncs
    /// none.
    func redis() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        let client = "redis-cli -h \(node.address)"
        try lab.superviseDisk(node, DiskSupervision(.writes))
        var findings: [String: String] = [:]
        for fsync in ["always", "no"] {
            try startRedis(lab, fsync)
            let before = try lab.durability(of: node)
            let answers = shell("seq 1 200 | sed 's/.*/SET \(fsync)& value/' | \(client) | sort | uniq -c").split(
                separator: " ")
            findings["\(fsync) acknowledged"] = answers.joined(separator: " ")
            let after = try lab.durability(of: node)
            findings["\(fsync) syncs"] = "\(after.syncs - before.syncs >= 200)"
            findings["\(fsync) writes"] = "\((after.writes ?? 0) - (before.writes ?? 0) >= 200)"
            let proof = try lab.powerFail([node], PowerFailure())[0]
            findings["\(fsync) bytes lost"] = "\(proof.bytesLost > 5000)"
            try startRedis(lab, fsync)
            findings["\(fsync) left"] = shell("\(client) --scan --pattern '\(fsync)*' | wc -l")
            _ = try lab.kill(node)
        }
        // The disk is full: a server that promises to sync every write cannot go on.
        try lab.setSystemCallRules(
            node, [SystemCallRule(SystemCallRule.Call.writing, files: "*.aof", effect: .full(room: 1000))])
        try startRedis(lab, "always")
        _ = shell("seq 1 200 | sed 's/.*/SET key& value/' | \(client)")
        findings["full"] = "\(try lab.systemCallCounters(of: node)[0].hit > 0)"
        _ = try lab.kill(node)
        try lab.setSystemCallRules(node, [])
        try startRedis(lab, "always")
        findings["undone"] = shell("\(client) set a b")
        return findings
    }

    /// Everything that etcd has acknowledged is there after a power failure.
    func etcd() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        let url = "http://\(node.address):2379"
        try lab.superviseDisk(node, DiskSupervision(.writes))
        func start() throws {
            try lab.start(
                node,
                Launch(command: [
                    "etcd", "--data-dir", node.dataDirectory + "/etcd", "--listen-client-urls", "http://0.0.0.0:2379",
                    "--advertise-client-urls", url,
                ]))
            _ = try eventually("etcd") { shell("curl -s \(url)/health").contains("true") ? true : nil }
        }
        var findings: [String: String] = [:]
        for (round, remains) in PowerFailure.Remains.allCases.enumerated() {
            try start()
            var acknowledged = 0
            for number in 0..<40 {
                let key = "\(round)\(number)"
                let answer = shell(
                    "curl -s -X POST -d '{\"key\":\"\(base64(key))\",\"value\":\"eA==\"}' \(url)/v3/kv/put")
                if answer.contains("revision") { acknowledged += 1 }
            }
            findings["acknowledged \(round)"] = "\(acknowledged)"
            let proof = try lab.powerFail([node], PowerFailure(remains: remains, seed: UInt64(round)))[0]
            findings["killed \(round)"] = "\(proof.processesKilled)"
        }
        try start()
        let all = shell(
            "curl -s -X POST -d '{\"key\":\"AA==\",\"range_end\":\"AA==\",\"count_only\":true}' \(url)/v3/kv/range")
        findings["left"] = all.contains("\"count\":\"120\"") ? "120" : all
        findings["synced"] = "\(try lab.durability(of: node).syncs > 120)"
        return findings
    }

    private func base64(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        var result = ""
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            let word = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
            for place in 0..<4 {
                result.append(place <= group.count ? alphabet[word >> (18 - 6 * place) & 63] : "=")
            }
        }
        return result
    }
}
