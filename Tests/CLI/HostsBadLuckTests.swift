import Foundation
import Testing

extension HostsTests {
    /// Hosts that cannot be used: each is an error that names host, step and remedy, and leaves nothing.
    @Suite struct BadLuck {
        /// One thing that is wrong.
        struct Case {
            var name: String
            /// On the second host of two, before the run; undone after it.
            var script = ":"
            var undo = ":"
            var hosts = ["n1", "n2"]
            var access: [String] = []
            /// All of them are in what is said.
            var expected: [String]
            var statuses: [Int32] = [255]
        }

        private func check(_ world: HostsWorld, _ it: Case) async throws {
            try world.writeRaft(
                hosts: it.hosts, access: it.access, faults: ["{partition: halves, every: 9s, for: 1s, after: 100ms}"])
            let before = try world.on(2, it.script)
            #expect(before.status == 0, "\(it.name): \(before.output)")
            let result = try await world.polygraph(["run", "own.yaml", "--time", "1s", "--seed", "1"])
            let after = try world.on(2, it.undo)
            #expect(after.status == 0, "\(it.name): \(after.output)")
            #expect(it.statuses.contains(result.status), "\(it.name): \(result.output)\(result.error)")
            let said = (result.error + result.output).split { $0.isWhitespace }.joined(separator: " ")
            for word in it.expected { #expect(said.contains(word), "\(it.name), \(word): \(said)") }
            try world.expectNothingLeft("\(it.name): \(result.error)")
        }

        @Test func `logins that fail say which host, why, and what to do`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            // One key of a host is wrong, and one host has two names.
            let scripts = [
                "ssh-keygen -q -t ed25519 -N '' -f stranger",
                "awk -v key=\"$(cut -d' ' -f1,2 stranger.pub)\" "
                    + "'/^10.98.0.12/ { print \"10.98.0.12 \" key; next } { print }' known_hosts >changed",
                "printf 'Host same\\n  HostName 10.98.0.11\\n' >more && grep -v UserKnownHosts ssh_config >>more && mv more ssh_config",
            ]
            for script in scripts { #expect(try world.shell(script).status == 0) }
            let known = "known-hosts: known_hosts"
            let cases = [
                Case(
                    name: "a wrong key", access: [known, "key: stranger"],
                    expected: ["n1", "n2", "stranger"]),
                Case(
                    name: "a changed host key", access: ["known-hosts: changed"],
                    expected: ["n2", "changed", "ssh-keygen -R"]),
                Case(
                    name: "two hosts with one address", hosts: ["n1", "same"], access: [known],
                    expected: ["n2", "address of its own", "10.98.0.11", "address:"]),
                Case(
                    name: "clocks of hosts that share a kernel", access: [known, "clocks: system"],
                    expected: ["n1", "use the clock of", "clocks: processes"]),
            ]
            for it in cases { try await check(world, it) }
        }

        @Test func `hosts that cannot be reached say so, one or all`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(5)
            try world.shell("sed -i 's/^Host \\*/Host *\\n  ConnectTimeout 2/' ssh_config")
            let words = ["run", "own.yaml", "--time", "1s", "--seed", "1"]
            try world.writeRaft()
            try world.shell("ip link set cable3 down")
            let one = try await world.polygraph(words)
            #expect(one.status == 255)
            #expect(one.error.contains("n3") && one.error.contains("10.98.0.13"), "\(one.error)")
            for other in ["n1", "n2", "n4", "n5"] { #expect(!one.error.contains("host \(other)"), "\(one.error)") }
            try world.shell("for i in 1 2 4 5; do ip link set cable$i down; done")
            let all = try await world.polygraph(words)
            #expect(all.status == 255 && all.error.contains("5 of 5 hosts"), "\(all.error)")
            for host in 1...5 { #expect(all.error.contains("n\(host)")) }
            try world.expectNothingLeft()
        }

        @Test func `hosts without room, rights or tools say so`() async throws {
            if HostsWorld.isMissing() { return }
            let world = try await HostsWorld(2)
            try world.folder.write("no-program", "this is no program\n")
            // The programs are several names of few files.
            let filters =
                "for p in nft iptables ip6tables; do command -v $p >/dev/null && readlink -f $(command -v $p); done | sort -u"
            let cases = [
                Case(
                    name: "a file system that is read only", script: "mount -t tmpfs -o ro tmpfs /var/tmp",
                    undo: "umount /var/tmp", expected: ["n2", "make the folder", "Read-only", "access: {folder"]),
                Case(
                    name: "a disk that is full while the helper is uploaded",
                    script: "mount -t tmpfs -o size=4m tmpfs /var/tmp", undo: "umount /var/tmp",
                    expected: ["n2", "upload", "no space", "Make room"]),
                Case(
                    name: "somebody else's folder", script: "mkdir -p /var/tmp/other && chown 4203 /var/tmp/other",
                    undo: "rm -r /var/tmp/other", access: ["folder: /var/tmp/other"],
                    expected: ["n2", "user 4203", "access: {folder"]),
                Case(
                    name: "a helper that is no program", access: ["helper: {x86_64: no-program, aarch64: no-program}"],
                    expected: ["n2", "run the helper", "make release"]),
                Case(
                    name: "no packet filter",
                    script: "touch /run/nothing; for f in $(\(filters)); do mount --bind /run/nothing $f; done",
                    undo: "for f in $(mount | awk '/ \\/usr\\/s?bin\\// { print $3 }'); do umount $f; done",
                    expected: ["n2", "nft", "apt-get install nftables"], statuses: [255]),
            ]
            for it in cases { try await check(world, it) }
        }
    }
}
