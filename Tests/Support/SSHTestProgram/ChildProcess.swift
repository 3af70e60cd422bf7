import Glibc

/// A process of this one. Foundation's takes a server that closes its descriptors for one that has ended.
struct ChildProcess {
    let number: pid_t

    /// - Parameter output: becomes its standard output and error.
    init(_ words: [String], output: Int32) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, output, 1)
        posix_spawn_file_actions_adddup2(&actions, output, 2)
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        let home = getenv("HOME").map { String(cString: $0) } ?? "/"
        let environment: [UnsafeMutablePointer<CChar>?] = [
            strdup("PATH=/usr/sbin:/usr/bin:/sbin:/bin"), strdup("HOME=" + home), nil,
        ]
        defer { for variable in environment { free(variable) } }
        var number: pid_t = 0
        guard posix_spawn(&number, words[0], &actions, nil, arguments, environment) == 0 else {
            throw World.Failure(description: "\(words[0]) cannot be run")
        }
        self.number = number
    }

    /// Waits for its end.
    /// - Returns: its exit status; -1 when a signal ended it.
    @discardableResult
    func wait() -> Int32 {
        var status: Int32 = 0
        while waitpid(number, &status, 0) < 0, errno == EINTR {}
        return status & 0x7f == 0 ? status >> 8 & 0xff : -1
    }

    /// Whether it has not ended.
    var isRunning: Bool { World.isRunning(Int(number)) }

    /// Runs a script to its end.
    static func run(script: String) throws -> (status: Int32, output: String) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw World.Failure(description: "no pipe") }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        let child = try ChildProcess(["/bin/sh", "-e", "-c", script], output: ends[1])
        close(ends[1])
        defer { close(ends[0]) }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = read(ends[0], &buffer, buffer.count)
            if count <= 0 { break }
            text += buffer[..<count]
        }
        return (child.wait(), String(decoding: text, as: UTF8.self))
    }
}
