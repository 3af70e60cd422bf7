import PolygraphCluster
import PolygraphWorkloads
import Testing

/// Every mistake in what is said of hosts has its place and says what was expected.
@Suite struct HostsMistakeTests {
    /// The list, what else stands at the top, what else stands below `system`.
    private static let cases: [(hosts: String, more: String, system: String, expected: String)] = [
        // Where the nodes are
        (
            "[a, b, c]", "nodes: 3", "",
            "my-kv.yaml:3:8: hosts: the nodes are in one place: the file has `nodes` and `hosts`"
        ),
        ("3", "", "", "my-kv.yaml:3:8: hosts: expected a list of hosts, such as [db1, db2, db3]; found `3`"),
        ("[]", "", "", "my-kv.yaml:3:8: hosts: there is no host: a node needs one"),
        (
            "[\(Array(repeating: "a", count: 65).joined(separator: ", "))]", "", "",
            "hosts: there are 65 hosts; at most 64"
        ),
        ("[a, \"\", c]", "", "", "my-kv.yaml:3:12: hosts[1]: `` is no host"),
        (
            "[a, ~, c]", "", "",
            "hosts[1]: expected a host: a name of ~/.ssh/config, a host name or an address; found nothing"
        ),
        ("[a, b, a]", "", "", "my-kv.yaml:3:15: hosts[2]: is there twice: every node has a host of its own"),
        ("[{docker: a}, {docker: a}, b]", "", "", "hosts[1]: is there twice"),
        ("[a, \"b c\", d]", "", "", "hosts[1]: `b c` is no host; expected a name of ~/.ssh/config"),
        ("[a, \"b:port\", d]", "", "", "hosts[1]: `b:port` is no host"),
        ("[a, -oProxyCommand=x, d]", "", "", "hosts[1]: `-oProxyCommand=x` is no host"),
        ("[a, {user: ci}, c]", "", "", "hosts[1]: says no host: expected a name, {host: NAME, …}"),
        ("[a, {host: b, docker: b}, c]", "", "", "hosts[1]: has `host` and `docker`: a host is reached in one way"),
        ("[a, {host: b, usr: ci}, c]", "", "", "hosts[1]: unknown key `usr`; did you mean `user`? (known: host, "),
        ("[a, {docker: b, user: ci}, c]", "", "", "hosts[1]: unknown key `user`"),
        ("[a, {docker: \"b c\"}, c]", "", "", "hosts[1].docker: expected the name of a container; found `b c`"),
        ("[a, {pod: b, namespace: /}, c]", "", "", "hosts[1].namespace: expected the name of a namespace; found `/`"),
        ("[a, {host: b, port: 0}, c]", "", "", "hosts[1].port: expected a port (1 … 65535); found `0`"),
        ("[a, {host: b, user: \"\"}, c]", "", "", "hosts[1].user: expected the name of a user"),
        (
            "[a, {host: b, address: \"10.0.0.1:7000\"}, c]", "", "",
            "hosts[1].address: expected a host name or an address, without a port; found `10.0.0.1:7000`"
        ),
        (
            "[a, {host: b, key: /no/such/key}, c]", "", "",
            "my-kv.yaml:3:27: hosts[1].key: /no/such/key cannot be read: No such file or directory"
        ),
        ("[a, {host: b, key: /}, c]", "", "", "hosts[1].key: / is a folder; expected the file of a private key"),
        // Access
        ("[a, b, c]", "access: {usr: ci}", "", "my-kv.yaml:4:10: access: unknown key `usr`; did you mean `user`?"),
        ("[a, b, c]", "access: ci", "", "access: expected how hosts are reached: a mapping"),
        ("[a, b, c]", "access: {sudo: always}", "", "access.sudo: expected true, false or a mapping"),
        ("[a, b, c]", "access: {sudo: {pasword: {env: X}}}", "", "access.sudo: unknown key `pasword`"),
        ("[a, b, c]", "access: {host-keys: on}", "", "access.host-keys: there is no way to check keys of hosts `on`"),
        (
            "[a, b, c]", "access: {clocks: all}", "",
            "access.clocks: there is no choice of clocks `all` (known: processes, system)"
        ),
        ("[a, b, c]", "access: {lease: 1s}", "", "access.lease: must be at least 5 s; found `1s`"),
        ("[a, b, c]", "access: {lease: 11m}", "", "access.lease: must be at most 10 min: for so long hosts stay"),
        ("[a, b, c]", "access: {folder: polygraph}", "", "access.folder: expected a folder of its own on the hosts"),
        ("[a, b, c]", "access: {folder: /}", "", "access.folder: expected a folder of its own"),
        ("[a, b, c]", "access: {folder: /var/../etc}", "", "access.folder: expected a folder of its own"),
        ("[a, b, c]", "access: {folder: \"/x $(y)\"}", "", "access.folder: expected a folder of its own"),
        ("[a, b, c]", "access: {config: /no/such}", "", "access.config: /no/such cannot be read"),
        ("[a, b, c]", "access: {helper: {arm64: x}}", "", "my-kv.yaml:4:19: access.helper: `arm64` is `aarch64`"),
        ("[a, b, c]", "access: {helper: {aarch64: /no}}", "", "access.helper.aarch64: /no cannot be read"),
        ("[{docker: a}, {docker: b}, {docker: c}]", "access: {user: ci}", "", "access.user: is for hosts over SSH"),
        // Secrets
        (
            "[a, b, c]", "access: {password: {env: A, file: b}}", "",
            "access.password: expected one of {env: NAME} for a variable of the environment"
        ),
        ("[a, b, c]", "access: {password: {env: 1A}}", "", "access.password.env: is no name of a variable"),
        ("[a, b, c]", "access: {password: {text: x}}", "", "access.password: unknown key `text` (known: env, file)"),
        // System
        ("[a, b, c]", "", "install: {package: x}", "system.install: unknown key `package`; did you mean `packages`?"),
        ("[a, b, c]", "", "install: {packages: [-y]}", "system.install.packages[0]: expected the name of a package"),
        ("[a, b, c]", "", "install: {archives: /no.tar}", "system.install.archives: /no.tar cannot be read"),
        ("[a, b, c]", "", "logs: x/*.log", "system.logs: expected files on the hosts by an absolute path"),
        ("[a, b, c]", "", "log-limit: 5", "system.log-limit: expected an amount such as 64KiB"),
        // What nodes on this machine have
        (
            "[a, b, c]", "packets: true", "",
            "my-kv.yaml:4:10: packets: packets are recorded by the network of nodes on this machine (`nodes`) only"
        ),
        ("[a, b, c]", "dns: true", "", "dns: nodes ask a name server of the run on this machine"),
        // Faults see how many there are
        ("[a, b]", "", "", "faults[1].kill: `minority` needs at least 3 nodes; there are 2"),
    ]

    @Test(arguments: cases.indices) func `has its place and its words`(position: Int) {
        let example = Self.cases[position]
        let found = mistakes(in: hostsText(example.hosts, example.more, system: example.system))
        #expect(found.contains { $0.contains(example.expected) }, "\(found.joined(separator: "\n"))")
    }

    @Test(arguments: [
        ("access: {user: ci}\n", "", "my-kv.yaml:4:9: access: goes with `hosts` only"),
        ("", "install: {packages: [x]}", "system.install: goes with `hosts` only"),
        ("", "logs: /x", "system.logs: goes with `hosts` only"),
        ("", "log-limit: 1MB", "system.log-limit: goes with `hosts` only"),
    ])
    func `what is for hosts needs hosts`(more: String, system: String, expected: String) {
        let text = hostsText("[]", "", system: system).replacing("hosts: []\n", with: "nodes: 5\n" + more)
        #expect(mistakes(in: text).contains { $0.contains(expected) }, "\(mistakes(in: text))")
    }

    @Test(arguments: ["hunter2", "\"hunter2\"", "[hunter2]"], ["password", "passphrase"])
    func `a secret is refused and not repeated`(secret: String, key: String) {
        let expected = "says where the \(key) is found, never the \(key) itself"
        let texts = [
            hostsText("[a, b, c]", "access: {\(key): \(secret)}"), hostsText("[a, b, {host: c, \(key): \(secret)}]"),
        ]
        for found in texts.map({ mistakes(in: $0) }) {
            #expect(found.contains { $0.contains("my-kv.yaml:") && $0.contains(expected) }, "\(found)")
            #expect(!found.contains { $0.contains("hunter2") })
        }
        for option in ["access.\(key)=\(secret)", "access={\(key): \(secret)}", "hosts=[{host: a, \(key): \(secret)}]"]
        {
            let found = mistakes(in: hostsText(), WorkloadOverrides(replacements: [option]))
            #expect(found.contains { $0.contains("--set") && $0.contains(expected) }, "\(found)")
            #expect(!found.contains { $0.contains("hunter2") }, "\(found)")
        }
    }

    // MARK: - Faults

    @Test(arguments: [
        (
            "dns: silence",
            "my-kv.yaml:17:10: faults[1].dns: `dns` needs nodes on this machine (`nodes`); hosts ask name"
        ),
        (
            "flap: 1s",
            "faults[1].flap: `flap` needs nodes on this machine (`nodes`) or of an external cluster (`endpoints`); the pack"
        ),
    ])
    func `a fault that hosts cannot do is named with the reason`(fault: String, expected: String) {
        let text = hostsText().replacing("kill: minority", with: fault)
        #expect(mistakes(in: text).contains { $0.contains(expected) }, "\(mistakes(in: text))")
        #expect(mistakes(in: exampleText.replacing("kill: minority", with: fault)).isEmpty)
    }

    @Test func `nobody waits for a line that nobody can read`() {
        let text = hostsText().replacing("kill: minority", with: "{kill: one, when: {log: elected}}")
        #expect(
            mistakes(in: text).contains {
                $0.contains("faults[1].when.log: what a node writes can be followed on this machine")
            })
        let other = hostsText().replacing("kill: minority", with: "{kill: one, when: {completion: ok}}")
        #expect(mistakes(in: other).isEmpty)
    }

    // MARK: - Options

    @Test(arguments: [
        (
            WorkloadOverrides(nodes: 3),
            "--nodes 3: nodes: the nodes are on hosts, of which there are 5: name others by `--hosts a,b,c`, or say "
                + "`--set nodes=3` to have the nodes on this machine instead"
        ),
        (
            WorkloadOverrides(nodes: 3, hosts: ["a", "b"]),
            "--nodes 3: nodes: the nodes are on hosts, of which there are 2"
        ),
        (WorkloadOverrides(hosts: ["a", "", "c"]), "--hosts a,,c: hosts[1]: `` is no host"),
        (WorkloadOverrides(hosts: ["a", "b", "a"]), "--hosts a,b,a: hosts[2]: is there twice"),
        (WorkloadOverrides(replacements: ["hosts="]), "--set hosts=: hosts: expected a list of hosts"),
        (
            WorkloadOverrides(replacements: ["nodes=3", "access.user=ci"]),
            "--set access.user=ci: access: goes with `hosts` only"
        ),
        (
            WorkloadOverrides(replacements: ["access.lease=1h"]),
            "--set access.lease=1h: access.lease: must be at most 10 min"
        ),
    ])
    func `mistakes in options name the option`(overrides: WorkloadOverrides, expected: String) {
        let found = mistakes(in: hostsText(), overrides)
        #expect(found.contains { $0.contains(expected) }, "\(found)")
    }
}
