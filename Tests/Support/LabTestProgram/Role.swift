import CLinux
import Glibc

/// What a node's program does. Findings go into files in its working directory, the node's data directory.
enum Role {
    static let gossipPort: UInt16 = 7000
    static let serverPort: UInt16 = 7001

    static func play(_ name: String, _ words: [String]) -> Never {
        switch name {
        case "gossip": Gossip(ownNumber: Int(words[0])!, others: words.dropFirst().compactMap { Int($0) }).run()
        case "count": count()
        case "flood": flood(words[0])
        case "server": serve()
        case "receiver": Receiver.run()
        case "echo": Stream.echo()
        case "resolver": Resolver.run(words)
        case "tree": tree(words[0])
        case "daemon": daemon(words[0])
        case "sleep": while true { pause() }
        case "tick": tick()
        case "describe": describe()
        case "clock": ClockRole.printOnce()
        case "clock-loop": ClockRole.printForEver()
        case "clock-storm": ClockStorm(offsets: words.compactMap { Int64($0) }).run()
        case "disk-steps":
            DiskRole.steps(seed: UInt64(words[0])!, count: Int(words[1])!, acrossFolders: words[2] == "journal")
        case "disk-records": DiskRole.records(threads: Int(words[0])!)
        case "disk-probe": DiskRole.probe(words)
        case "fail":
            var text = "the first line\nno such option: --wrong\n"
            text.withUTF8 { _ = write(2, $0.baseAddress, $0.count) }
            exit(Int32(words[0])!)
        case "abort":
            signal(SIGKILL, SIG_DFL)
            kill(getpid(), SIGKILL)
            exit(0)
        default:
            ProcessRole.play(name, words)
            exit(254)
        }
    }

    /// Starts this program in another role.
    static func spawn(_ words: [String], session: Bool = false) -> Int32 {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // POSIX_SPAWN_SETSID, which Glibc shows only to GNU programs.
        posix_spawnattr_setflags(&attributes, session ? 0x80 : 0)
        var arguments = (["LabTestProgram", "role"] + words).map { strdup($0) } + [nil]
        var process: pid_t = 0
        let code = posix_spawn(&process, "/proc/self/exe", nil, &attributes, &arguments, environ)
        precondition(code == 0, "spawn: \(code)")
        return process
    }

    /// A child, and a daemon that has left the session and whose parent is gone.
    private static func tree(_ mark: String) -> Never {
        _ = spawn(["sleep", mark])
        let intermediate = spawn(["daemon", mark], session: true)
        var status: Int32 = 0
        waitpid(intermediate, &status, 0)
        Files.replace("ready", "yes")
        while true { pause() }
    }

    private static func daemon(_ mark: String) -> Never {
        _ = spawn(["sleep", mark], session: true)
        exit(0)
    }

    /// Counts datagrams.
    private static func count() -> Never {
        let descriptor = Sockets.datagrams(port: gossipPort, blocking: false)
        var total = 0
        while true {
            while Sockets.receiveSender(descriptor) != nil { total += 1 }
            Files.replace("received", "\(total)")
            usleep(2000)
        }
    }

    /// Sends datagrams as fast as it can.
    private static func flood(_ target: String) -> Never {
        let descriptor = Sockets.datagrams(port: gossipPort, blocking: true)
        let target = Sockets.address(target, gossipPort)
        Files.replace("ready", "yes")
        while true { Sockets.send(descriptor, to: target) }
    }

    /// Accepts TCP connections.
    private static func serve() -> Never {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        precondition(Sockets.with(Sockets.address("0.0.0.0", serverPort)) { bind(listener, $0, $1) } == 0)
        listen(listener, 64)
        Files.replace("ready", "yes")
        while true {
            let connection = accept(listener, nil, nil)
            if connection >= 0 { close(connection) }
        }
    }

    /// Counts, with a child that counts too.
    private static func tick() -> Never {
        if getenv("TICK_CHILD") == nil {
            setenv("TICK_CHILD", "1", 1)
            _ = spawn(["tick"])
            unsetenv("TICK_CHILD")
            runTicks("ticks-parent")
        }
        runTicks("ticks-child")
    }

    private static func runTicks(_ file: String) -> Never {
        var total = 0
        while true {
            total += 1
            Files.replace(file, "\(total)")
            usleep(1000)
        }
    }

    /// What a program finds around itself.
    private static func describe() -> Never {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, 255)
        var mask = sigset_t()
        sigprocmask(SIG_BLOCK, nil, &mask)
        let blocked = (1...64).filter { sigismember(&mask, Int32($0)) == 1 }
        var action = sigaction()
        sigaction(SIGPIPE, nil, &action)
        let isDefault = action.__sigaction_handler.sa_handler == nil
        let descriptors = Files.names(in: "/proc/self/fd").filter { Int32($0)! > 2 }
        let lines = [
            "host \(String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self))",
            "pid \(getpid())", "parent \(getppid())",
            "leader \(getsid(0) == getpid())", "blocked \(blocked.count)", "pipe-signal-default \(isDefault)",
            // One of them reads the folder.
            "descriptors \(descriptors.count - 1)", "tmp \(Files.names(in: "/tmp").joined(separator: ","))",
            "shm \(Files.names(in: "/dev/shm").count)",
            "processes \(Files.names(in: "/proc").filter { Int32($0) != nil }.joined(separator: ","))",
            "interfaces \(Files.names(in: "/sys/class/net").count)",
            "variable \(getenv("POLYGRAPH_WORLD") == nil ? "none" : "there")",
            "given \(getenv("GIVEN").map { String(cString: $0) } ?? "")",
            "hosts \(Files.read("/etc/hosts").split(separator: "\n").contains("10.77.0.2 n2"))",
            "hostname \(Files.read("/etc/hostname").filter { $0 != "\n" })",
        ]
        Files.write("/tmp/own", "x")
        Files.write("/dev/shm/own", "x")
        Files.replace("description", lines.joined(separator: "\n"))
        while true { pause() }
    }
}
