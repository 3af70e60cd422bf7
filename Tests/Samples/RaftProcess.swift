import Glibc

@testable import PolygraphSamples

/// A cluster of real `polygraph sample raft` processes on loopback addresses of its own.
final class RaftProcesses {
    private let directory: TemporaryDirectory
    /// Of every node: where it listens, and how the others find it.
    private let addresses: [(host: String, clientPort: UInt16)]
    private let peers: [String]
    private let extraArguments: [String]
    private var processes: [Int: pid_t] = [:]

    /// - Parameter byName: the nodes know one another by a name, with ports of their own, rather than by addresses.
    init(count: Int, arguments: [String] = [], byName: Bool = false) throws {
        directory = try TemporaryDirectory()
        // Every cluster has a network of its own in 127.0.0.0/8, so that test runs do not meet.
        let network = UInt32.random(in: 0..<(200 * 250))
        if byName {
            let ports = UInt16.random(in: 1_100..<3_000) * 10
            addresses = (1...count).map { ("127.0.0.1", ports + UInt16(2 * $0)) }
            peers = addresses.map { "localhost:\($0.clientPort - 1):\($0.clientPort)" }
        } else {
            addresses = (1...count).map { ("127.\(network / 250 + 20).\(network % 250 + 1).\($0)", 7000) }
            peers = addresses.map(\.host)
        }
        extraArguments = arguments
        for id in 1...count { try start(id) }
    }

    deinit { for id in Array(processes.keys) { kill(id) } }

    var running: [Int] { processes.keys.sorted() }

    func dataDirectory(of id: Int) -> String { directory.path + "/n\(id)" }

    func start(_ id: Int) throws {
        var program = [CChar](repeating: 0, count: 4096)
        let size = readlink("/proc/self/exe", &program, program.count - 1)
        let testBinary = String(decoding: program[..<max(0, size)].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let executable = testBinary.split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/polygraph"
        let fallback =
            CommandLine.arguments[0].split(separator: "/").dropLast().map { "/" + $0 }.joined() + "/polygraph"
        let path = access(executable, X_OK) == 0 ? executable : fallback
        let arguments =
            [
                path, "sample", "raft", "--id", "\(id)", "--data", dataDirectory(of: id), "--peers",
                peers.joined(separator: ","),
            ] + extraArguments
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(
            &actions, STDERR_FILENO, directory.path + "/n\(id).err", O_WRONLY | O_CREAT | O_APPEND, 0o644)
        var pointers: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { for pointer in pointers { free(pointer) } }
        var pid = pid_t()
        let error = posix_spawn(&pid, path, &actions, nil, &pointers, environ)
        guard error == 0 else { throw BrokenPromise("cannot start \(path): \(String(cString: strerror(error)))") }
        processes[id] = pid
    }

    func kill(_ id: Int) {
        guard let pid = processes.removeValue(forKey: id) else { return }
        Glibc.kill(pid, SIGKILL)
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
    }

    func signal(_ id: Int, _ signal: Int32) { if let pid = processes[id] { Glibc.kill(pid, signal) } }

    /// One request on a connection of its own; nil where there is no answer in time.
    func request(
        _ method: String, _ path: String, _ body: String = "", at id: Int, timeout: Int = 4
    ) -> (status: Int, body: String)? {
        guard let address = try? Sockets.resolve(addresses[id - 1].host, port: addresses[id - 1].clientPort)
        else { return nil }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var limit = timeval(tv_sec: timeout, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        let connected = withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard connected == 0 else { return nil }
        let text =
            "\(method) \(path) HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        guard send(descriptor, text, text.utf8.count, Int32(MSG_NOSIGNAL)) == text.utf8.count else { return nil }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while case let count = recv(descriptor, &chunk, chunk.count, 0), count > 0 { received += chunk[..<count] }
        let answer = String(decoding: received, as: UTF8.self)
        guard let space = answer.firstIndex(of: " "), let status = Int(answer[space...].dropFirst().prefix(3)),
            let body = answer.components(separatedBy: "\r\n\r\n").dropFirst().first
        else { return nil }
        return (status, String(body))
    }

    /// Repeats until the condition holds; false after a long time, which only ever means that it never will.
    func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<1200 {
            if condition() { return true }
            usleep(25_000)
        }
        return false
    }

    /// The running node that says it leads, once there is one that all others follow.
    func leader() -> Int? {
        var found: Int?
        _ = eventually {
            let roles = running.compactMap { id in request("GET", "/role", at: id, timeout: 1).map { (id, $0.body) } }
            let leaders = roles.filter { $0.1.contains(#""role":"leader""#) }.map(\.0)
            guard let leader = leaders.first, leaders.count == 1,
                roles.filter({ $0.1.contains(#""leader":\#(leader)}"#) }).count > addresses.count / 2
            else { return false }
            found = leader
            return true
        }
        return found
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [Substring] {
        guard let range = firstRange(of: separator) else { return [self[...]] }
        return [self[..<range.lowerBound], self[range.upperBound...]]
    }
}
