import Foundation
import PolygraphWorkloads
import Testing

/// Every mistake has its place and says what was expected. Each case replaces one part of the example.
@Suite struct WorkloadMistakeTests {
    private static let cases: [(old: String, new: String, expected: String)] = [
        // Keys
        (
            "- kill: minority", "- klil: minority",
            "my-kv.yaml:17:5: faults[1]: unknown key `klil`; did you mean `kill`? (known: partition, "
        ),
        ("time: 60s", "tiem: 60s", "my-kv.yaml:21:1: unknown key `tiem`; did you mean `time`? (known: name, "),
        ("nodes: 5", "hots: [a, b]", "my-kv.yaml:3:1: unknown key `hots`; did you mean `hosts`?"),
        (
            "absent: 404", "abesnt: 404",
            "my-kv.yaml:10:79: client.http.read: unknown key `abesnt`; did you mean `absent`?"
        ),
        ("cas: true}", "cass: true}", "my-kv.yaml:13:33: workload.register: unknown key `cass`; did you mean `cas`?"),
        (
            "workload: {register:", "workload: {regster:",
            "my-kv.yaml:13:12: workload: unknown key `regster`; did you mean `register`?"
        ),
        (
            "workload: {register: {keys: 20, cas: true}}\n", "",
            "my-kv.yaml:2:1: the key `workload` is missing: what clients do"
        ),
        (
            "  ready: {http: \"http://{{node.address}}:7000/health\"}\n", "",
            "my-kv.yaml:5:3: system: the key `ready` is missing: how to ask"
        ),
        // Types
        ("nodes: 5", "nodes: five", "my-kv.yaml:3:8: nodes: expected a number of nodes (1 … 64); found `five`"),
        ("nodes: 5", "nodes: \"5\"", "my-kv.yaml:3:8: nodes: expected a number of nodes (1 … 64); found `5`"),
        ("nodes: 5", "nodes: [1]", "my-kv.yaml:3:8: nodes: expected a number of nodes (1 … 64); found a list"),
        ("nodes: 5", "nodes:", "my-kv.yaml:3:7: nodes: expected a number of nodes (1 … 64); found nothing"),
        (
            "workload: {register: {keys: 20, cas: true}}", "workload: register",
            "my-kv.yaml:13:11: workload: expected the workload: a mapping with the key `register`; found `register`"
        ),
        ("cas: true}", "cas: yes}", "my-kv.yaml:13:38: workload.register.cas: expected true or false; found `yes`"),
        ("name: my-kv", "name: {a: b}", "my-kv.yaml:2:7: name: expected a name; found a mapping"),
        (
            "start: [\"./my-kv\",", "start: \"./my-kv\" #",
            "my-kv.yaml:5:10: system.start: expected the program and its arguments as a list"
        ),
        (
            "absent: 404", "absent: never",
            "my-kv.yaml:10:87: client.http.read.absent: expected an HTTP status code or `missing` (200 … 599); found `never`"
        ),
        (
            "fail: 409", "fail: [409, 99]",
            "client.http.cas.fail[1]: expected an HTTP status code (200 … 599); found `99`"
        ),
        (
            "rate: 500/s", "rate: 500",
            "my-kv.yaml:14:28: clients.rate: expected a rate above 0 such as 500/s, or `unlimited`; found `500`"
        ),
        ("timeout: 1s", "timeout: 1", "clients.timeout: expected a duration such as 500ms, 10s or 1m30s; found `1`"),
        (
            "faults:\n", "faults: all\nx:\n",
            "my-kv.yaml:15:9: faults: expected a list of faults, such as `- partition: majority-ring`; found `all`"
        ),
        (
            "check: linearizable", "check: linearisable",
            "my-kv.yaml:22:8: check: there is no check `linearisable`; did you mean `linearizable`? (known: linearizable)"
        ),
        // Impossible values
        ("nodes: 5", "nodes: 0", "my-kv.yaml:3:8: nodes: expected a number of nodes (1 … 64); found `0`"),
        ("nodes: 5", "nodes: 65", "found `65`"),
        (
            "count: 10", "count: -1",
            "my-kv.yaml:14:18: clients.count: expected a number of clients (1 … 1000); found `-1`"
        ),
        ("keys: 20", "keys: 0", "workload.register.keys: expected a number of keys (1 … 100000); found `0`"),
        (
            "cas: true}", "cas: true, values: 1}",
            "expected `distinct`, or how many different values there are (2 … 1000000); found `1`"
        ),
        (
            "cas: true}", "cas: true, mix: {read: -1, write: 1}}",
            "workload.register.mix.read: must not be negative; found -1"
        ),
        ("cas: true}", "cas: true, mix: {read: 1}}", "workload.register.mix: nothing is ever written"),
        ("cas: true}", "cas: true, mix: {write: 1}}", "workload.register.mix: nothing is ever read"),
        (
            "cas: true}", "cas: false, mix: {read: 1, write: 1, cas: 1}}",
            "workload.register.mix.cas: there is no cas in this workload"
        ),
        ("rate: 500/s", "rate: 0/s", "clients.rate: expected a rate above 0"),
        (
            "timeout: 1s", "timeout: 2m",
            "my-kv.yaml:14:44: clients.timeout: an operation may take longer (2 min) than the whole run (`time`: 1 min)"
        ),
        ("time: 60s", "time: 0s", "my-kv.yaml:21:7: time: must be longer than 0; found `0s`"),
        ("time: 60s", "time: -5s", "my-kv.yaml:21:7: time: expected a duration"),
        ("name: my-kv", "name: ../up", "my-kv.yaml:2:7: name: names a folder"),
        (
            "check: linearizable", "check-limits: {memory: 12}",
            "check-limits.memory: expected an amount such as 64KiB, 512MB or 2GB; found `12`"
        ),
        ("check: linearizable", "check-limits: {memory: 1kB}", "check-limits.memory: must be at least 1MB"),
        ("check: linearizable", "seed: -1", "seed: expected a seed: a whole number from 0"),
        // Faults
        (
            "kill: minority", "kill: n9",
            "my-kv.yaml:17:11: faults[1].kill: there is no node `n9`; the nodes are n1 … n5"
        ),
        ("kill: minority", "kill: [n1, n6]", "my-kv.yaml:17:16: faults[1].kill[1]: there is no node `n6`"),
        ("kill: minority", "kill: [n1, n1]", "faults[1].kill[1]: `n1` is named twice"),
        ("kill: minority", "kill: [n1, all]", "faults[1].kill[1]: `all` stands alone"),
        (
            "kill: minority", "kill: minorty",
            "faults[1].kill: unknown target `minorty`; did you mean `minority`? (known: one, minority, "
        ),
        ("kill: minority", "kill: []", "faults[1].kill: expected a target"),
        ("kill: minority", "kill:", "my-kv.yaml:17:10: faults[1].kill: expected a target"),
        (
            "kill: minority", "{kill: all, pause: all}",
            "my-kv.yaml:17:5: faults[1]: has `kill` and `pause`: begin a new list item"
        ),
        ("kill: minority", "{every: 5s}", "my-kv.yaml:17:5: faults[1]: says no fault"),
        (
            "kill: minority", "kill",
            "my-kv.yaml:17:5: faults[1]: expected a fault: a mapping with keys such as `partition`"
        ),
        (
            "kill: minority", "{kill: all, every: 5s, for: 6s}",
            "my-kv.yaml:17:33: faults[1].for: lasts longer (6 s) than from one beginning to the next (`every`: 5 s)"
        ),
        (
            "kill: minority", "{kill: all, after: 60s}",
            "faults[1].after: never happens: it would begin after 1 min, and the run ends after 1 min"
        ),
        (
            "majority-ring,", "majority-rong,",
            "my-kv.yaml:16:17: faults[0].partition[0]: there is no partition `majority-rong`; did you mean `majority-ring`? (known: halves, one, "
        ),
        (
            "[majority-ring, isolate-primary, one-way]", "[]",
            "my-kv.yaml:16:16: faults[0].partition: expected one or more of halves"
        ),
        (
            "clock: {bump: 60s, drift: 5%}", "clock: {target: all}",
            "my-kv.yaml:19:12: faults[3].clock: says neither `bump`"
        ),
        ("drift: 5%", "drift: 5", "faults[3].clock.drift: expected a share such as 5% or 0.1%; found `5`"),
        ("drift: 5%", "drift: 80%", "faults[3].clock.drift: must be more than 0 % and at most 50 %; found `80%`"),
        ("bump: 60s", "bump: 0s", "faults[3].clock.bump: must be longer than 0"),
        (
            "  primary: {http: \"http://{{node.address}}:7000/role\", equals: leader}\n", "",
            "my-kv.yaml:15:32: faults[0].partition[1]: `isolate-primary` needs `system.primary`"
        ),
        (
            "  primary: {http: \"http://{{node.address}}:7000/role\", equals: leader}\n", "",
            "my-kv.yaml:17:12: faults[2].pause: `primary` needs `system.primary`"
        ),
        ("nodes: 5", "nodes: 1", "faults[0].partition[0]: `majority-ring` needs at least 3 nodes; there is 1"),
        ("nodes: 5", "nodes: 1", "faults[0].partition[2]: `one-way` needs at least 2 nodes; there is 1"),
        ("nodes: 5", "nodes: 2", "faults[1].kill: `minority` needs at least 3 nodes; there are 2"),
        ("every: 10s", "every: 1ms", "my-kv.yaml:20:8: every: must be at least 10 ms; found `1ms`"),
        (
            "kill: minority", "{kill: all, every: 10ms}\n  - {kill: one, every: 9ms}",
            "my-kv.yaml:18:24: faults[2].every: must be at least 10 ms; found `9ms`"
        ),
        ("kill: minority", "kill: 9", "faults[1].kill: `9 nodes` needs at least 9 nodes; there are 5"),
        ("kill: minority", "kill: {n1: 3, n9: 1}", "faults[1].kill.n9: there is no node `n9`"),
        ("kill: minority", "kill: {n1: 0}", "faults[1].kill: all odds are 0"),
        ("kill: minority", "{kill: one, keep: most}", "faults[1].keep: there is no rule `most`"),
        ("kill: minority", "{kill: one, keep: majority, break: majority}", "`keep` and `break` exclude each other"),
        ("kill: minority", "{partition: halves, keep: majority}", "faults[1].keep: is for faults that take nodes away"),
        ("kill: minority", "{kill: one, when: {}}", "faults[1].when: says nothing to wait for (known: log, "),
        (
            "kill: minority", "{kill: one, when: {log: a, primary: changes}}",
            "faults[1].when: has `log` and `primary`: a fault waits for one thing"
        ),
        ("kill: minority", "{kill: one, when: {log: a, of: write}}", "faults[1].when.of: goes with `operations`"),
        (
            "kill: minority", "{kill: one, when: {completion: good}}",
            "faults[1].when.completion: there is no completion"
        ),
        ("kill: minority", "{kill: one, when: {end-of: klil}}", "did you mean `kill`?"),
        ("kill: minority", "{kill: one, weight: 0}", "faults[1].weight: expected a weight (1 … 1000); found `0`"),
        (
            "check: linearizable", "schedule: {exclusiv: true}",
            "schedule: unknown key `exclusiv`; did you mean `exclusive`?"
        ),
        ("check: linearizable", "schedule: {phases: []}", "schedule.phases: there is no phase"),
        ("check: linearizable", "schedule: {repeat: true}", "schedule.repeat: goes with `phases` only"),
        (
            "check: linearizable", "schedule: {phases: [{faults: [kill]}]}",
            "schedule.phases[0]: the key `for` is missing"
        ),
        (
            "check: linearizable", "schedule: {phases: [{for: 5s, faults: [kil]}]}",
            "schedule.phases[0].faults[0]: there is no line of `faults` `kil`; did you mean `kill`?"
        ),
        ("time: 60s", "time: 30d", "faults[1]: would happen 259200 times; at most 100000 can be planned"),
        // Templates
        (
            "\"{{node.index}}\"", "\"a{{node.idx}}\"",
            "my-kv.yaml:5:32: system.start[2]: there is no `{{node.idx}}` in a command; did you mean `node.index`? (there are: node.address, node.name, node.index, node.port, nodes | addresses, nodes | names, data, polygraph)"
        ),
        ("7000/health", "7000/{{key}}", "my-kv.yaml:6:47: system.ready.http: there is no `{{key}}` in a probe"),
        (
            "json: {value: \"{{value}}\"}", "json: {value: [1, {a: \"x {{vlaue}}\"}]}",
            "my-kv.yaml:11:86: client.http.write.json.value[1].a: there is no `{{vlaue}}` in `write`; did you mean `value`?"
        ),
        (
            "json: {value: \"{{value}}\"}", "json: {value: {{value}}}",
            "my-kv.yaml:11:76: a key must be a word; a text with `{{placeholders}}` goes in quotes"
        ),
        ("\"{{from}}\"", "\"{{value}}\"", "client.http.cas.json.from: there is no `{{value}}` in `cas`"),
        ("get: \"http:", "get: \"ftp:", "my-kv.yaml:10:19: client.http.read.get: a URL begins with http://"),
        (
            "{get:", "{get: \"http://x/\", put:",
            "my-kv.yaml:10:12: client.http.read: has `get` and `put`; it takes one method"
        ),
        ("{get:", "{fetch:", "client.http.read: a method with its URL is missing"),
        (
            "value: \"$.value\"", "value: \"value\"",
            "my-kv.yaml:10:69: client.http.read.value: `value` is no path such as `$.value`"
        ),
        ("fail: 409", "absent: 409", "client.http.cas.absent: only a `read` can find nothing"),
        (
            "absent: 404", "absent: 404, fail: 404",
            "client.http.read: the status 404 cannot mean both `absent` and `fail`"
        ),
        (
            "    write:", "    wriet:",
            "my-kv.yaml:10:5: client.http: the request for `write` is missing, which the register workload makes"
        ),
    ]

    @Test(arguments: cases.indices) func `has its place and its words`(position: Int) throws {
        let example = Self.cases[position]
        let range = try #require(exampleText.range(of: example.old))
        let found = mistakes(in: exampleText.replacingCharacters(in: range, with: example.new))
        #expect(found.contains { $0.contains(example.expected) }, "\(found.joined(separator: "\n"))")
    }

    @Test func `many mistakes are reported together, in the order of the file`() {
        let text = exampleText.replacingOccurrences(of: "nodes: 5", with: "nodes: x")
            .replacingOccurrences(of: "{{key}}", with: "{{kee}}").replacingOccurrences(
                of: "every: 10s", with: "every: often")
        let found = mistakes(in: text)
        #expect(found.count == 5)
        #expect(found.map { $0.split(separator: ":")[1] } == ["3", "10", "11", "12", "20"])
    }

    @Test func `at most twenty are shown`() {
        let text = exampleText + (0..<30).map { "x\($0): 1\n" }.joined()
        #expect {
            try load(text)
        } throws: { error in
            guard let errors = error as? WorkloadFileErrors else { return false }
            return errors.errors.count == 20 && errors.omitted == 10 && errors.description.hasSuffix("… and 10 more")
        }
    }

    @Test func `every prefix of the example is read or refused, never a crash`() {
        let bytes = Array(exampleText.utf8)
        for count in 0..<bytes.count {
            _ = mistakes(in: String(decoding: bytes[..<count], as: UTF8.self))
        }
    }
}
