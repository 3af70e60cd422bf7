import Foundation
import PolygraphClients
import PolygraphCluster
import PolygraphHistory
import PolygraphNemesis
import PolygraphRunner
import PolygraphSystems
import PolygraphWorkloads
import Testing

/// Workload files for clusters that somebody else runs.
@Suite struct ExternalWorkloadTests {
    private static let text = """
        name: theirs
        endpoints: [db1.example, 10.0.0.7, "::1"]
        client:
          http:
            read: {get: "https://{{node.address}}:7000/kv/{{key}}", value: "$.value", absent: 404}
            write: {put: "https://{{node.address}}:7000/kv/{{key}}", json: {value: "{{value}}"}}
            delete: {delete: "https://{{node.address}}:7000/kv/{{key}}"}
        workload: {register: {keys: 3}}
        time: 20s

        """

    private func mistake(_ more: String, replacing old: String = "", by new: String = "") -> String {
        let text = old.isEmpty ? Self.text : Self.text.replacingOccurrences(of: old, with: new)
        return mistakes(in: text + more).first ?? ""
    }

    @Test func `only the endpoints are needed`() throws {
        let file = try load(Self.text)
        #expect(file.cluster == .external(ExternalConfiguration(endpoints: ["db1.example", "10.0.0.7", "::1"])))
        #expect(file.nodes == 3 && file.system.ready == nil && file.system.start.isEmpty && file.usesTLS)
        #expect(file.keyPrefix == "polygraph-" && file.limits == LoadLimits(rate: 200))
        let plan = file.plan(seed: 1)
        #expect(plan.removal == "delete" && plan.limits.rate == 200 && plan.schedule.faults.isEmpty)
        #expect(file.leftovers == nil && file.cautions.first?.contains("held to 200 (`limits.rate`)") == true)
    }

    @Test func `local nodes have neither prefix nor limits unless they want to`() throws {
        let file = try load(exampleText)
        #expect(file.keyPrefix == nil && file.limits == LoadLimits() && file.cautions.isEmpty && file.leftovers == nil)
        let other = try load(exampleText + "keys-prefix: mine/\nlimits: {operations: 5, bytes: 1kB}\n")
        #expect(other.keyPrefix == "mine/" && other.limits == LoadLimits(operations: 5, bytes: 1_000))
        #expect(other.leftovers?.contains("up to 20 keys beginning with `mine/`") == true)
    }

    @Test func `limits and access are read`() throws {
        let more = """
            limits: {rate: 50/s, operations: 1000, bytes: 5MB}
            keys-prefix: test/
            """
        let access = """
            client:
              tls: {ca: ca.pem, certificate: c.pem, key: c.key, name: db1}
              user: ci
              password: {env: DB_PASSWORD}
              headers: {X-Tenant: {file: tenant}}
            """
        let file = try load(Self.text.replacingOccurrences(of: "client:", with: access) + more)
        #expect(file.limits == LoadLimits(rate: 50, operations: 1_000, bytes: 5_000_000))
        #expect(
            file.access
                == HTTPAccessSpec(
                    tls: TLSSettings(authority: "ca.pem", certificate: "c.pem", key: "c.key", serverName: "db1"),
                    user: "ci", password: .environment("DB_PASSWORD"), headers: ["X-Tenant": .file("tenant")]))
    }

    @Test(arguments: [
        ("nodes: 3\n", "endpoints: the nodes are in one place"),
        ("system: {start: [./x]}\n", "system.start: is how a node is started; those of `endpoints`"),
        ("packets: true\n", "packets: packets are recorded by the network of nodes on this machine"),
        ("limits: {rate: 5}\n", "limits.rate: expected a rate above 0 such as 200/s"),
        ("limits: {operation: 5}\n", "unknown key `operation`; did you mean `operations`?"),
        ("keys-prefix: a b\n", "keys-prefix: keys begin with letters"),
        ("faults: [{kill: one}]\n", "faults[0].kill: `kill` "),
        ("faults: [{partition: halves}]\n", "faults[0].partition: `partition` "),
        ("faults: [{delay: 30ms}]\n", "say `clients: true`"),
        ("faults: [{hook: {name: x, fault: [a]}}]\n", "the key `undo` is missing"),
        ("faults: [{hook: {name: x, fault: [a], undo: [\"{{key}}\"]}}]\n", "there is no `{{key}}` in a hook"),
    ])
    func `what makes no sense is refused`(more: String, expected: String) {
        let found = mistake(more)
        #expect(found.contains(expected), "\(found)")
    }

    @Test(arguments: [
        ("[db1.example, 10.0.0.7, \"::1\"]", "[a, a]", "endpoints[1]: `a` is named twice"),
        ("[db1.example, 10.0.0.7, \"::1\"]", "[]", "endpoints: names 0 nodes"),
        ("[db1.example, 10.0.0.7, \"::1\"]", "[http://a]", "endpoints[0]: expected a host name or an address"),
        ("[db1.example, 10.0.0.7, \"::1\"]", "[\"a:1\", \"a:2\"]", "no URL says `{{node.port}}`"),
        (
            ":7000/kv/{{key}}\", value", ":{{node.port}}/kv/{{key}}\", value",
            "needs a port at every endpoint; `db1.example`"
        ),
        ("client:", "client:\n  password: hunter2", "client.password: a password does not stand in a workload file"),
        ("client:", "client:\n  bearer: hunter2", "client.bearer: a token does not stand in a workload file"),
        ("client:", "client:\n  user: a", "client.user: needs `password` beside it"),
        ("client:", "client:\n  tls: {key: a}", "client.tls.key: needs `certificate` beside it"),
        ("client:", "client:\n  headers: {Host: {env: A}}", "`Host` is written by Polygraph itself"),
        (
            "client:", "client:\n  user: a\n  password: {env: A}\n  bearer: {env: B}",
            "a request says who it is from once"
        ),
    ])
    func `each mistake has its place and its words`(old: String, new: String, expected: String) {
        let found = mistake("", replacing: old, by: new)
        #expect(found.contains(expected), "\(found)")
        #expect(!found.contains("hunter2"))
    }

    @Test func `nodes on one address are told apart by their ports`() throws {
        let text = Self.text.replacingOccurrences(of: "[db1.example, 10.0.0.7, \"::1\"]", with: "[\"a:71\", \"a:72\"]")
            .replacingOccurrences(of: ":7000", with: ":{{node.port}}")
        let file = try load(text)
        let nodes = ExternalConfiguration(endpoints: ["a:71", "a:72"]).nodes.map {
            TemplateNode(name: $0.name, address: $0.address, index: $0.index + 1, port: $0.port)
        }
        let request = Request(function: "read", key: "k1", value: .null, process: 0, operation: 0, deadline: 0)
        let read = try #require(file.client.function("read"))
        #expect(read.request.words(request, for: nodes[1], among: nodes) == "GET https://a:72/kv/k1")
    }

    @Test func `a file with nodes runs at endpoints that the command line names`() throws {
        let set = "endpoints=[10.0.0.1, 10.0.0.2, 10.0.0.3]"
        let file = try load(exampleText, WorkloadOverrides(noFaults: true, replacements: [set]))
        #expect(file.cluster.kind == .external && file.nodes == 3 && file.system.start.isEmpty)
        #expect(file.system.ready != nil && file.system.primary != nil)
        let found = mistakes(in: exampleText, WorkloadOverrides(replacements: [set]))
        #expect(found.contains { $0.contains("faults[0].partition: `partition` ") }, "\(found)")
    }

    @Test func `client faults and hooks are planned`() throws {
        let more = """
            every: 4s
            faults:
              - {cut-clients: one}
              - {delay: {time: 20ms, clients: true}}
              - {slow-node: one}
              - {reset: {target: one, clients: true}}
              - {rate: {limit: 10kB/s, clients: true}}
              - {flap: {period: 1s, clients: true}}
              - hook: {name: pod, before: [[kubectl, version]], fault: [kubectl, delete, pod, "db-{{node.index}}"],
                       undo: [kubectl, wait, "pod/db-{{node.index}}"], target: one, within: 10s, takes-down: true}

            """
        let file = try load(Self.text + more)
        let plan = file.plan(seed: 3)
        #expect(Set(plan.schedule.faults.map(\.function)).count == 7)
        let hook = try #require(plan.schedule.faults.first { $0.function == "hook" })
        let node = ExternalConfiguration(endpoints: ["a", "b"]).nodes[1]
        #expect(HookFault.command("fault", of: hook.settings, for: node).words == ["kubectl", "delete", "pod", "db-2"])
        // The plan is kept, and read again for a replay.
        let kept = try #require(plan.document["schedule"])
        #expect(try Schedule(kept, nodes: 3, duration: plan.duration).faults == plan.schedule.faults)
    }

    @Test func `missing secrets are found before anything starts`() throws {
        let text = Self.text.replacingOccurrences(of: "client:", with: "client:\n  bearer: {env: POLYGRAPH_NOT_SET}")
        var file = try load(text)
        #expect(throws: AccessError("the environment variable POLYGRAPH_NOT_SET is not set")) { try file.readAccess() }
    }
}
