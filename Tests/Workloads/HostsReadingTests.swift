import Foundation
import PolygraphCluster
import PolygraphSSH
import PolygraphWorkloads
import Testing

@Suite struct HostsReadingTests {
    @Test func `a list of names is enough`() throws {
        let file = try load(hostsText())
        #expect(file.nodes == 5)
        #expect(
            file.cluster
                == .hosts(
                    HostsConfiguration(["db1", "db2", "db3", "db4", "db5"].map { HostSpec(.ssh($0, SSHOverrides())) })))
        #expect(file.faults.count == 4)
        #expect(try load(exampleText).cluster == .local)
    }

    @Test func `a host says how it is reached`() throws {
        let folder = try HostsFolder(["ci"])
        let text = hostsText(
            """
            [db1, ci@db2:2222, "[fe80::1]:2022", {host: root@db3, user: ci, port: 23, key: \(folder.path)/ci, address: 10.0.0.2,
              password: {env: DB3_PASSWORD}, passphrase: {file: /run/phrase}, host-keys: accept-new},
              {docker: db_4, address: 10.0.0.4}, {pod: db-0, namespace: test, container: db}, {pod: db-1}]
            """)
        #expect(
            try hosts(in: text).hosts == [
                HostSpec(.ssh("db1", SSHOverrides())), HostSpec(.ssh("db2", SSHOverrides(user: "ci", port: 2222))),
                HostSpec(.ssh("fe80::1", SSHOverrides(port: 2022))),
                HostSpec(
                    .ssh(
                        "db3",
                        SSHOverrides(
                            user: "ci", port: 23, key: folder.path + "/ci", passphrase: .file("/run/phrase"),
                            password: .environment("DB3_PASSWORD"), hostKeyChecking: .acceptNew)),
                    address: "10.0.0.2"),
                HostSpec(.docker(container: "db_4"), address: "10.0.0.4"),
                HostSpec(.kubernetes(pod: "db-0", namespace: "test", container: "db")),
                HostSpec(.kubernetes(pod: "db-1", namespace: nil, container: nil)),
            ])
        #expect(try load(text).nodes == 7)
    }

    @Test func `access is for all hosts, and a host's own words go before`() throws {
        let folder = try HostsFolder(["ci", "config", "helper", "kv.tar.gz", "kv.conf"])
        let text = hostsText(
            "[db1, {host: db2, user: own, password: {env: OWN}}, {docker: db3}]",
            """
            access:
              user: ci
              port: 2222
              key: \(folder.path)/ci
              password: {env: CI_PASSWORD}
              passphrase: {file: \(folder.path)/absent}
              sudo: {user: admin, password: {env: SUDO_PASSWORD}}
              host-keys: off
              known-hosts: \(folder.path)/known_hosts
              config: \(folder.path)/config
              folder: /srv/polygraph/
              lease: 45s
              clocks: system
              helper: {aarch64: \(folder.path)/helper}
            """,
            system: """
                install: {packages: [libjemalloc2, "etcd-server=3.4"], archives: [\(folder.path)/kv.tar.gz, \(folder.path)/kv.conf]}
                  logs: [/var/log/kv/*.log]
                  log-limit: 2MB
                """)
        let found = try hosts(in: text)
        var common = SSHOverrides(
            user: "ci", port: 2222, key: folder.path + "/ci", passphrase: .file(folder.path + "/absent"),
            password: .environment("CI_PASSWORD"), hostKeyChecking: .off)
        var expected = HostsConfiguration([HostSpec(.ssh("db1", common))])
        common.user = "own"
        common.password = .environment("OWN")
        expected.hosts += [HostSpec(.ssh("db2", common)), HostSpec(.docker(container: "db3"))]
        expected.sudo = SSHCommand.Sudo(user: "admin", password: .environment("SUDO_PASSWORD"))
        expected.knownHostsFile = folder.path + "/known_hosts"
        expected.configurationFile = folder.path + "/config"
        expected.folder = "/srv/polygraph"
        expected.lease = 45_000_000_000
        expected.clocks = .system
        expected.helpers = ["aarch64": folder.path + "/helper"]
        expected.install.packages = ["libjemalloc2", "etcd-server=3.4"]
        expected.install.archives = [folder.path + "/kv.tar.gz", folder.path + "/kv.conf"]
        expected.logs = ["/var/log/kv/*.log"]
        expected.logLimit = 2_000_000
        #expect(found == expected)
    }

    @Test(arguments: [
        ("true", SSHCommand.Sudo()), ("false", nil),
        ("{password: {file: /run/word}}", SSHCommand.Sudo(password: .file("/run/word"))),
        ("{user: admin}", SSHCommand.Sudo(user: "admin")),
    ])
    func `sudo`(text: String, expected: SSHCommand.Sudo?) throws {
        #expect(try hosts(in: hostsText("[a, b, c]", "access: {sudo: \(text)}")).sudo == expected)
    }

    @Test func `the home folder and the working directory are where paths begin`() throws {
        let found = try hosts(
            in: hostsText("[a, b, c]", "access: {known-hosts: ~/.ssh/lab, password: {file: secrets/word}}"))
        #expect(found.knownHostsFile == HomeFolder.path + "/.ssh/lab")
        guard case .ssh(_, let overrides) = found.hosts[0].reach else { return }
        #expect(overrides.password == .file(FileManager.default.currentDirectoryPath + "/secrets/word"))
    }

    // MARK: - Overrides

    @Test(arguments: [
        WorkloadOverrides(hosts: ["a", "ci@b", "c:2022"]),
        WorkloadOverrides(replacements: ["hosts=[a, ci@b, 'c:2022']"]),
        WorkloadOverrides(replacements: ["hosts=[a, {host: b, user: ci}, {host: c, port: 2022}]"]),
    ])
    func `the file that ran on this machine runs on hosts`(overrides: WorkloadOverrides) throws {
        let file = try load(exampleText, overrides)
        #expect(file.nodes == 3)
        #expect(
            file.cluster
                == .hosts(
                    HostsConfiguration([
                        HostSpec(.ssh("a", SSHOverrides())), HostSpec(.ssh("b", SSHOverrides(user: "ci"))),
                        HostSpec(.ssh("c", SSHOverrides(port: 2022))),
                    ])))
    }

    @Test func `options say how hosts are reached`() throws {
        var overrides = WorkloadOverrides(replacements: ["access.user=ci", "access.sudo.password.env=WORD"])
        overrides.hosts = ["a", "b", "c"]
        for text in [exampleText, hostsText()] {
            let found = try hosts(in: text, overrides)
            #expect(found.hosts == ["a", "b", "c"].map { HostSpec(.ssh($0, SSHOverrides(user: "ci"))) })
            #expect(found.sudo == SSHCommand.Sudo(password: .environment("WORD")))
        }
    }

    @Test func `a file with hosts comes back to this machine`() throws {
        let text = hostsText(
            "[a, b, c]", "access: {user: ci}", system: "install: {packages: [x]}\n  logs: /var/log/x\n  log-limit: 1MB")
        let file = try load(text, WorkloadOverrides(replacements: ["nodes=5"]))
        #expect(file.nodes == 5)
        #expect(file.cluster == .local)
        #expect(
            try WorkloadCatalog.load("raft-register-ssh", overrides: WorkloadOverrides(replacements: ["nodes=3"])).nodes
                == 3)
    }
}
