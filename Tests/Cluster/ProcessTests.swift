import Glibc
import Testing

/// Nodes' processes: trees, daemons, logs, and starts that fail.
@Suite(.serialized) struct ProcessTests {
    @Test(arguments: TestProgram.User.available)
    func `kill ends the whole tree, daemons and paused ones included`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("kill")
        let expected = [
            "running": "3", "known": "true", "killed": "3", "left": "0", "state": "- 9", "again": "0", "other": "1",
            "paused": "3", "left after pause": "0",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `nothing moves in a paused tree, and all of it goes on`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("pause")
        #expect(run.findings == ["moved": "false", "counts": "2", "running": "2"], "\(run.output)")
    }

    @Test func `logs and data outlive kills`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("restart")
        #expect(
            run.findings == ["stdout": "out 1,out 2,out 3", "stderr": "err 1,err 2,err 3", "data": "1,2,3"],
            "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `a start that fails says why and what to do`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("launches")
        let parts: [String: [String]] = [
            "missing": ["cannot start n1", "no-such-program-anywhere not found", "PATH", "install it"],
            "missing path": ["cannot start n1", "/missing not found"],
            "not executable": ["cannot start n1", "not executable", "chmod +x"],
            "folder": ["is a folder"],
            "garbage": ["neither a program for this machine nor a script"],
            "interpreter": ["interpreter or loader that does not exist"],
            "empty": ["the command is empty"],
            "status": ["exited with status 3 at once", "the first line | no such option: --wrong"],
            "signal": ["was ended by signal 9 at once", "it wrote nothing"],
            "good": ["started"],
            "twice": ["it runs already"],
            "result": ["hello"],
        ]
        #expect(Set(run.findings.keys) == Set(parts.keys), "\(run.output)")
        for (name, words) in parts {
            for word in words { #expect(run.findings[name]?.contains(word) == true, "\(name): \(run.output)") }
        }
    }

    @Test(arguments: TestProgram.User.available)
    func `a node's program finds itself alone, with names, and with nothing inherited`(
        _ user: TestProgram.User
    ) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("surroundings")
        let expected = [
            "host": "n1", "second host": "n2", "pid": "2", "parent": "1", "leader": "true", "blocked": "0",
            "pipe-signal-default": "true", "descriptors": "0", "shm": "0", "processes": "1,2", "variable": "none",
            "given": "to n1", "own file outside": "false",
        ]
        for (name, value) in expected { #expect(run.findings[name] == value, "\(name): \(run.output)") }
        // A machine without these files is left without.
        if access("/etc/hosts", F_OK) == 0 { #expect(run.findings["hosts"] == "true", "\(run.output)") }
        if access("/etc/hostname", F_OK) == 0 { #expect(run.findings["hostname"] == "n1", "\(run.output)") }
        // /tmp holds what leads to the data and the program, and nothing else; the other node's file above all.
        #expect(run.findings["tmp"]?.split(separator: ",").contains("own") == false)
        #expect(run.findings["second tmp"]?.split(separator: ",").contains("own") == false)
    }

    @Test(arguments: TestProgram.User.available)
    func `a node that is asked to end ends, or is killed after the grace period`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("terminate")
        let expected = [
            "sent": "1", "arrived": "1", "polite": "true 1 0 0 - requested", "goodbye": "yes",
            "again": "true 0 0 0 - requested", "sent to nobody": "0", "stubborn": "false 1 1 - 9 requested",
            "tree": "false 3 2 - 15 requested", "left": "0", "suicide": "itself", "killed afterwards": "itself",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `a start is cut short after the given time`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("cut-short")
        let expected = [
            "0 ms": "true 1", "1 ms": "true 1", "60 ms": "true 1", "cause": "requested", "booted": "",
            "ended by itself": "0 true", "whole start": "yes",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `a program runs beside a node, and data is removed from one that is down`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("beside")
        let expected = [
            "node": "3 n1|wrong|n1/data", "long": "- begun", "daemon": "0 started", "much": "4097", "missing": "true",
            "processes": "1", "wipe while it runs": "true", "fill": "0 3", "left": "", "outside": "kept",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }
}
