import Foundation
import Glibc
import Testing

@testable import PolygraphCluster

/// How a world begins and ends, seen from outside.
@Suite(.serialized) struct WorldTests {
    /// What a lab could leave on this machine: interfaces and mounts.
    private static func traces() -> [String] {
        let mounts = (try? String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)) ?? ""
        let interfaces = (try? FileManager.default.contentsOfDirectory(atPath: "/sys/class/net")) ?? []
        return mounts.split(separator: "\n").map(String.init) + interfaces.sorted()
    }

    /// The first line that the scenario prints.
    private static func firstLine(_ output: Pipe) -> String {
        var line: [UInt8] = []
        while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
        return String(decoding: line, as: UTF8.self)
    }

    private static func children(of process: Int32) -> [Int32] {
        ProcessTree.numbers(in: "/proc").filter { number in
            readFile("/proc/\(number)/stat").flatMap(ProcessEntry.init(statistics:))?.parent == process
        }
    }

    @Test(arguments: TestProgram.User.available)
    func `nothing is left when the outer process is killed`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let before = WorldTests.traces()
        let (process, output) = try program.start("hold")
        #expect(WorldTests.firstLine(output).contains("ready"))
        #expect(TestProgram.processes(with: program.mark) == 9)
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(TestProgram.eventually { TestProgram.processes(with: program.mark) == 0 })
        #expect(TestProgram.eventually { TestProgram.processes(with: program.folder.path) == 0 })
        #expect(WorldTests.traces() == before)
    }

    @Test func `nothing is left when the controller inside is killed, and its end is reported`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let before = WorldTests.traces()
        let (process, output) = try program.start("hold")
        #expect(WorldTests.firstLine(output).contains("ready"))
        // Below the outer process are the keeper of the world, whose child it is, and the sweeper, which has none.
        let controller = try #require(
            WorldTests.children(of: process.processIdentifier).flatMap(WorldTests.children).first { number in
                readFile("/proc/\(number)/cmdline").map { String(decoding: $0, as: UTF8.self).contains("hold") } == true
            })
        kill(controller, SIGKILL)
        process.waitUntilExit()
        #expect(process.terminationReason == .exit)
        #expect(process.terminationStatus == 128 + SIGKILL)
        // The outer process ends after the last process of the world.
        #expect(TestProgram.processes(with: program.mark) == 0)
        #expect(WorldTests.traces() == before)
    }

    @Test func `the exit status is that of the program inside`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        #expect(try program.run("exit").status == 7)
    }

    @Test(arguments: [false, true])
    func `a signal arrives once, sent to the process or to its group`(_ toGroup: Bool) throws {
        let program = try TestProgram()
        defer { program.remove() }
        let (process, output) = try program.start("signals")
        #expect(WorldTests.firstLine(output).contains("ready"))
        #expect(getpgid(process.processIdentifier) == process.processIdentifier)
        let target = toGroup ? -process.processIdentifier : process.processIdentifier
        for turn in 1...3 {
            kill(target, SIGINT)
            // Each of them passes before the next one is sent: two of a kind may become one.
            usleep(200_000)
            kill(process.processIdentifier, SIGUSR1)
            #expect(WorldTests.firstLine(output) == "{\"interrupts\":\"\(turn)\"}")
        }
        kill(target, SIGTERM)
        #expect(WorldTests.firstLine(output) == "{\"interrupts\":\"3\"}")
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    @Test func `a world inside a node of a world is a world of its own`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("nested")
        #expect(run.findings["inner"]?.contains("\"left after pause\":\"0\"") == true, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `the probes find what the other tests have used`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let before = WorldTests.traces()
        let run = try program.run("probes")
        #expect(run.findings.count == 12, "\(run.output)")
        #expect(run.findings.values.allSatisfy { $0 == "true" }, "\(run.output)")
        #expect(WorldTests.traces() == before)
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/unshare"), "unshare is not installed"))
    func `who may not create namespaces is told the command that allows it`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        // The limit is that of a user namespace made for it, not of the machine.
        let script = "echo 0 > /proc/sys/user/max_net_namespaces; exec '\(program.path)' scenario exit /tmp"
        let process = Process()
        let output = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        process.arguments = ["--user", "--map-root-user", "sh", "-c", script]
        process.standardOutput = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 255)
        #expect(text.contains("sudo sysctl user.max_net_namespaces="), "\(text)")
        #expect(text.contains("could not create the namespaces"), "\(text)")
    }

    @Test func `outside of a world a lab says what is missing`() {
        #expect(!LabWorld.isInside)
        #expect(throws: ClusterError.self) { try Lab(LabConfiguration(nodeCount: 1, folder: "/nowhere")) }
    }
}
