import Foundation
import Glibc
import PolygraphSSH
import Synchronization

extension Scenario {
    func commands() throws -> Findings {
        var findings: Findings = [:]
        let connection = try connect(try world.addServer())
        func run(_ command: SSHCommand) throws -> SSHResult { try connection.run(command, timeout: .seconds(60)) }

        var result = try run(SSHCommand(script: "echo out; echo err >&2; exit 3"))
        findings["streams"] = "\(result.output)|\(result.errors)|\(result.exit)"
        findings["signal"] = "\(try run(SSHCommand(script: "kill -TERM $$")).exit)"
        findings["not found"] = "\(try run(SSHCommand(["no-such-program"])).exit)"
        result = try run(SSHCommand(script: "if then"))
        findings["syntax"] = "\(result.exit)|\(!result.errors.bytes.isEmpty)"
        findings["silent"] = "\(try run(SSHCommand(["true"])).output.bytes.count)"

        let words = ["a b", "'", "\"", "$HOME", "`id`", "\\", "*", "", "\n", "ä€😀", "!x", "~", "#", "a=b", "-n", "\\n"]
        result = try run(SSHCommand(["printf", "%s|"] + words))
        findings["words"] = String(result.output.text == words.map { $0 + "|" }.joined())
        findings["first word"] = "\(try run(SSHCommand(["a=b"])).exit)"

        var command = SSHCommand(script: "pwd; echo \"$GREETING\"; cat")
        command.directory = "/usr/share"
        command.environment = [("GREETING", "it's \"$fine\"")]
        command.input = Array("input".utf8)
        findings["surroundings"] = try run(command).output.text
        command.directory = "/no such folder"
        findings["no folder"] = "\(try run(command).exit)"
        command.environment = [("A B", "")]
        findings["no variable"] = outcome { _ = try run(command) }
        findings["zero"] = outcome { _ = try run(SSHCommand(["echo", "\0"])) }
        findings["long"] = outcome { _ = try run(SSHCommand(["echo", String(repeating: "x", count: 40_000)])) }

        // Two chatty streams and a long input at once must not wait for each other.
        command = SSHCommand(script: "tee /dev/stderr")
        command.input = (0..<6_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        command.outputLimit = 1 << 24
        result = try run(command)
        findings["both full"] = "\(result.output.bytes == command.input) \(result.errors.bytes == command.input)"

        command.outputLimit = 1_000
        result = try run(command)
        let mark = "\n[… \(6_000_000 - 1_000) bytes are cut here …]\n"
        findings["cut"] = String(
            result.output.bytes == command.input.prefix(500) + mark.utf8 + command.input.suffix(500)
                && result.output.cutCount == 5_999_000)

        var count = 0
        _ = try connection.start(SSHCommand(script: "head -c 5000000 /dev/zero")).wait(timeout: .seconds(60)) {
            out, _ in
            count += out.count
        }
        findings["sink"] = String(count)
        findings["input not read"] = outcome {
            var command = SSHCommand(["true"])
            command.input = [UInt8](repeating: 1, count: 20_000_000)
            _ = try run(command)
        }
        findings["still there"] = try say(connection, "echo yes")
        let forced = try connect(try world.addServer(["ForceCommand echo not here"]))
        findings["another command"] = outcome { _ = try forced.run(SSHCommand(["true"]), timeout: .seconds(60)) }
        return findings
    }

    /// Runs bodies on threads of their own, at once.
    static func atOnce(_ count: Int, _ body: @escaping @Sendable (Int) -> Void) {
        let group = DispatchGroup()
        for index in 0..<count {
            group.enter()
            Thread.detachNewThread {
                body(index)
                group.leave()
            }
        }
        group.wait()
    }

    /// Fifty commands at once, on servers that allow ten and three sessions.
    func many() throws -> Findings {
        var findings: Findings = [:]
        for (name, settings) in [("ten", []), ("three", ["MaxSessions 3"]), ("one", ["MaxSessions 1"])] {
            let connection = try connect(try world.addServer(settings))
            let answers = Mutex<[Int: String]>([:])
            Scenario.atOnce(50) { index in
                let script = "sleep 0.05; echo \(index); echo error \(index) >&2; exit \(index)"
                let answer: String
                do {
                    let result = try connection.run(SSHCommand(script: script), timeout: .seconds(100))
                    answer = "\(result.output)\(result.errors)\(result.exit)"
                } catch {
                    answer = "\(error)"
                }
                answers.withLock { $0[index] = answer }
            }
            let wrong = answers.withLock { answers in
                answers.filter { $0.value != "\($0.key)\nerror \($0.key)\nstatus \($0.key)" }
            }
            findings[name] = wrong.isEmpty ? "ok" : "\(wrong.count) wrong, \(wrong.first!.value)"
        }
        return findings
    }

    /// Deadlines and cancellations end what runs on the host.
    func ends() throws -> Findings {
        var findings: Findings = [:]
        let connection = try connect(try world.addServer())

        /// Starts something with children, ends it, and says whether anything of it is left.
        func end(_ name: String, _ script: String, _ body: (SSHRunningCommand) throws -> Void) throws {
            let file = path("pids-\(name)")
            let command = SSHCommand(script: "echo $$ >'\(file)'; \(script)", name: name)
            let running = try connection.start(command)
            findings[name] = outcome { try body(running) }
            let processes = world.readText(file).split(whereSeparator: \.isWhitespace).compactMap { Int($0) }
            let isGone = World.eventually { !processes.contains(where: World.isRunning) }
            findings["\(name), processes"] = "\(processes.count > 0), gone \(isGone)"
        }
        let family = "sleep 1000 & echo $! >>\"$file\"; sh -c 'sleep 1000; true' & echo $! >>\"$file\"; wait"
        func script(_ name: String) -> String { "file='\(path("pids-\(name)"))'; \(family)" }
        try end("deadline", script("deadline")) { _ = try $0.wait(timeout: .seconds(2)) }
        try end("stubborn", "trap '' TERM HUP INT PIPE; " + script("stubborn")) {
            _ = try $0.wait(timeout: .seconds(2))
        }
        try end("writing", "yes polygraph") { _ = try $0.wait(timeout: .seconds(2)) }
        try end("cancelled", script("cancelled")) { running in
            let file = path("pids-cancelled")
            Thread.detachNewThread {
                _ = World.eventually {
                    (try? String(contentsOfFile: file, encoding: .utf8))?.split(separator: "\n").count == 3
                }
                running.cancel()
            }
            _ = try running.wait(timeout: .seconds(100))
        }
        // All sessions that the server allows are taken; there is room to kill all the same.
        let files = (0..<20).map { path("pids-full-\($0)") }
        let outcomes = Mutex<[String]>([])
        Scenario.atOnce(20) { index in
            let answer: String
            do throws(SSHError) {
                let script = "echo $$ >'\(files[index])'; sleep 1000"
                _ = try connection.run(SSHCommand(script: script), timeout: .seconds(3))
                answer = "ended"
            } catch { answer = "\(error.kind.rawValue), begun: \(error.isOutcomeUnknown)" }
            outcomes.withLock { $0.append(answer) }
        }
        let processes = files.compactMap { Int(world.readText($0).trimmingCharacters(in: .newlines)) }
        // Where a command is killed, one that waited may begin and be killed in its turn.
        findings["full"] = String(
            outcomes.withLock { all in all.allSatisfy { $0.hasPrefix("deadline") } && all.count == 20 })
        findings["full, as many begun as allowed"] = String(processes.count >= 9)
        findings["full, gone"] = String(World.eventually { !processes.contains(where: World.isRunning) })
        findings["still there"] = try say(connection, "echo yes")

        let group = try connection.run(
            SSHCommand(script: "cut -d' ' -f5 /proc/$$/stat; echo $$"), timeout: .seconds(30))
        findings["leads its group"] = String(Set(group.output.text.split(separator: "\n")).count == 1)
        return findings
    }

    func sudo() throws -> Findings {
        guard world.isRoot else { return ["skipped": "an ordinary user has no users to try sudo with"] }
        guard FileManager.default.fileExists(atPath: "/usr/bin/sudo") else {
            return ["skipped": "sudo is not installed"]
        }
        var findings: Findings = [:]
        setenv("POLYGRAPH_TEST_RIGHT", "right horse", 1)
        setenv("POLYGRAPH_TEST_WRONG", "wrong horse", 1)
        let server = try world.addServer()
        let tester = try connect(server, user: "tester")
        let free = try connect(server, user: "free")
        func ask(_ connection: SSHConnection, _ secret: String?, user: String = "root") -> String {
            do {
                var command = SSHCommand(script: "id -un; cat; echo err >&2; exit 4")
                command.sudo = SSHCommand.Sudo(user: user, password: secret.map { .environment($0) })
                command.input = Array("input\n".utf8)
                let result = try connection.run(command, timeout: .seconds(60))
                return "\(result.output)\(result.errors)\(result.exit)"
            } catch {
                return "\(error.kind.rawValue): \(error)"
            }
        }
        findings["without password"] = ask(free, nil)
        findings["with one that is not asked for"] = ask(free, "POLYGRAPH_TEST_RIGHT")
        findings["with password"] = ask(tester, "POLYGRAPH_TEST_RIGHT")
        findings["with password, again"] = ask(tester, "POLYGRAPH_TEST_RIGHT")
        findings["another user"] = ask(tester, "POLYGRAPH_TEST_RIGHT", user: "free")
        findings["needs one"] = ask(tester, nil)
        findings["wrong"] = ask(tester, "POLYGRAPH_TEST_WRONG")
        findings["not set"] = ask(tester, "POLYGRAPH_TEST_NOTHING")
        findings["no such user"] = ask(free, nil, user: "nobody-of-that-name")

        var command = SSHCommand(script: "echo $$; echo $$ >'\(path("sudo-pid"))'; sleep 1000", name: "sleep as root")
        command.sudo = SSHCommand.Sudo(password: .environment("POLYGRAPH_TEST_RIGHT"))
        findings["deadline"] = outcome { _ = try tester.run(command, timeout: .seconds(3)) }
        let process = Int(world.readText("sudo-pid").trimmingCharacters(in: .newlines))
        findings["gone"] = String(process.map { number in World.eventually { !World.isRunning(number) } } ?? false)
        // Seen from the command itself, while everything that it needs runs.
        command.script = "cat /proc/[0-9]*/cmdline 2>/dev/null; true"
        let seen = try tester.run(command, timeout: .seconds(60)).output.text
        findings["arguments"] = "\(seen.contains("sudo")) \(seen.contains("right horse"))"
        return findings
    }
}
