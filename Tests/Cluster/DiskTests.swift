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
        #expect(run.findings == ["killed": "12", "lost": "true"], "\(run.output)")
    }

    @Test func `power failures under concurrent writers never take what was synced`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("power-records")
        let expected = [
            "lost": "0", "torn": "true", "bytes lost": "true", "syncs": "true", "writes": "true", "bytes": "true",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `rules for system calls do what they say, on the calls and files they name`(
        _ user: TestProgram.User
    ) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("call-rules")
        let expected = [
            "none": "write 10, pwrite 10, fsync 0, read 10, copy 10, outside 10, size 10",
            "fail": "write 10, fsync EIO, fdatasync 0, size 10, 1/1",
            "second": "write 10, write ENOSPC, write 10, size 10, 1/2",
        ]
        for (name, value) in expected { #expect(run.findings[name] == value, "\(name): \(run.output)") }
    }
}
