import Foundation
import Glibc
import Testing

@testable import PolygraphCluster

/// Limits of nodes' processes: what they do to real ones, and that nothing of them stays.
@Suite(.serialized) struct LimitTests {
    /// What enforces limits for this user: control groups for root on most machines, else signals and looking.
    private static func hasGroup(_ user: TestProgram.User, _ resource: String) -> Bool {
        user == .current && ControlGroups.probe().contains(resource)
    }

    /// Control groups of one world.
    static func groups(of world: String, in folder: String = "/sys/fs/cgroup") -> [String] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.flatMap { name -> [String] in
            let path = folder + "/" + name
            var information = stat()
            guard lstat(path, &information) == 0, information.st_mode & S_IFMT == S_IFDIR else { return [] }
            return (name.hasPrefix("polygraph-\(world)-") ? [path] : []) + groups(of: world, in: path)
        }
    }

    @Test(arguments: TestProgram.User.available)
    func `a tree gets its share of the processor, over pauses and restarts`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("share")
        let expected = [
            "mechanism": LimitTests.hasGroup(user, "processor") ? "group" : "signals", "processes": "2",
            "in force": "200000", "limited": "true", "held up": "true", "paused": "true",
            "limited after pause": "true", "limited after restart": "true", "freed": "true",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `a duty cycle stops a tree again and again, but not while it is paused`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("slow-down")
        let expected = [
            "stops": "true", "stopped mostly": "true", "clock": "2", "moved while paused": "false",
            "stops after undo": "0",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `who wants more memory than the limit is killed, and it is known why`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("memory")
        let expected = [
            "mechanism": LimitTests.hasGroup(user, "memory") ? "group" : "look", "end": "- 9 out-of-memory",
            "near the limit": "true", "kills": "1", "end again": "- 9 out-of-memory", "undone": "true",
            "killed": "requested",
        ]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `a memory limit that comes late counts what was there before`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("memory-later")
        let expected = ["cause": "out-of-memory", "grew on": "true", "near the limit": "true"]
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test(arguments: TestProgram.User.available)
    func `file descriptors run out, for programs too that raise their own limit`(_ user: TestProgram.User) throws {
        let program = try TestProgram(user)
        defer { program.remove() }
        let run = try program.run("descriptors")
        var expected: [String: String] = [:]
        for kind in ["modest", "greedy"] {
            expected[kind + " before"] = "true"
            expected[kind + " in force"] = "60"
            expected[kind + " limited"] = "true"
            expected[kind + " limited after restart"] = "true"
            expected[kind + " limit"] = "60"
            expected[kind + " after undo"] = "true"
            expected[kind + " refused after undo"] = "0"
        }
        #expect(run.findings == expected, "\(run.output)")
    }

    @Test func `no control group is left after an orderly end`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let findings = try program.run("end-limits").findings
        #expect(findings["left"] == "0")
        #expect(LimitTests.groups(of: try #require(findings["world"])) == [])
    }

    @Test(arguments: [false, true])
    func `no control group and no process is left when the outer process is killed`(_ wholeGroup: Bool) throws {
        let program = try TestProgram()
        defer { program.remove() }
        let (process, output) = try program.start("hold-limits")
        var line: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != 10 { line.append(byte) }
        let world = try #require(try JSONDecoder().decode([String: String].self, from: Data(line))["world"])
        if !ControlGroups.probe().isEmpty { #expect(!LimitTests.groups(of: world).isEmpty) }
        kill(wholeGroup ? -process.processIdentifier : process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        #expect(TestProgram.eventually { TestProgram.processes(with: program.mark) == 0 })
        #expect(TestProgram.eventually { LimitTests.groups(of: world) == [] })
        #expect(TestProgram.eventually { TestProgram.processes(with: program.folder.path) == 0 })
    }

    @Test func `places of control groups are found in both versions, containers included`() {
        let mounts = """
            25 18 0:22 / /sys rw - sysfs sysfs rw
            30 25 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate
            31 25 0:27 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory
            32 25 0:28 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
            """
        let groups = """
            4:memory:/docker/abc/inner
            3:cpu,cpuacct:/
            0::/user.slice/user-1000.slice/a:b.scope
            """
        let found = ControlGroupHierarchy.all(mounts: mounts, groups: groups)
        #expect(found.map(\.version) == [2, 1, 1])
        #expect(found.map(\.controllers) == [[], ["memory"], ["cpu", "cpuacct"]])
        #expect(
            found.map(\.ownFolder) == [
                "/sys/fs/cgroup/user.slice/user-1000.slice/a:b.scope", "/sys/fs/cgroup/memory/inner",
                "/sys/fs/cgroup/cpu,cpuacct",
            ])
        #expect(
            found[0].ancestors == [
                "/sys/fs/cgroup/user.slice/user-1000.slice/a:b.scope", "/sys/fs/cgroup/user.slice/user-1000.slice",
                "/sys/fs/cgroup/user.slice", "/sys/fs/cgroup",
            ])
        // A group outside of what a container sees of the hierarchy.
        let hidden = ControlGroupHierarchy.all(mounts: mounts, groups: "4:memory:/elsewhere\n")
        #expect(hidden.first { $0.version == 1 }?.ownFolder == "/sys/fs/cgroup/memory")
    }

    @Test func `quotas are what was asked for, in periods that the kernel takes`() {
        for share: Int64 in [1000, 5000, 10_000, 49_999, 50_000, 123_456, 1_000_000, 3_500_000] {
            let (quota, period) = ControlGroup.quota(share: share)
            #expect((1000...1_000_000).contains(period) && quota >= 1000)
            #expect(abs(quota * 1_000_000 / period - share) <= max(50, share / 1000), "\(share): \(quota)/\(period)")
        }
    }

    @Test func `of two limits the stricter one holds`() {
        let first = ResourceLimits(
            processorShare: 100, memory: nil, fileDescriptors: 7, slowdown: Slowdown(running: 1, stopped: 1))
        let second = ResourceLimits(
            processorShare: 200, memory: 5, fileDescriptors: 6, slowdown: Slowdown(running: 1, stopped: 3))
        let both = ResourceLimits(
            processorShare: 100, memory: 5, fileDescriptors: 6, slowdown: Slowdown(running: 1, stopped: 3))
        #expect(first.combined(with: second) == both)
        #expect(second.combined(with: first) == both)
        #expect(both.combined(with: .none) == both)
    }
}
