/// What a command's outputs say before the command itself runs: the number of its process group, and the questions of
/// `sudo`.
struct CommandPreamble: Sendable {
    let sudo: SSHCommand.Sudo?
    private let password: [UInt8]
    /// Nil until the command runs.
    private(set) var group: Int?
    private var output: [UInt8] = []
    private var errors: [UInt8] = []
    /// How often `sudo` asked.
    private(set) var questionCount = 0

    /// Login scripts may write before the command does; more than this is taken as the command's own.
    private static let limit = 1 << 16

    init(sudo: SSHCommand.Sudo?, password: [UInt8]) {
        self.sudo = sudo
        self.password = password
    }

    var hasStarted: Bool { group != nil }

    /// Takes standard output.
    /// - Returns: what belongs to the command.
    mutating func take(output bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        if hasStarted { return bytes }
        output.append(contentsOf: bytes)
        let mark = Array(CommandScript.mark.utf8)
        guard let start = CommandPreamble.find(mark, in: output),
            let end = output[(start + mark.count)...].firstIndex(of: 10)
        else {
            if output.count > CommandPreamble.limit { output.removeFirst(output.count - CommandPreamble.limit) }
            return []
        }
        group = Int(String(decoding: output[(start + mark.count)..<end], as: UTF8.self)) ?? 0
        let rest = output[(end + 1)...]
        output = []
        return rest
    }

    /// Takes standard error.
    /// - Returns: what `sudo` is to be told, if it asks.
    mutating func take(errors bytes: ArraySlice<UInt8>) -> [UInt8]? {
        errors.append(contentsOf: bytes)
        let prompt = Array(CommandScript.prompt.utf8)
        guard sudo?.password != nil, !hasStarted, let start = CommandPreamble.find(prompt, in: errors) else {
            return nil
        }
        // What comes before the question is sudo's lecture.
        errors.removeFirst(start + prompt.count)
        questionCount += 1
        return questionCount == 1 ? password + [10] : nil
    }

    /// What has been kept back of standard error, once the command has started or ended.
    mutating func takeErrors() -> [UInt8] {
        defer { errors = [] }
        return errors
    }

    /// What has been kept back of standard output, when the channel ended before the command started.
    mutating func takeOutput() -> [UInt8] {
        defer { output = [] }
        return output
    }

    /// Whether `sudo` asks again, because the password was wrong.
    var wasRefused: Bool { questionCount > 1 }

    /// What the command that kills is given as input.
    var killingInput: [UInt8] { sudo?.password == nil ? [] : password + [10] }

    private static func find(_ pattern: [UInt8], in bytes: [UInt8]) -> Int? {
        guard bytes.count >= pattern.count else { return nil }
        return (0...(bytes.count - pattern.count)).first { bytes[$0...].starts(with: pattern) }
    }
}
