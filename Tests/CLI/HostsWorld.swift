import Foundation
import Testing

/// Hosts that are reached over SSH, in namespaces of their own, made by `Tests/Support/hosts/enter`: n1, n2, … with real
/// servers, on one machine. Everything ends with it.
final class HostsWorld {
    let folder: TemporaryFolder
    let count: Int
    private let process = Process()
    private let end = Pipe()
    /// The world's first process, as this machine numbers it.
    private let inside: pid_t

    private static let enter = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Support/hosts/enter").path

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What a script in the world said.
    struct Said {
        var status: Int32
        var output: String
    }

    /// Why there cannot be a world here; nil where there can.
    static let obstacle: String? = {
        if getuid() != 0 { return "only root has several users and packet filters here" }
        let folders = ["/usr/sbin", "/sbin", "/usr/bin", "/bin"]
        for (program, package) in [
            ("sshd", "openssh-server"), ("ssh-keygen", "openssh-client"), ("ip", "iproute2"), ("nft", "nftables"),
            ("sudo", "sudo"), ("nsenter", "util-linux"), ("perl", "perl"),
        ] where !folders.contains(where: { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }) {
            return "there is no \(program); `apt-get install \(package)` gets it"
        }
        return nil
    }()

    /// Says so where there cannot be a world.
    static func isMissing() -> Bool {
        if let obstacle { print("SKIPPED: \(obstacle)") }
        return obstacle != nil
    }

    /// The binary without its symbols, which every host gets a copy of.
    private static let program: URL = {
        let folder = PolygraphProcess.binary.deletingLastPathComponent()
        let stripped = folder.appendingPathComponent("polygraph-for-hosts-\(getpid())")
        let strip = Process()
        strip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        strip.arguments = ["strip", "-o", stripped.path, PolygraphProcess.binary.path]
        try? strip.run()
        strip.waitUntilExit()
        atexit { try? FileManager.default.removeItem(at: HostsWorld.program) }
        return strip.terminationStatus == 0 ? stripped : PolygraphProcess.binary
    }()

    init(_ count: Int) async throws {
        self.count = count
        folder = try TemporaryFolder()
        let ready = folder.url.appendingPathComponent("ready")
        let log = folder.url.appendingPathComponent("world.log")
        try Data().write(to: log)
        process.executableURL = URL(fileURLWithPath: Self.enter)
        // It waits for its input to end, and takes in processes that have lost their parent meanwhile.
        let waiting = "touch '\(ready.path)'; while read -r line; do :; done"
        process.arguments = ["\(count)", folder.url.path, "bash", "-c", waiting]
        process.standardInput = end
        process.standardOutput = FileHandle.nullDevice
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        var first: pid_t?
        for _ in 0..<2_000 where first == nil {
            try await Task.sleep(for: .milliseconds(20))
            guard process.isRunning else { break }
            if FileManager.default.fileExists(atPath: ready.path) { first = Self.child(of: process.processIdentifier) }
        }
        guard let first else {
            let said = (try? folder.read("world.log")) ?? ""
            process.terminate()
            throw Failure(description: "there is no world of hosts: \(said)")
        }
        inside = first
    }

    deinit {
        try? end.fileHandleForWriting.close()
        kill(inside, SIGKILL)
        process.waitUntilExit()
    }

    private static func child(of process: pid_t) -> pid_t? {
        let path = "/proc/\(process)/task/\(process)/children"
        let text = (try? String(contentsOfFile: path, encoding: .utf8)) ?? ""
        return text.split(separator: " ").first.flatMap { pid_t($0) }
    }

    /// Words that carry a command into the world, and into its folder.
    private var entering: [String] {
        [
            "nsenter", "-t", "\(inside)", "--net", "--mount", "--pid", "sh", "-c", "cd \"$0\" && exec \"$@\"",
            folder.url.path,
        ]
    }

    // MARK: What is done in it

    /// Runs a script beside the hosts, where the controller is.
    @discardableResult
    func shell(_ script: String) throws -> Said { try Self.run(entering + ["sh", "-c", script], in: folder) }

    /// Runs a script on a host, as root.
    /// - Parameter number: 1, 2, …
    @discardableResult
    func on(_ number: Int, _ script: String) throws -> Said {
        let server = try folder.read("sshd\(number).pid").filter(\.isNumber)
        let words = ["nsenter", "-t", server, "--net", "--mount", "sh", "-c", script]
        return try Self.run(entering + words, in: folder)
    }

    private static func run(_ words: [String], in folder: TemporaryFolder) throws -> Said {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = words
        process.currentDirectoryURL = folder.url
        let output = Pipe()
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = output
        process.standardError = output
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return Said(status: process.terminationStatus, output: text)
    }

    /// Starts `polygraph` where the controller is.
    func start(_ words: [String], environment: [String: String] = [:]) throws -> PolygraphProcess {
        try PolygraphProcess(words, in: folder.url, environment: environment, prefix: entering, program: Self.program)
    }

    /// Runs `polygraph` to its end.
    func polygraph(
        _ words: [String], environment: [String: String] = [:], within seconds: Double = 120
    ) async throws -> PolygraphProcess.Result {
        try await start(words, environment: environment).finish(within: seconds)
    }

    /// Sends a signal to a `polygraph` that was started here.
    func signal(_ running: PolygraphProcess, _ number: Int32) {
        if let process = Self.child(of: running.process.processIdentifier) { kill(process, number) }
    }

    /// Looks until a condition holds.
    func eventually(_ what: String, within seconds: Double = 60, _ condition: () throws -> Bool) async throws {
        let limit = Date().addingTimeInterval(seconds)
        while Date() < limit {
            if try condition() { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        Issue.record("not within \(seconds) s: \(what)")
    }

    // MARK: What is left

    /// What Polygraph has left on the hosts, its own program apart, one line each: rules, processes, files.
    func leftovers(files: Bool = true) throws -> [String] {
        var left: [String] = []
        for number in 1...count {
            let looks = [
                "nft list tables | grep -i polygraph", "iptables-save 2>/dev/null | grep -i polygraph",
                "tc qdisc show | grep -E 'netem|prio|htb'",
                files
                    ? "find /var/tmp -type f ! -path '/var/tmp/*/bin/polygraph-*'; ls /var/tmp/polygraph/runs"
                    : ":",
            ]
            for look in looks {
                left += try on(number, "\(look) 2>/dev/null").output.split(separator: "\n").map { "n\(number): \($0)" }
            }
        }
        return left + (try programs())
    }

    func expectNothingLeft(
        _ comment: String = "", files: Bool = true, at place: SourceLocation = #_sourceLocation
    ) throws {
        let left = try leftovers(files: files)
        #expect(left.isEmpty, "\(comment) left: \(left.joined(separator: "; "))", sourceLocation: place)
    }

    /// Processes of nodes and helpers, one line each. All hosts have one list of processes.
    func programs() throws -> [String] {
        let pattern = "polygraph host|polygraph n[0-9]|polygraph disk|/var/tmp/polygraph|sample raft|etcd --name"
        return try shell("ps -eo pid,stat,args | grep -E '\(pattern)' | grep -vE 'grep -|sshd: ' | grep -v ' Z'").output
            .split(separator: "\n").map(String.init)
    }
}
