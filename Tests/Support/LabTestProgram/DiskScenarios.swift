import CLinux
import Glibc
import PolygraphCluster

extension Scenario {
    private func output(_ node: Node) -> [String] {
        Files.read("\(folder)/\(node.name)/stdout.log").split(separator: "\n").map(String.init)
    }

    private func awaitOutput(_ node: Node, _ line: String, times: Int = 1) throws {
        _ = try eventually("\(line) of \(node.name)") {
            output(node).filter { $0 == line }.count >= times ? true : nil
        }
    }

    private func supervisedLab(_ count: Int, _ supervision: DiskSupervision) throws -> Lab {
        let lab = try lab(count)
        for node in lab.nodes { try lab.superviseDisk(node, supervision) }
        return lab
    }

    /// The files below a folder, by name.
    private func contents(_ node: Node) -> [String: [UInt8]] {
        var result: [String: [UInt8]] = [:]
        for prefix in ["", "sub/"] {
            for name in Files.names(in: "\(node.dataDirectory)/\(prefix)") where prefix + name != "sub" {
                result[prefix + name] = Files.bytes("\(node.dataDirectory)/\(prefix)\(name)")
            }
        }
        return result
    }

    /// Random steps, a power failure, and the model's opinion.
    func powerModel() throws -> [String: String] {
        let nodes = 6
        let count = 120
        var findings: [String: String] = [:]
        var total = PowerFailureProof()
        for (strict, level) in [(false, .changes), (true, .changes), (false, .writes), (true, .writes)]
            as [(Bool, DiskSupervision.Level)]
        {
            let lab = try supervisedLab(nodes, DiskSupervision(level, losesUnsyncedNames: strict))
            defer { lab.tearDown() }
            for node in lab.nodes {
                let seed = node.index * 2 + (strict ? 1 : 0)
                unlink("\(folder)/\(node.name)/stdout.log")
                _ = removeAll(node.dataDirectory)
                try lab.start(node, role("disk-steps", "\(seed)", "\(count)", strict ? "strict" : "journal"))
            }
            for node in lab.nodes { try awaitOutput(node, "done") }
            let proofs = try lab.powerFail(lab.nodes, PowerFailure())
            for (node, proof) in zip(lab.nodes, proofs) {
                var model = DiskModel(strict: strict)
                let seed = UInt64(node.index * 2 + (strict ? 1 : 0))
                for step in DiskModel.steps(seed: seed, count: count, acrossFolders: !strict) { model.apply(step) }
                let found = contents(node)
                if found != model.left {
                    findings["seed \(seed) \(level)"] = describe(found) + " instead of " + describe(model.left)
                }
                total.bytesLost += proof.bytesLost
                total.namesUndone += proof.namesUndone
                total.filesRolledBack += proof.filesRolledBack
                total.processesKilled += proof.processesKilled
            }
        }
        findings["killed"] = "\(total.processesKilled)"
        findings["lost"] = "\(total.bytesLost > 0 && total.namesUndone > 0 && total.filesRolledBack > 0)"
        return findings
    }

    func removeAll(_ folder: String) -> Bool {
        for name in Files.names(in: folder) {
            let path = folder + "/" + name
            if unlink(path) != 0 { _ = removeAll(path) && rmdir(path) == 0 }
        }
        return true
    }

    private func describe(_ files: [String: [UInt8]]) -> String {
        files.sorted { $0.key < $1.key }.map { name, bytes in
            let hash = bytes.reduce(UInt32(0)) { $0 &* 31 &+ UInt32($1) }
            return "\(name) \(bytes.count) \(hash)"
        }.joined(separator: ", ")
    }

    /// Threads that sync and acknowledge, and power failures in the middle of it: nothing acknowledged may be lost,
    /// and only whole records, or with torn writes a torn last one, may be there.
    func powerRecords(_ level: DiskSupervision.Level) throws -> [String: String] {
        let lab = try supervisedLab(1, DiskSupervision(level))
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        var lost = 0
        var torn = 0
        var bytesLost: Int64 = 0
        // Whether a record is caught half written is chance: once in 60 tries it must be.
        for round in 0..<60 where round < 12 || torn == 0 {
            unlink("\(folder)/n1/stdout.log")
            unlink("\(node.dataDirectory)/records")
            try lab.start(node, role("disk-records", "4"))
            _ = try eventually("records") { output(node).count > 20 + 13 * (round % 12) ? true : nil }
            let failure = PowerFailure(
                remains: round < 6 ? .nothing : .beginning, granularity: round < 9 ? 512 : 1, seed: UInt64(round))
            let proof = try lab.powerFail([node], failure)[0]
            bytesLost += proof.bytesLost
            let records = file(node, "records")
            let found = Set(records.split(separator: "\n").filter { $0.utf8.count == 15 }.compactMap { Int($0) })
            let acknowledged = output(node).compactMap { Int($0) }
            lost += acknowledged.filter { !found.contains($0) }.count
            if records.utf8.count % 16 != 0 { torn += 1 }
        }
        findings["lost"] = "\(lost)"
        findings["torn"] = "\(torn > 0)"
        findings["bytes lost"] = "\(bytesLost > 0)"
        let counters = try lab.durability(of: node)
        findings["syncs"] = "\(counters.syncs > 100 && counters.syncs == counters.syncTimes.count)"
        guard level >= .writes else {
            findings["unseen"] = "\(counters.writes == nil)"
            return findings
        }
        findings["writes"] = "\((counters.writes ?? 0) > counters.syncs)"
        findings["bytes"] = "\(counters.bytesWritten == Int64(16 * (counters.writes ?? 0)))"
        return findings
    }

    /// Every effect of a rule, as the program sees it.
    func callRules() throws -> [String: String] {
        let lab = try supervisedLab(1, DiskSupervision(.reads))
        defer { lab.tearDown() }
        let node = lab.nodes[0]
        var findings: [String: String] = [:]
        func attempt(_ name: String, _ rules: [SystemCallRule], _ words: String...) throws {
            _ = removeAll(node.dataDirectory)
            unlink("\(folder)/n1/stdout.log")
            try lab.setSystemCallRules(node, rules)
            // A rule may kill the program before it counts as started.
            try? lab.start(node, Launch(command: [Scenario.program, "role", "disk-probe"] + words))
            _ = try eventually("the end") {
                if case .exited = lab.state(of: node) { return true }
                return output(node).last == "end" ? true : nil
            }
            let counters = try lab.systemCallCounters(of: node).map { "\($0.hit)/\($0.matched)" }
            let size = Files.bytes("\(node.dataDirectory)/data").count
            if try lab.kill(node) == 0 { findings[name, default: ""] += "killed " }
            findings[name, default: ""] +=
                (output(node).filter { $0 != "end" } + ["size \(size)"] + counters).joined(separator: ", ")
        }
        try attempt("none", [], "write", "pwrite", "fsync", "read", "copy", "outside")
        try attempt("fail", [SystemCallRule([.fsync], effect: .fail(.EIO))], "write", "fsync", "fdatasync")
        try attempt(
            "second", [SystemCallRule([.write], files: "da*", effect: .fail(.ENOSPC), first: 2, limit: 1)], "write",
            "write", "write")
        try attempt("other file", [SystemCallRule([.write], files: "log*", effect: .fail(.EIO))], "write")
        try attempt("outside", [SystemCallRule([.write], effect: .fail(.EIO))], "outside", "write")
        try attempt(
            "delay", [SystemCallRule([.fdatasync], effect: .delay(60_000_000...80_000_000))], "write", "fdatasync")
        try attempt("short", [SystemCallRule([.write, .pwrite], effect: .short, seed: 4)], "write")
        try attempt("torn", [SystemCallRule([.write], effect: .torn, seed: 5)], "write")
        try attempt("torn crash", [SystemCallRule([.pwrite], effect: .tornCrash, seed: 5)], "pwrite")
        try attempt("before", [SystemCallRule([.write], effect: .crashBefore, first: 3)], "write", "write", "write")
        findings["cause"] = lab.endCause(of: node)?.rawValue
        try attempt("after", [SystemCallRule([.write], effect: .crashAfter, first: 3)], "write", "write", "write")
        try attempt("after fsync", [SystemCallRule([.fsync], effect: .crashAfter)], "write", "fsync", "write")
        try attempt("after rename", [SystemCallRule([.rename], effect: .crashAfter)], "write", "rename", "write")
        try attempt(
            "full", [SystemCallRule(SystemCallRule.Call.writing.union([.open, .mkdir]), effect: .full(room: 15))],
            "write", "write", "write", "open", "mkdir")
        try attempt("read", [SystemCallRule([.read], effect: .fail(.EIO))], "write", "read")
        try attempt(
            "names", [SystemCallRule([.rename, .unlink, .open], files: "*n*", effect: .fail(.EROFS))],
            "rename", "unlink", "open")
        try attempt("flip", [SystemCallRule([.write], effect: .flip, seed: 1)], "write")
        let flipped = Files.bytes("\(node.dataDirectory)/data")
        let bits = zip(flipped, Array("0123456789".utf8)).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
        findings["flipped bits"] = "\(bits)"
        return findings
    }
}
