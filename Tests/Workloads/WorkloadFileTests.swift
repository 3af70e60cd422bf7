import Foundation
import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems
import PolygraphWorkloads
import Testing

@Suite struct WorkloadFileTests {
    private let nodes = (0..<5).map {
        Node(index: $0, name: "n\($0 + 1)", address: "10.77.0.\($0 + 1)", dataDirectory: "/data/n\($0 + 1)")
    }

    @Test func `the example of the design says what it says`() throws {
        let file = try load(exampleText)
        #expect(file.name == "my-kv")
        #expect(file.path == "my-kv.yaml")
        #expect(file.text == exampleText)
        #expect(file.nodes == 5)
        #expect(file.workload == .register(RegisterSpec(keys: 20, cas: true)))
        #expect(file.modelName == "cas-register")
        #expect(file.clients == ClientsSpec(count: 10, rate: 500, timeout: 1_000_000_000))
        #expect(file.time == 60_000_000_000)
        #expect(file.quiet == 5_000_000_000)
        #expect(file.seed == nil)
        #expect(file.check == CheckSpec(promise: .linearizable))
        #expect(
            file.faults.map(\.function) == ["partition", "kill", "pause", "clock"])
        #expect(
            file.faults.map(\.settings.values) == [
                ["kind": ["majority-ring", "isolate-primary", "one-way"]], ["target": "minority"],
                ["target": "primary"], ["bump": 60_000_000_000, "drift": 0.05],
            ])
        for fault in file.faults {
            #expect(fault.every == 10_000_000_000)
            #expect(fault.duration == 5_000_000_000)
            #expect(fault.first == nil)
        }
        #expect(
            file.system.launch(nodes[1], nodes: nodes).command == [
                "./my-kv", "--id", "2", "--listen", "10.77.0.2:7000", "--peers",
                "10.77.0.1:7001,10.77.0.2:7001,10.77.0.3:7001,10.77.0.4:7001,10.77.0.5:7001",
            ])
        #expect(file.system.readyWithin == 10_000_000_000)
        #expect(file.system.primary?.equals == "leader")
        #expect(file.client.functions.map(\.name) == ["read", "write", "cas"])
        #expect(file.client.function("read")?.absent == [404])
        #expect(file.client.function("cas")?.fail == [409])
        #expect(file.client.function("write")?.request.method == .put)
    }

    @Test func `everything that can be said is understood`() throws {
        let text =
            exampleText
            .replacingOccurrences(of: "name: my-kv\n", with: "description: a store\n")
            .replacingOccurrences(
                of: "/health\"}",
                with:
                    "/health\", within: 1m30s, value: \"$.ok\", equals: true}\n  environment: {ID: \"{{node.index}}\", HOME: \"{{data}}\"}"
            )
            .replacingOccurrences(of: "    read:", with: "    definite: \"$.definite\"\n    read:")
            .replacingOccurrences(of: "absent: 404", with: "absent: [404, 410]")
            .replacingOccurrences(
                of: "cas: true}", with: "cas: true, values: 5, mix: {read: 1, write: 0.5, cas: 0}, final-reads: false}"
            )
            .replacingOccurrences(of: "rate: 500/s", with: "rate: unlimited")
            .replacingOccurrences(
                of: "  - kill: minority",
                with: "  - {kill: [n1, n3], every: 3s, for: 1s, after: 0s}\n  - {clock: {drift: 0.01%, target: n2}}"
            )
            .replacingOccurrences(
                of: "check: linearizable",
                with:
                    "check: linearizable\ncheck-limits: {time: 2m, memory: 1.5GB}\nquiet: 0s\nseed: 18446744073709551615"
            )
        let file = try load(text)
        #expect(file.name == "my-kv")
        #expect(file.description == "a store")
        #expect(file.system.readyWithin == 90_000_000_000)
        #expect(file.system.ready?.equals == true)
        #expect(file.system.launch(nodes[2], nodes: nodes).environment == ["ID": "3", "HOME": "/data/n3"])
        #expect(file.client.functions.allSatisfy { $0.definite?.description == "$.definite" })
        #expect(file.client.function("read")?.absent == [404, 410])
        #expect(
            file.workload
                == .register(
                    RegisterSpec(
                        keys: 20, cas: true, values: .small(5), mix: .init(read: 1, write: 0.5, cas: 0),
                        finalReads: false)))
        #expect(file.clients.rate == nil)
        #expect(
            file.faults[1]
                == FaultEntry(
                    "kill", FaultSettings(["target": ["n1", "n3"]]), every: 3_000_000_000, duration: 1_000_000_000,
                    first: 0))
        #expect(file.faults[2].settings.values == ["drift": 0.0001, "target": ["n2"]])
        #expect(file.check.timeLimit == 120_000_000_000)
        #expect(file.check.memoryLimit == 1_500_000_000)
        #expect(file.quiet == 0)
        #expect(file.seed == .max)
    }

    @Test func `schedules, targets and triggers`() throws {
        let text =
            exampleText
            .replacingOccurrences(
                of: "  - kill: minority",
                with: """
                      - {kill: {n1: 3, n2: 1}, keep: majority, weight: 4, name: leader-or-not}
                      - {kill: {target: 2}, when: {completion: ok, of: write, delay: 3ms, times: 5}, for: 1s}
                      - {pause: non-primary, when: {log: "became leader", node: n2}, every: 2s}
                      - {kill: one, when: {begin-of: partition}, every: 20ms}
                    """
            )
            .replacingOccurrences(
                of: "check: linearizable",
                with: """
                    check: linearizable
                    schedule:
                      exclusive: true
                      repeat: true
                      phases: [{for: 10s, faults: none}, {for: 20s, faults: [leader-or-not, pause]}, {for: 5s}]
                    """)
        let file = try load(text)
        #expect(file.faults[1].settings.target == .weighted(["n1": 3, "n2": 1]))
        #expect(file.faults[1].quorum == .keep)
        #expect(file.faults[1].weight == 4)
        #expect(file.faults[1].trigger == nil)
        #expect(file.faults[2].settings.target == .count(2))
        #expect(file.faults[2].trigger == FaultTrigger(.completion(of: "write", kind: .ok), delay: 3_000_000, times: 5))
        #expect(file.faults[2].duration == 1_000_000_000)
        #expect(file.faults[3].trigger == FaultTrigger(.log("became leader", node: "n2")))
        #expect(file.faults[3].duration == 1_000_000_000)
        #expect(file.faults[4].trigger == FaultTrigger(.fault("partition", begins: true)))
        #expect(
            file.scheduleRules
                == ScheduleRules(
                    isExclusive: true,
                    phases: [
                        .init(duration: 10_000_000_000, lines: []),
                        .init(duration: 20_000_000_000, lines: ["leader-or-not", "pause"]),
                        .init(duration: 5_000_000_000, lines: nil),
                    ], repeatsPhases: true))
    }

    @Test func `little need be said`() throws {
        let text = """
            system: {start: [./kv], ready: {http: "http://{{node.address}}/"}}
            client: {http: {read: {get: "http://{{node.address}}/{{key}}"}, write: {put: "http://{{node.address}}/{{key}}"}}}
            workload: {register: {}}
            """
        let file = try load(text)
        #expect(file.name == "my-kv")
        #expect(file.nodes == 5)
        #expect(file.faults.isEmpty)
        #expect(file.workload == .register(RegisterSpec()))
        #expect(file.modelName == "register")
        #expect(file.client.function("read")?.value?.description == "$")
    }

    // MARK: - Overrides

    @Test func `the command line changes the file`() throws {
        let file = try load(
            exampleText,
            WorkloadOverrides(
                seed: 7, time: "30s", rate: "unlimited", nodes: 3, clients: 4, noFaults: false,
                replacements: [
                    "faults[1].kill=all", "faults[3].clock.bump=1s", "workload.register.keys=3", "quiet=1s",
                    "check-limits.time=5s", "clients.timeout=2s", "description='a: b'",
                ]))
        #expect(file.seed == 7)
        #expect(file.time == 30_000_000_000)
        #expect(file.clients == ClientsSpec(count: 4, rate: nil, timeout: 2_000_000_000))
        #expect(file.nodes == 3)
        #expect(file.faults[1].settings.values == ["target": "all"])
        #expect(file.faults[3].settings.values == ["bump": 1_000_000_000, "drift": 0.05])
        #expect(file.workload == .register(RegisterSpec(keys: 3, cas: true)))
        #expect(file.quiet == 1_000_000_000)
        #expect(file.check.timeLimit == 5_000_000_000)
        #expect(file.description == "a: b")
        #expect(file.text == exampleText)
        #expect(try load(exampleText, WorkloadOverrides(noFaults: true)).faults.isEmpty)
        #expect(try load(exampleText, WorkloadOverrides(replacements: ["faults="])).faults.isEmpty)
        #expect(
            try load(exampleText, WorkloadOverrides(replacements: ["faults=[{kill: one}, {pause: all}]"])).faults.count
                == 2)
    }

    @Test(arguments: [
        (
            WorkloadOverrides(time: "soon"),
            "--time soon: time: expected a duration such as 500ms, 10s or 1m30s; found `soon`"
        ),
        (
            WorkloadOverrides(rate: "0/s"),
            "--rate 0/s: clients.rate: expected a rate above 0 such as 500/s, or `unlimited`; found `0/s`"
        ),
        (WorkloadOverrides(nodes: 65), "--nodes 65: nodes: expected a number of nodes (1 … 64); found `65`"),
        (
            WorkloadOverrides(clients: 0),
            "--clients 0: clients.count: expected a number of clients (1 … 1000); found `0`"
        ),
        (
            WorkloadOverrides(replacements: ["clients.cuont=3"]),
            "--set clients.cuont=3: clients: unknown key `cuont`; did you mean `count`? (known: count, rate, timeout)"
        ),
        (WorkloadOverrides(replacements: ["nonsense"]), "--set nonsense: expected a key and its value"),
        (WorkloadOverrides(replacements: ["a..b=1"]), "--set a..b=1: `a..b` is no key"),
        (WorkloadOverrides(replacements: ["faults[x]=1"]), "`faults[x]` is no key"),
        (WorkloadOverrides(replacements: ["faults[4].kill=one"]), "`faults` has 4 elements, counted from 0"),
        (
            WorkloadOverrides(replacements: ["time.x=1"]),
            "--set time.x=1: time.x: `time` is no mapping, so it has no key `x`"
        ),
        (WorkloadOverrides(replacements: ["nodes[0]=1"]), "`nodes` is no list, so it has no element [0]"),
        (WorkloadOverrides(replacements: ["faults=[1"]), "--set faults=[1: faults: `[1` is no value: YAML: "),
    ])
    func `mistakes in options name the option`(overrides: WorkloadOverrides, expected: String) {
        #expect(
            mistakes(in: exampleText, overrides).contains { $0.contains(expected) },
            "\(mistakes(in: exampleText, overrides))")
    }

    // MARK: - The catalog

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("../../Workloads").standardizedFileURL

    @Test func `every file of the folder is compiled in, as it is`() throws {
        let files = try FileManager.default.contentsOfDirectory(atPath: Self.folder.path).filter {
            $0.hasSuffix(".yaml")
        }
        #expect(Set(files) == Set(WorkloadCatalog.names.map { "\($0).yaml" }))
        for entry in try WorkloadCatalog.all() {
            let text = try String(contentsOf: Self.folder.appendingPathComponent("\(entry.name).yaml"), encoding: .utf8)
            #expect(entry.text == text)
            #expect(!entry.description.isEmpty)
        }
    }

    @Test(arguments: WorkloadCatalog.names) func `every file of the folder makes sense`(name: String) throws {
        let file = try WorkloadCatalog.load(name)
        #expect(file.name == name)
        let fromDisk = try WorkloadCatalog.load(Self.folder.appendingPathComponent("\(name).yaml").path)
        #expect(fromDisk.text == file.text)
        #expect(!file.faults.isEmpty)
        guard name.hasPrefix("raft-") else { return }
        let command = file.system.launch(nodes[0], nodes: nodes).command
        #expect(command[1...4] == ["sample", "raft", "--id", "1"])
        #expect(
            command.contains { $0 == "10.77.0.1,10.77.0.2,10.77.0.3,10.77.0.4,10.77.0.5" || $0 == "n1,n2,n3,n4,n5" })
        #expect(FileManager.default.isExecutableFile(atPath: command[0]))
    }

    @Test(arguments: [
        ("raft-registre", "did you mean `raft-register`? (built in: raft-register, "),
        ("zzz", "no built-in workload of this name ("),
        ("no/such/file.yaml", "no/such/file.yaml: cannot be read: No such file or directory"),
        ("/", "cannot be read: Is a directory"),
    ])
    func `what is not there is named`(name: String, expected: String) {
        #expect { try WorkloadCatalog.load(name) } throws: { "\($0)".contains(expected) }
    }
}
