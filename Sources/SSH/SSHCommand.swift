/// A command for a host.
public struct SSHCommand: Sendable {
    /// Who runs it, where it is not the user who logged in.
    public struct Sudo: Hashable, Sendable {
        public var user: String
        /// What `sudo` is told when it asks; nil where it must not ask.
        public var password: SSHSecret?

        public init(user: String = "root", password: SSHSecret? = nil) {
            self.user = user
            self.password = password
        }
    }

    /// A script for `/bin/sh`. It is among the arguments of a process, which all users of the host can read: what is
    /// secret belongs into `input`.
    public var script: String
    /// For messages.
    public var name: String
    public var directory: String?
    /// In the order given. As visible as the script.
    public var environment: [(name: String, value: String)] = []
    /// What it reads from its standard input.
    public var input: [UInt8] = []
    public var sudo: Sudo?
    /// How many bytes of its standard output, and as many of its standard error, are kept.
    public var outputLimit = 1 << 20

    public init(script: String, name: String? = nil) {
        self.script = script
        self.name = name ?? SSHCommand.shortened(script)
    }

    /// One program with its arguments, which no shell changes.
    public init(_ words: [String]) {
        self.init(script: "exec " + ShellQuoting.join(words), name: SSHCommand.shortened(ShellQuoting.join(words)))
    }

    private static func shortened(_ text: String) -> String {
        let line = text.split(whereSeparator: \.isNewline).first.map(String.init) ?? ""
        return line.count == text.count && line.count <= 80 ? line : line.prefix(77) + "..."
    }
}

/// What a command wrote to one of its two outputs.
public struct SSHOutput: Sendable, CustomStringConvertible {
    /// The beginning and, when more was written than is kept, the end; a line between them says how much is missing.
    public let bytes: [UInt8]
    /// How many bytes are missing.
    public let cutCount: Int

    public var text: String { String(decoding: bytes, as: UTF8.self) }

    public var description: String { text }
}

/// How a command ended.
public enum SSHExit: Hashable, Sendable, CustomStringConvertible {
    case status(Int32)
    /// The signal's name without "SIG": "KILL".
    case signal(String)

    public var description: String {
        switch self {
        case .status(let number): "status \(number)"
        case .signal(let name): "signal \(name)"
        }
    }
}

/// A command's end and what it wrote.
public struct SSHResult: Sendable {
    public let exit: SSHExit
    public let output: SSHOutput
    public let errors: SSHOutput

    public var succeeded: Bool { exit == .status(0) }
}

/// Keeps the first and the last bytes of an output.
struct OutputCollector {
    private let half: Int
    private var head: [UInt8] = []
    private var tail: [UInt8] = []
    private var count = 0

    init(limit: Int) { half = max(1, limit / 2) }

    mutating func add(_ bytes: [UInt8]) {
        count += bytes.count
        let room = half - head.count
        head.append(contentsOf: bytes.prefix(room))
        guard bytes.count > room else { return }
        tail.append(contentsOf: bytes.dropFirst(room))
        // Seldom, so that every byte is moved a few times at most.
        if tail.count > 2 * half { tail.removeFirst(tail.count - half) }
    }

    var output: SSHOutput {
        let cut = max(0, count - 2 * half)
        if cut == 0 { return SSHOutput(bytes: head + tail, cutCount: 0) }
        let mark = "\n[… \(cut) bytes are cut here …]\n"
        return SSHOutput(bytes: head + mark.utf8 + tail.suffix(half), cutCount: cut)
    }
}
