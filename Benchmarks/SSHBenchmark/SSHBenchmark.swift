import CLinux
import Glibc
import PolygraphSSH
import Synchronization

/// Prints one figure a line.
struct SSHBenchmark {
    let megabytes: Int
    private let folder = "/tmp/polygraph-ssh-benchmark-\(clinux_monotonic_ns())"

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    init(megabytes: Int) { self.megabytes = megabytes }

    func run() throws {
        try shell("mkdir -p '\(folder)'")
        defer { try? shell("rm -rf '\(folder)'") }
        let destinations = try startServers()
        try connections(destinations)
        let connection = try SSHConnection.connect(to: destinations[0])
        try roundTrips(connection)
        try rate(connection)
        try rates(destinations)
        try transfers(connection)
    }

    private func shell(_ script: String) throws {
        guard system(script) == 0 else { throw Failure(description: "this failed: \(script)") }
    }

    private func startServers() throws -> [SSHDestination] {
        try shell(
            """
            set -e; cd '\(folder)'
            ip link set lo up; mount -t tmpfs tmpfs /run; mkdir -p /run/sshd; chmod 755 /run/sshd
            if [ $(id -u) = 0 ]; then
                # Login scripts of this machine's root are no part of the figures.
                sed "s|^root:.*|root:x:0:0::$PWD:/bin/sh|" /etc/passwd >passwd; mount --bind passwd /etc/passwd
            fi
            ssh-keygen -q -t ed25519 -N '' -f host; ssh-keygen -q -t ed25519 -N '' -f user
            cp user.pub authorized; chmod 644 authorized; chmod 755 .
            for number in 1 2 3 4 5; do
                ip addr add 10.99.0.$number/32 dev lo
                echo "10.99.0.$number $(cut -d' ' -f1,2 host.pub)" >>known
                printf '%s\\n' "ListenAddress 10.99.0.$number" "HostKey $PWD/host" 'UsePAM no' 'PidFile none' \
                    'StrictModes no' 'PermitRootLogin yes' "AuthorizedKeysFile $PWD/authorized" 'UseDNS no' \
                    'Subsystem sftp internal-sftp' >config$number
                /usr/sbin/sshd -f config$number -E log$number
            done
            """)
        // The server puts itself into the background before it listens.
        clinux_sleep_ns(300_000_000)
        let user = getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "root"
        return (1...5).map { number in
            var result = SSHDestination(
                name: "n\(number)", hostName: "10.99.0.\(number)", user: user, identityFiles: [folder + "/user"],
                knownHostsFiles: [folder + "/known"])
            result.identitiesOnly = true
            return result
        }
    }

    /// Median and largest of some times.
    private func show(_ name: String, _ times: [Int64]) {
        let sorted = times.sorted()
        print("\(name): median \(milliseconds(sorted[sorted.count / 2])) ms, longest \(milliseconds(sorted.last!)) ms")
    }

    private func milliseconds(_ nanoseconds: Int64) -> String {
        let hundredths = (nanoseconds + 5_000) / 10_000
        return "\(hundredths / 100)." + (hundredths % 100 < 10 ? "0" : "") + "\(hundredths % 100)"
    }

    private func connections(_ destinations: [SSHDestination]) throws {
        var times: [Int64] = []
        for _ in 0..<10 {
            let start = clinux_monotonic_ns()
            let pool = SSHPool(destinations)
            for (_, result) in pool.connectAll(timeout: .seconds(30)) { _ = try result.get() }
            times.append(clinux_monotonic_ns() - start)
            pool.closeAll()
        }
        show("five hosts connected in parallel", times)
    }

    private func roundTrips(_ connection: SSHConnection) throws {
        var times: [Int64] = []
        for _ in 0..<300 {
            let start = clinux_monotonic_ns()
            _ = try connection.run(SSHCommand(["true"]), timeout: .seconds(30))
            times.append(clinux_monotonic_ns() - start)
        }
        show("small command", times)
    }

    private func rate(_ connection: SSHConnection) throws {
        print("commands on one connection, eight at once: \(SSHBenchmark.commands([connection], threads: 8))/s")
    }

    private func rates(_ destinations: [SSHDestination]) throws {
        let connections = try destinations.map { (destination) throws(SSHError) in
            try SSHConnection.connect(to: destination)
        }
        print("commands on five connections, four at once each: \(SSHBenchmark.commands(connections, threads: 20))/s")
    }

    private final class Count: Sendable {
        let commands = Atomic(0)
        let left: Atomic<Int>
        init(threads: Int) { left = Atomic(threads) }
    }

    /// Commands of two seconds, per second.
    private static func commands(_ connections: [SSHConnection], threads: Int) -> Int {
        let count = Count(threads: threads)
        let end = clinux_monotonic_ns() + 2_000_000_000
        for index in 0..<threads {
            let connection = connections[index % connections.count]
            BenchmarkThread.start {
                while clinux_monotonic_ns() < end {
                    guard let result = try? connection.run(SSHCommand(["true"]), timeout: .seconds(30)),
                        result.succeeded
                    else { break }
                    count.commands.add(1, ordering: .relaxed)
                }
                count.left.subtract(1, ordering: .releasing)
            }
        }
        while count.left.load(ordering: .acquiring) > 0 { clinux_sleep_ns(1_000_000) }
        return count.commands.load(ordering: .relaxed) / 2
    }

    private func transfers(_ connection: SSHConnection) throws {
        try shell("head -c \(megabytes)000000 /dev/urandom >'\(folder)/source'")
        let client = try SFTPClient(connection)
        for _ in 0..<3 {
            try shell("rm -f '\(folder)/copy' '\(folder)/back'")
            var start = clinux_monotonic_ns()
            _ = try client.upload(folder + "/source", to: folder + "/copy", timeout: .seconds(600))
            print("upload: \(speed(clinux_monotonic_ns() - start)) MB/s")
            start = clinux_monotonic_ns()
            _ = try client.download(folder + "/source", to: folder + "/back", timeout: .seconds(600))
            print("download: \(speed(clinux_monotonic_ns() - start)) MB/s")
        }
        try shell("cmp '\(folder)/source' '\(folder)/copy' && cmp '\(folder)/source' '\(folder)/back'")
    }

    private func speed(_ nanoseconds: Int64) -> Int { megabytes * 1_000_000_000 / Int(nanoseconds) }
}
