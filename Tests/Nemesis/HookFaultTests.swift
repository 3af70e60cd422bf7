import Foundation
import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphSystems
import Synchronization
import Testing

@testable import PolygraphNemesis

/// Commands of the user's as faults, with real commands.
@Suite struct HookFaultTests {
    /// Nodes that somebody else runs; a node is up while its file is there.
    private final class Stage: System {
        let name = "stage"
        let folder: URL
        let events = Mutex<[FaultEvent]>([])

        init() throws {
            folder = URL(fileURLWithPath: NSTemporaryDirectory())
                .appendingPathComponent("polygraph-hooks-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for name in ["n1", "n2", "n3"] { try Data().write(to: file(name)) }
        }

        deinit { try? FileManager.default.removeItem(at: folder) }

        func file(_ name: String) -> URL { folder.appendingPathComponent(name) }
        func launch(_ node: Node, nodes: [Node]) -> Launch { Launch(command: []) }
        func isReady(_ node: Node, nodes: [Node]) -> ProbeAnswer { exists(node.name) ? .yes : .no("it is down") }
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: file(name).path) }

        func nemesis() throws -> Nemesis {
            let transport = try ExternalTransport(
                ExternalConfiguration(endpoints: ["10.0.0.1", "10.0.0.2:7002", "10.0.0.3"]), spoilsLinks: false, seed: 1
            )
            return Nemesis(
                transport: transport, system: self,
                now: {
                    var now = timespec()
                    clock_gettime(CLOCK_MONOTONIC, &now)
                    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
                }, primaries: { [] }, record: { event in self.events.withLock { $0.append(event) } })
        }

        var last: FaultEvent { events.withLock { $0[$0.count - 1] } }
        var effects: [FaultEvent] { events.withLock { $0.filter { $0.stage != .intent } } }
    }

    private func hook(
        fault: [String], undo: [String], proof: [String]? = nil, target: Value = ["n2"], takesDown: Bool = false,
        within: Int64 = 20_000_000_000, before: Value? = nil
    ) -> PlannedFault {
        func words(_ words: [String]) -> Value { .list(words.map(Value.string)) }
        var settings = FaultSettings([
            "name": "power", "fault": words(fault), "undo": words(undo), "target": target,
            "within": .integer(within), "takes-down": .bool(takesDown),
        ])
        settings["proof"] = proof.map(words)
        settings["before"] = before
        return PlannedFault(
            id: 0, function: "hook", settings: settings, start: 0, end: 1, order: [0, 1, 2], minoritySize: 1)
    }

    private func shell(_ script: String) -> [String] { ["sh", "-c", script] }

    @Test func `a node is taken down and brought back, which its probe proves`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        let path = stage.folder.path
        nemesis.inject(
            hook(
                fault: shell("rm \(path)/{{node.name}}; echo off {{node.index}} {{node.address}} $POLYGRAPH_FAULT"),
                undo: shell("touch \(path)/$POLYGRAPH_NODE; echo on $POLYGRAPH_ADDRESS"), takesDown: true))
        #expect(stage.last.stage == .effect && stage.last.proved && stage.last.targets == ["n2"])
        #expect(stage.last.proof["n2"]?["output"] == "off 2 10.0.0.2 power")
        #expect(stage.last.proof["n2"]?["proved_by"] == "the node is not ready any more")
        #expect(stage.last.summary == "hook power for n2" && nemesis.inForce.count == 1)
        #expect(!stage.exists("n2") && stage.exists("n1"))
        nemesis.undo(0)
        #expect(stage.last.stage == .effect && stage.last.proved && stage.exists("n2") && nemesis.inForce.isEmpty)
        #expect(stage.last.proof["n2"]?["output"] == "on 10.0.0.2")
    }

    @Test func `a command that fails says what it wrote, and is undone all the same`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        nemesis.inject(hook(fault: shell("echo one; echo no such pod >&2; exit 7"), undo: shell("echo undone")))
        #expect(stage.last.stage == .failed)
        let words = try #require(stage.last.error)
        #expect(words.contains("cannot run `fault` of the hook power for n2") && words.contains("status 7"))
        #expect(words.hasSuffix("one | no such pod"), "\(words)")
        nemesis.healAll()
        #expect(stage.last.action == .undo && stage.last.proof["n2"]?["output"] == "undone")
    }

    @Test func `an undo that fails is tried again when everything ends, and only where it failed`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        let path = stage.folder.path
        let undo = "echo {{node.name}} >>\(path)/log; [ {{node.name}} != n2 ] || [ -e \(path)/now ]"
        nemesis.inject(hook(fault: ["true"], undo: shell(undo), target: "all"))
        nemesis.undo(0)
        #expect(stage.last.stage == .failed && !nemesis.inForce.isEmpty)
        try Data().write(to: stage.file("now"))
        nemesis.healAll()
        #expect(stage.last.stage == .effect && nemesis.inForce.isEmpty)
        #expect(try String(contentsOf: stage.file("log"), encoding: .utf8) == "n1\nn2\nn3\nn2\n")
    }

    @Test func `a proof of its own decides whether it bit`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        let path = stage.folder.path
        nemesis.inject(
            hook(
                fault: shell("(sleep 0.2; touch \(path)/late) &"), undo: ["true"],
                proof: shell("[ -e \(path)/late ]")))
        #expect(stage.last.proved && stage.last.proof["n2"]?["proved_by"] == "`proof` succeeded")
        nemesis.undo(0)
        nemesis.inject(hook(fault: ["true"], undo: ["true"], proof: ["false"], within: 300_000_000))
        #expect(stage.last.stage == .effect && !stage.last.proved)
    }

    @Test func `a command that takes too long is ended`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        nemesis.inject(hook(fault: ["sleep", "1000"], undo: ["true"], within: 200_000_000))
        #expect(stage.last.error?.contains("was killed because it took too long") == true)
        nemesis.undo(0)
        #expect(stage.last.stage == .effect)
    }

    @Test func `a node that does not come back is said so`() throws {
        let stage = try Stage()
        let nemesis = try stage.nemesis()
        nemesis.inject(
            hook(
                fault: shell("rm \(stage.folder.path)/n2"), undo: ["true"], takesDown: true, within: 300_000_000))
        #expect(stage.last.proved)
        nemesis.undo(0)
        #expect(stage.last.error == "cannot bring back n2: it was not ready within 300 ms after `undo`")
    }

    @Test func `commands before the load run once a line`() throws {
        let stage = try Stage()
        let log = stage.file("before").path
        let before: Value = [["sh", "-c", .string("echo $POLYGRAPH_FAULT >>\(log)")], ["true"]]
        var faults = [hook(fault: ["true"], undo: ["true"], before: before)]
        faults.append(faults[0])
        faults[1].id = 1
        let transport = try ExternalTransport(
            ExternalConfiguration(endpoints: ["10.0.0.1"]), spoilsLinks: false, seed: 1)
        try Schedule(faults: faults, duration: 1).prepare(transport)
        #expect(try String(contentsOfFile: log, encoding: .utf8) == "power\n")
        faults[0].settings["before"] = [["false"]]
        #expect(throws: ClusterError("run `before` of the hook power", "`false` ended with status 1")) {
            try Schedule(faults: [faults[0]], duration: 1).prepare(transport)
        }
    }

    @Test func `mistakes in its commands are found before`() {
        let shape = ClusterShape(nodes: 3, hasPrimary: false, transport: .external)
        func problems(_ change: (inout FaultSettings) -> Void) -> [String] {
            var settings = hook(fault: ["a"], undo: ["b"]).settings
            change(&settings)
            return HookFault.problems(with: settings, in: shape).map { "\($0.parameter ?? ""): \($0.message)" }
        }
        #expect(problems { _ in } == [])
        #expect(problems { $0["fault"] = ["", "x"] } == ["fault: the program's name is empty"])
        #expect(problems { $0["undo"] = ["x", "{{node.nmae}}"] }.first?.contains("did you mean `node.name`?") == true)
        #expect(problems { $0["before"] = "ls" }.first?.contains("expected a list of commands") == true)
        #expect(problems { $0["before"] = [["ls", "{{node.name}}"]] }.first?.contains("for no single node") == true)
    }
}
