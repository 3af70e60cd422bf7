/// Requests and answers of one SFTP session; used by one thread at a time.
final class SFTPChannel {
    struct Answer {
        let kind: SFTPMessage.Kind
        let number: UInt32
        /// What follows the number.
        let body: ArraySlice<UInt8>
    }

    let host: String
    private let pipe: ChannelPipe
    private let signal: Signal
    private var received: [UInt8] = []
    private var position = 0
    private var ending: ChannelEnding?
    private var nextNumber: UInt32 = 0
    private(set) var extensions: Set<String> = []
    private var hasStarted = false

    private static let longestMessage = 1 << 20

    init(_ connection: SSHConnection, by deadline: Deadline) throws(SSHError) {
        host = connection.destination.name
        (pipe, signal) = try connection.openSubsystem("sftp")
        var hello: [UInt8] = []
        hello.append(uint32: 5)
        hello.append(SFTPMessage.Kind.initialize.rawValue)
        hello.append(uint32: 3)
        pipe.append(hello)
        let answer = try receive(by: deadline, "start sftp")
        guard answer.kind == .version else { throw nonsense("start sftp") }
        var reader = WireReader(answer.body)
        while let name = reader.text(), reader.string() != nil { extensions.insert(name) }
        hasStarted = true
    }

    deinit { pipe.abandon() }

    /// A request's beginning: its length is filled in by `end`.
    func begin(_ kind: SFTPMessage.Kind, _ message: inout [UInt8]) -> (number: UInt32, start: Int) {
        nextNumber &+= 1
        let start = message.count
        message.append(uint32: 0)
        message.append(kind.rawValue)
        message.append(uint32: nextNumber)
        return (nextNumber, start)
    }

    func end(_ message: inout [UInt8], _ start: Int) {
        let count = UInt32(message.count - start - 4)
        for index in 0..<4 { message[start + index] = UInt8(truncatingIfNeeded: count >> UInt32(24 - 8 * index)) }
    }

    func send(_ messages: [UInt8]) { pipe.append(messages) }

    /// One request and its answer; no other may be under way.
    func call(
        _ kind: SFTPMessage.Kind, by deadline: Deadline, _ step: String, _ fill: (inout [UInt8]) -> Void
    ) throws(SSHError) -> Answer {
        var message: [UInt8] = []
        let (number, start) = begin(kind, &message)
        fill(&message)
        end(&message, start)
        send(message)
        while true {
            let answer = try receive(by: deadline, step)
            // An older one belongs to a transfer that was given up.
            if answer.number == number { return answer }
        }
    }

    /// The next answer.
    func receive(by deadline: Deadline, _ step: String) throws(SSHError) -> Answer {
        while true {
            if let answer = try parse(step) { return answer }
            if let ending {
                if case .failed(let error) = ending { throw error.during(step) }
                if hasStarted {
                    throw SSHError(
                        .connectionLost, host: host, step: step, "the host's sftp came to an end",
                        remedy: "Try again.", isOutcomeUnknown: true)
                }
                throw SSHError(
                    .refused, host: host, step: step, "the server ended sftp",
                    remedy: "See that its sshd_config has \"Subsystem sftp internal-sftp\".")
            }
            let news = pipe.take()
            if position == received.count {
                received = news.output
                position = 0
            } else {
                received.removeFirst(position)
                position = 0
                received.append(contentsOf: news.output)
            }
            ending = news.ending
            guard news.output.isEmpty, news.ending == nil else { continue }
            guard signal.wait(until: deadline) else {
                throw SSHError(
                    .deadline, host: host, step: step, "not done within the time given",
                    remedy: "See whether the host still answers, or give it more time.", isOutcomeUnknown: true)
            }
        }
    }

    private func parse(_ step: String) throws(SSHError) -> Answer? {
        var reader = WireReader(received[position...])
        guard let count = reader.uint32() else { return nil }
        guard count >= 5, count <= SFTPChannel.longestMessage else { throw nonsense(step) }
        guard received.count - position >= Int(count) + 4 else { return nil }
        let whole = received[position..<position + 4 + Int(count)]
        position += 4 + Int(count)
        guard let kind = SFTPMessage.Kind(rawValue: whole[whole.startIndex + 4]) else { throw nonsense(step) }
        var body = WireReader(whole[(whole.startIndex + 5)...])
        guard let number = body.uint32() else { throw nonsense(step) }
        return Answer(kind: kind, number: number, body: body.rest)
    }

    func nonsense(_ step: String) -> SSHError {
        SSHError(
            .refused, host: host, step: step, "the server's answer is not of the file transfer protocol",
            remedy: "See that the login scripts of the user write nothing to standard output.", isOutcomeUnknown: true)
    }

    /// The status of an answer that is one.
    static func status(_ answer: Answer) -> (code: UInt32, words: String)? {
        guard answer.kind == .status else { return nil }
        var reader = WireReader(answer.body)
        guard let code = reader.uint32() else { return nil }
        return (code, reader.text() ?? "")
    }
}
