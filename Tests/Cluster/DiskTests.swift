import Foundation
import Testing

/// Power failures and disturbed system calls, on real processes.
@Suite(.serialized) struct DiskTests {
    @Test(arguments: TestProgram.User.available)
    func `a power failure leaves what the model says, byte for byte and name for name`(
        _ user: TestProgram.User
    ) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("power-model")
        #expect(run.findings == ["killed": "24", "lost": "true"], "\(run.output)")
    }

    @Test func `power failures under concurrent writers never take what was synced`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("power-records")
        let expected = [
            "lost": "0", "torn": "true", "bytes lost": "true", "syncs": "true", "writes": "true", "bytes": "true",
        ]
        #expect(run.findings == expected, "\(run.output)")
        let unseen = try program.run("power-records-unseen")
        let same = ["lost": "0", "torn": "true", "bytes lost": "true", "syncs": "true", "unseen": "true"]
        #expect(unseen.findings == same, "\(unseen.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `rules for system calls do what they say, on the calls and files they name`(
        _ user: TestProgram.User
    ) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("call-rules")
        let expected = [
            "none": "write 10, pwrite 10, fsync 0, read 10, copy 10, outside 10, size 30",
            "fail": "write 10, fsync EIO, fdatasync 0, size 10, 1/1",
            "second": "write 10, write ENOSPC, write 10, size 20, 1/3",
            "other file": "write 10, size 10, 0/0",
            "outside": "outside 10, write EIO, size 0, 1/1",
            "delay": "write 10, fdatasync 0, late, size 10, 1/1",
            "short": "write 8, size 8, 1/1",
            "torn": "write EIO, size 8, 1/1",
            "torn crash": "killed size 8, 1/1",
            "before": "killed write 10, write 10, size 20, 1/3", "cause": "crash-point",
            "after": "killed write 10, write 10, size 30, 1/3",
            "after fsync": "killed write 10, size 10, 1/1",
            "after rename": "killed write 10, size 0, 1/1",
            "full": "write 10, write 5, write ENOSPC, open ENOSPC, mkdir ENOSPC, size 15, 4/6",
            "read": "write 10, read EIO, size 10, 1/1",
            "names": "rename EROFS, unlink 0, open EROFS, size 0, 2/2",
            "flip": "write 10, size 10, 1/1",
            "flipped bits": "1",
        ]
        #expect(run.findings.count == expected.count)
        for (name, value) in expected {
            // A real disk may take its time too: only where it must be late does that tell anything.
            let found = name == "delay" ? run.findings[name] : run.findings[name]?.replacing(", late", with: "")
            #expect(found == value, "\(name): \(run.output)")
        }
    }
}

/// Programs as distributions ship them.
@Suite(.serialized) struct StockDiskTests {
    private static func has(_ programs: String...) -> Bool {
        programs.allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/\($0)") }
    }

    @Test(.enabled(if: has("redis-server", "redis-cli"), "redis-server is not installed"))
    func `redis keeps after a power failure what it has synced, and feels a full disk`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("redis")
        let expected = [
            "always acknowledged": "200 OK", "always syncs": "true", "always writes": "true",
            "always bytes lost": "false", "always left": "200", "no acknowledged": "200 OK", "no syncs": "false",
            "no writes": "true", "no bytes lost": "true", "no left": "0", "full": "true", "undone": "OK",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(.enabled(if: has("etcd", "curl"), "etcd is not installed"))
    func `etcd, written in Go, keeps everything whatever remains of the rest`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("etcd")
        let expected = [
            "acknowledged 0": "40", "acknowledged 1": "40", "acknowledged 2": "40", "killed 0": "1", "killed 1": "1",
            "killed 2": "1", "left": "120", "synced": "true",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }
}
