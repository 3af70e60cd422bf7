import Foundation
import Glibc
import PolygraphSSH
import Synchronization

extension Scenario {
    /// Bytes that do not repeat within a file of the tests.
    static func bytes(_ count: Int, seed: UInt64) -> Data {
        var state = seed
        var words = [UInt64]()
        words.reserveCapacity(count / 8 + 1)
        for _ in 0...(count / 8) {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            words.append(state ^ state >> 29)
        }
        return words.withUnsafeBytes { Data($0.prefix(count)) }
    }

    private func data(_ name: String) -> Data? { FileManager.default.contents(atPath: path(name)) }

    func files() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        let connection = try connect(server)
        let client = try SFTPClient(connection)
        try client.makeDirectories(path("there/a/b c"))
        try client.makeDirectories(path("there/a/b c"))
        var isDirectory: ObjCBool = false
        findings["folders"] = String(
            FileManager.default.fileExists(atPath: path("there/a/b c"), isDirectory: &isDirectory)
                && isDirectory.boolValue)

        var wrong: [String] = []
        for size in [0, 1, 32_767, 32_768, 32_769, 1_000_000, 9_999_999] {
            let content = Scenario.bytes(size, seed: UInt64(size))
            try content.write(to: URL(fileURLWithPath: path("source")))
            var steps: [UInt64] = []
            let up = try client.upload(
                path("source"), to: path("there/a/b c/file"), permissions: 0o751, timeout: .seconds(100)
            ) { done, _ in steps.append(done) }
            if data("there/a/b c/file") != content { wrong.append("\(size): other bytes") }
            if up != client.expected(size) { wrong.append("\(size): \(up)") }
            if steps.last != UInt64(size) || steps != steps.sorted() { wrong.append("\(size): progress") }
            let attributes = try client.attributes(of: path("there/a/b c/file"))
            if attributes?.permissions != 0o751 || attributes?.size != UInt64(size) {
                wrong.append("\(size): attributes")
            }
            let down = try client.download(
                path("there/a/b c/file"), to: path("back"), permissions: 0o640, timeout: .seconds(100))
            if data("back") != content || down != client.expected(size) { wrong.append("\(size): download") }
            let hash = try client.hash(of: path("back"))
            let other = try world.shell("sha256sum '\(path("back"))'").prefix(64)
            if hash.map({ Substring($0) }) != other { wrong.append("\(size): hash") }
        }
        findings["sizes"] = wrong.isEmpty ? "ok" : wrong.joined(separator: ", ")
        findings["left"] = try FileManager.default.contentsOfDirectory(atPath: path("there/a/b c")).joined(
            separator: " ")

        // Who has the old file open keeps it: the new one takes its name at once.
        let old = try FileHandle(forReadingFrom: URL(fileURLWithPath: path("there/a/b c/file")))
        try Data("new".utf8).write(to: URL(fileURLWithPath: path("source")))
        _ = try client.upload(path("source"), to: path("there/a/b c/file"), timeout: .seconds(100))
        findings["replaced"] = "\(try old.readToEnd()?.count ?? 0) \(data("there/a/b c/file")?.count ?? 0)"

        try client.remove(path("there/a/b c/file"))
        try client.remove(path("there/a/b c/file"))
        findings["removed"] = "\(try client.attributes(of: path("there/a/b c/file")) == nil)"
        findings["hash of nothing"] = "\(try client.hash(of: path("nothing")) == nil)"
        findings["no folder"] = outcome {
            _ = try client.upload(path("source"), to: path("missing/file"), timeout: .seconds(100))
        }
        findings["no source"] = outcome {
            _ = try client.upload(path("missing"), to: path("there/file"), timeout: .seconds(100))
        }
        findings["no file"] = outcome {
            _ = try client.download(path("missing"), to: path("back"), timeout: .seconds(100))
        }
        findings["file in the way"] = outcome { try client.makeDirectories(path("source/below")) }
        try world.shell("mkdir '\(path("fixed"))'; mount -t tmpfs -o ro tmpfs '\(path("fixed"))'")
        findings["read-only"] = outcome {
            _ = try client.upload(path("source"), to: path("fixed/file"), timeout: .seconds(100))
        }
        if world.isRoot {
            findings["not allowed"] = outcome {
                let other = try SFTPClient(try connect(server, user: "tester"))
                _ = try other.upload(path("source"), to: path("keys/file"), timeout: .seconds(100))
            }
        }
        // Two transfers and commands on one connection.
        try Scenario.bytes(20_000_000, seed: 5).write(to: URL(fileURLWithPath: path("source")))
        let source = path("source")
        let targets = [path("there/one"), path("there/two")]
        Scenario.atOnce(3) { index in
            if index == 2 {
                for _ in 0..<50 { _ = try? connection.run(SSHCommand(["true"]), timeout: .seconds(100)) }
            } else if let client = try? SFTPClient(connection) {
                _ = try? client.upload(source, to: targets[index], timeout: .seconds(100))
            }
        }
        findings["at once"] = String(data("source") == data("there/one") && data("source") == data("there/two"))

        let without = try world.addServer(["Subsystem sftp /bin/false"])
        findings["no sftp"] = outcome { _ = try SFTPClient(try connect(without)) }
        return findings
    }

    /// Transfers whose line breaks in the middle.
    func resumed() throws -> Findings {
        var findings: Findings = [:]
        let server = try world.addServer()
        let size = 60_000_000
        let content = Scenario.bytes(size, seed: 1)
        try content.write(to: URL(fileURLWithPath: path("source")))

        func cutUpload() -> String {
            var isCut = false
            return outcome {
                let client = try SFTPClient(try connect(server))
                _ = try client.upload(path("source"), to: path("target"), timeout: .seconds(100)) { done, size in
                    if !isCut, done > size / 3 {
                        isCut = true
                        server.cutConnections()
                    }
                }
            }
        }
        findings["upload"] = cutUpload()
        findings["not whole, not there"] = String(data("target") == nil)
        var client = try SFTPClient(try connect(server))
        var transfer = try client.upload(path("source"), to: path("target"), timeout: .seconds(100))
        findings["upload goes on"] = "\(transfer.resumedFrom > UInt64(size) / 4) \(data("target") == content)"

        unlink(path("target"))
        findings["upload, again"] = cutUpload()
        // What is there is not the file's beginning any more.
        let partial = try FileHandle(forUpdating: URL(fileURLWithPath: path(".target.polygraph-part")))
        try partial.seek(toOffset: 1_000)
        try partial.write(contentsOf: Data("spoilt".utf8))
        try partial.close()
        client = try SFTPClient(try connect(server))
        transfer = try client.upload(path("source"), to: path("target"), timeout: .seconds(100))
        findings["spoilt, begins anew"] = "\(transfer.resumedFrom) \(data("target") == content)"

        // A part that is longer than a shorter file of the same name.
        try Scenario.bytes(90_000, seed: 9).write(to: URL(fileURLWithPath: path(".target.polygraph-part")))
        try Scenario.bytes(50_000, seed: 8).write(to: URL(fileURLWithPath: path("short")))
        transfer = try client.upload(path("short"), to: path("target"), timeout: .seconds(100))
        findings["longer part"] = "\(transfer.resumedFrom) \(data("target") == data("short"))"

        var isCut = false
        findings["download"] = outcome {
            _ = try client.download(path("source"), to: path("back"), timeout: .seconds(100)) { done, size in
                if !isCut, done > size / 3 {
                    isCut = true
                    server.cutConnections()
                }
            }
        }
        findings["download not whole"] = String(data("back") == nil)
        client = try SFTPClient(try connect(server))
        transfer = try client.download(path("source"), to: path("back"), timeout: .seconds(100))
        findings["download goes on"] = "\(transfer.resumedFrom > UInt64(size) / 4) \(data("back") == content)"

        // The pool goes on by itself.
        unlink(path("target"))
        let pool = SSHPool([world.destination(server)])
        var cuts: UInt64 = 0
        transfer = try pool.upload(path("source"), to: "h1", path("target"), timeout: .seconds(200)) { done, size in
            if cuts < 2, done > size / 3 * (cuts + 1) {
                cuts += 1
                server.cutConnections()
            }
        }
        findings["by itself"] = "\(cuts) \(transfer.resumedFrom > UInt64(size) / 2) \(data("target") == content)"
        unlink(path("back"))
        cuts = 0
        transfer = try pool.download(path("source"), from: "h1", to: path("back"), timeout: .seconds(200)) {
            done, size in
            if cuts < 2, done > size / 3 * (cuts + 1) {
                cuts += 1
                server.cutConnections()
            }
        }
        findings["by itself, back"] = "\(cuts) \(transfer.resumedFrom > UInt64(size) / 2) \(data("back") == content)"
        return findings
    }

    /// A server that wants new keys again and again, in the middle of transfers and commands.
    func newKeys() throws -> Findings {
        let server = try world.addServer(["RekeyLimit 1M"])
        let connection = try connect(server)
        try Scenario.bytes(20_000_000, seed: 4).write(to: URL(fileURLWithPath: path("source")))
        let (source, target, back) = (path("source"), path("target"), path("back"))
        let wrong = Mutex<[String]>([])
        Scenario.atOnce(3) { index in
            do throws(SSHError) {
                if index == 0 {
                    for number in 0..<60 {
                        let result = try connection.run(SSHCommand(["echo", "\(number)"]), timeout: .seconds(60))
                        if result.output.text != "\(number)\n" { wrong.withLock { $0.append("\(result)") } }
                    }
                } else if index == 1 {
                    _ = try SFTPClient(connection).upload(source, to: target, timeout: .seconds(60))
                } else {
                    _ = try SFTPClient(connection).download(source, to: back, timeout: .seconds(60))
                }
            } catch {
                wrong.withLock { $0.append("\(error)") }
            }
        }
        let errors = wrong.withLock { $0 }
        return [
            "errors": errors.joined(separator: "; "),
            "same": "\(data("source") == data("target")) \(data("source") == data("back"))",
        ]
    }

    func diskFull() throws -> Findings {
        var findings: Findings = [:]
        let client = try SFTPClient(try connect(try world.addServer()))
        try world.shell("mkdir '\(path("small"))'; mount -t tmpfs -o size=4m tmpfs '\(path("small"))'")
        try Scenario.bytes(10_000_000, seed: 2).write(to: URL(fileURLWithPath: path("source")))
        findings["full"] = outcome {
            _ = try client.upload(path("source"), to: path("small/file"), timeout: .seconds(100))
        }
        findings["left"] = try FileManager.default.contentsOfDirectory(atPath: path("small")).joined(separator: " ")
        try Scenario.bytes(1_000_000, seed: 3).write(to: URL(fileURLWithPath: path("source")))
        findings["what fits"] = outcome {
            _ = try client.upload(path("source"), to: path("small/file"), timeout: .seconds(100))
        }
        findings["fits"] = String(data("source") == data("small/file"))
        findings["full here"] = outcome {
            try Scenario.bytes(10_000_000, seed: 2).write(to: URL(fileURLWithPath: path("source")))
            _ = try client.download(path("source"), to: path("small/back"), timeout: .seconds(100))
        }
        return findings
    }
}

extension SFTPClient {
    fileprivate func expected(_ size: Int) -> SFTPTransfer { SFTPTransfer(size: UInt64(size), resumedFrom: 0) }
}
