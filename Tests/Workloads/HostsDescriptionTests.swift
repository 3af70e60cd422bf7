import Foundation
import PolygraphCluster
import PolygraphHistory
import PolygraphRunner
import PolygraphSSH
import PolygraphWorkloads
import Testing

/// Hosts in `plan.json`, and in the words of `polygraph plan`.
@Suite struct HostsDescriptionTests {
    private static let everything: HostsConfiguration = {
        let overrides = SSHOverrides(
            user: "ci", port: 2222, key: HomeFolder.path + "/.ssh/ci", passphrase: .file("/run/phrase"),
            password: .environment("DB2_PASSWORD"), hostKeyChecking: .acceptNew)
        var configuration = HostsConfiguration([
            HostSpec(.ssh("db1", SSHOverrides())), HostSpec(.ssh("db2", overrides), address: "10.0.0.2"),
            HostSpec(.ssh("db3", SSHOverrides(hostKeyChecking: .strict))), HostSpec(.docker(container: "db4")),
            HostSpec(.kubernetes(pod: "db-0", namespace: "test", container: "db"), address: "10.0.0.5"),
            HostSpec(.kubernetes(pod: "db-1", namespace: nil, container: nil)),
        ])
        configuration.configurationFile = "/etc/polygraph/ssh"
        configuration.knownHostsFile = HomeFolder.path + "/known"
        configuration.sudo = SSHCommand.Sudo(user: "admin", password: .file(HomeFolder.path + "/word"))
        configuration.folder = "/srv/polygraph"
        configuration.lease = 45_000_000_000
        configuration.clocks = .system
        configuration.helpers = ["aarch64": "/opt/polygraph-aarch64"]
        configuration.install.packages = ["libjemalloc2"]
        configuration.install.archives = ["/opt/kv.tar.gz"]
        configuration.logs = ["/var/log/kv/*.log"]
        configuration.logLimit = 1_000_000
        return configuration
    }()

    @Test(arguments: [
        ClusterSpec.local, .hosts(HostsConfiguration([HostSpec(.ssh("a", SSHOverrides()))])), .hosts(everything),
        .external(ExternalConfiguration(endpoints: ["10.0.0.1", "db2"])),
    ])
    func `what stands in a plan is read back as it was`(cluster: ClusterSpec) throws {
        var bytes: [UInt8] = []
        JSONWriter.append(cluster.value, to: &bytes)
        #expect(ClusterSpec(try JSONParser.parse(bytes)) == cluster)
    }

    @Test func `files of the home folder are those of whoever reads the plan`() throws {
        let value = ClusterSpec.hosts(Self.everything).value
        #expect(value["known_hosts"] == "~/known")
        #expect(value["hosts"]?.elements?[1]["key"] == "~/.ssh/ci")
        #expect(value["sudo"] == ["user": "admin", "password": ["file": "~/word"]])
        #expect(value["hosts"]?.elements?[1]["password"] == ["env": "DB2_PASSWORD"])
    }

    /// Every part of a plan taken away, or of another type: read or refused, never a crash, and never something else.
    @Test func `a damaged plan is refused`() throws {
        let whole = try #require(ClusterSpec.hosts(Self.everything).value.fields)
        for key in [
            "kind", "hosts", "folder", "lease_ns", "clocks", "helpers", "packages", "archives", "logs", "log_limit",
        ] {
            var fields = whole
            fields[key] = nil
            #expect(ClusterSpec(.object(fields)) == nil, "\(key)")
            fields[key] = [5]
            #expect(ClusterSpec(.object(fields)) == nil, "\(key)")
        }
        for host in [["host": 5], ["host": "a", "port": 0], ["host": "a", "password": "word"], [:]] as [Value] {
            var fields = whole
            fields["hosts"] = [host]
            #expect(ClusterSpec(.object(fields)) == nil, "\(host)")
        }
    }

    @Test func `who is where, and what is done there`() throws {
        let folder = try HostsFolder([])
        let file = folder.path + "/config"
        try Data(
            """
            Host db1
              HostName 10.1.0.1
              User root
              IdentityFile /keys/one
              ProxyJump gate
            Host db3
              Port 2022
              User op
            Host gate
              HostName 10.1.0.254

            """.utf8
        ).write(to: URL(fileURLWithPath: file))
        var configuration = Self.everything
        configuration.configurationFile = file
        let description = try HostsDescription(configuration)
        #expect(
            description.nodes == [
                "n1: db1, by SSH as root to 10.1.0.1 port 22, through gate, key /keys/one",
                "n2: db2, by SSH as ci to db2 port 2222, key ~/.ssh/ci, passphrase from the file /run/phrase, password "
                    + "from the environment variable DB2_PASSWORD, its host key is accepted and kept when it is new; the "
                    + "other nodes and the clients reach it at 10.0.0.2",
                "n3: db3, by SSH as op to db3 port 2022, the agent's and the usual keys",
                "n4: container db4, by docker exec",
                "n5: pod db-0 in the namespace test, container db, by kubectl exec; the other nodes and the clients "
                    + "reach it at 10.0.0.5",
                "n6: pod db-1, by kubectl exec",
            ])
        #expect(
            description.terms == [
                "there as admin by sudo, with the password from the file ~/word",
                "files on the hosts: below /srv/polygraph", "for aarch64: /opt/polygraph-aarch64",
                "lease: a host that hears nothing of this machine for 45 s undoes its faults and ends its node",
                "clocks: the hosts' own, set right again at the end",
                "installed where missing, and left there: libjemalloc2", "uploaded: /opt/kv.tar.gz",
                "collected: the output of the nodes, and /var/log/kv/*.log, of each file the last 1MB at most",
                "wiped at the end: the run's folder on every host, unless --keep is given",
            ])
    }

    @Test func `a recorded run has its hosts where they were, whatever its file says of paths by now`() throws {
        let folder = try HostsFolder(["ci"])
        let text = hostsText("[a, b, c]", "access: {key: \(folder.path)/ci}")
        let cluster = try load(text).cluster
        try FileManager.default.removeItem(atPath: folder.path + "/ci")
        #expect(mistakes(in: text).contains { $0.contains("/ci cannot be read") })
        let file = try WorkloadCatalog.load(Array(text.utf8), path: "my-kv.yaml", cluster: cluster)
        #expect(file.cluster == cluster && file.nodes == 3)
        let document = file.plan(seed: 1).document
        #expect(document["cluster"].flatMap { ClusterSpec($0) } == cluster)
        #expect(try load(exampleText).plan(seed: 1).document["cluster"] == ["kind": "local"])
    }
}
