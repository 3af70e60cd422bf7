import Foundation

/// A cluster of `polygraph sample raft` that nobody but the test runs: nodes on one address, told apart by their ports.
final class RaftByHand {
    let folder: URL
    let count: Int
    private let firstPort: Int
    /// Program and arguments of each node; a shell's words.
    private(set) var commands: [String] = []

    init(count: Int = 3, in folder: URL) throws {
        self.folder = folder
        self.count = count
        firstPort = Int.random(in: 1_100..<3_000) * 10
        let peers = (0..<count).map { "127.0.0.1:\(firstPort + 2 * $0):\(firstPort + 2 * $0 + 1)" }
        for number in 1...count {
            commands.append(
                "\(PolygraphProcess.binary.path) sample raft --id \(number) --data \(folder.path)/data\(number) "
                    + "--peers \(peers.joined(separator: ","))")
            let script = "\(folder.path)/start\(number)"
            try Data(
                """
                setsid \(commands[number - 1]) >>\(folder.path)/log\(number) 2>&1 </dev/null &
                echo $! >\(folder.path)/pid\(number)

                """.utf8
            ).write(to: URL(fileURLWithPath: script))
            try start(number)
        }
    }

    /// Ends it; to be called, because an object may be gone after its last use.
    func stop() { for number in 1...count { if let pid = pid(number) { kill(pid, SIGKILL) } } }

    /// As a workload file names them.
    var endpoints: String {
        "[" + (0..<count).map { "\"127.0.0.1:\(firstPort + 2 * $0 + 1)\"" }.joined(separator: ", ") + "]"
    }

    private func start(_ number: Int) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["\(folder.path)/start\(number)"]
        try process.run()
        // The end of the shell is not waited for: to Foundation it lasts as long as what it has left running.
        for _ in 0..<3_000 where !isRunning(number) { usleep(10_000) }
    }

    func pid(_ number: Int) -> pid_t? {
        let text = try? String(contentsOfFile: "\(folder.path)/pid\(number)", encoding: .utf8)
        return text.flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }

    func isRunning(_ number: Int) -> Bool { pid(number).map { kill($0, 0) == 0 } ?? false }

    /// A workload file for it.
    func workload(_ more: String, time: String = "12s", rate: String = "200/s") -> String {
        """
        name: by-hand
        endpoints: \(endpoints)
        system:
          ready: {http: "http://{{node.address}}:{{node.port}}/health", within: 60s}
          primary: {http: "http://{{node.address}}:{{node.port}}/role", value: "$.role", equals: leader}
        client:
          http:
            definite: "$.definite"
            read: {get: "http://{{node.address}}:{{node.port}}/kv/{{key}}", value: "$.value", absent: 404}
            write: {put: "http://{{node.address}}:{{node.port}}/kv/{{key}}", json: {value: "{{value}}"}}
            cas: {post: "http://{{node.address}}:{{node.port}}/kv/{{key}}/cas", json: {from: "{{from}}", to: "{{to}}"}, fail: 409}
        workload: {register: {keys: 5, cas: true}}
        clients: {count: 9, rate: \(rate), timeout: 1s}
        time: \(time)
        quiet: 1s
        check: linearizable
        \(more)

        """
    }
}
