import CLinux
import Glibc
import PolygraphSSH

/// A container that is reached by `docker exec` and `docker cp`, or by `kubectl exec` and `kubectl cp`, whose access the
/// user has set up. Commands run as the container's user, who must be root.
struct ContainerRemote: Remote {
    let name: String
    /// Words before the command in the container.
    private let execution: [String]
    /// The same, where standard input is passed on.
    private let interaction: [String]
    private let copying: [String]
    /// Before a path in the container, for copies.
    private let place: String
    private let endOfCopying: [String]

    init(docker container: String) {
        name = container
        execution = ["docker", "exec", container]
        interaction = ["docker", "exec", "-i", container]
        copying = ["docker", "cp"]
        place = container + ":"
        endOfCopying = []
    }

    init(pod: String, namespace: String?, container: String?) {
        name = pod
        let space = namespace.map { ["--namespace", $0] } ?? []
        let choice = container.map { ["--container", $0] } ?? []
        execution = ["kubectl"] + space + ["exec", pod] + choice + ["--"]
        interaction = ["kubectl"] + space + ["exec", "-i", pod] + choice + ["--"]
        copying = ["kubectl"] + space + ["cp"]
        place = pod + ":"
        endOfCopying = choice
    }

    var uploadsAsRoot: Bool { true }

    func lineEnds() -> RemoteLine? { nil }

    func run(_ script: String, step: String, asRoot: Bool, timeout: Int64) throws(RemoteError) -> CommandOutcome {
        try carryOut(execution + ["/bin/sh", "-c", script], step, timeout)
    }

    func open(_ script: String) throws(RemoteError) -> any RemoteStream {
        ContainerStream(name: name, program: try start(interaction + ["/bin/sh", "-c", script]))
    }

    func upload(_ local: String, to remote: String, permissions: UInt32, timeout: Int64) throws(RemoteError) {
        let limit = lab_monotonic_time() + timeout
        let partial = remote + ".part"
        try succeed(copying + [local, place + partial] + endOfCopying, timeout)
        let mode = String(permissions, radix: 8)
        let script =
            "chmod \(mode) \(ShellQuoting.quote(partial)) && mv \(ShellQuoting.quote(partial)) \(ShellQuoting.quote(remote))"
        try succeed(execution + ["/bin/sh", "-c", script], max(0, limit - lab_monotonic_time()))
    }

    func download(_ remote: String, to local: String, timeout: Int64) throws(RemoteError) {
        try succeed(copying + [place + remote, local] + endOfCopying, timeout)
    }

    func close() {}

    private func start(_ words: [String]) throws(RemoteError) -> LocalProgram {
        do throws(LocalProgramFailure) {
            return try LocalProgram(words)
        } catch {
            let remedy = error.code == ENOENT ? " Install it, or see that it is on the PATH." : ""
            throw RemoteError(message: "host \(name): run \(words[0]): \(errorText(error.code)).\(remedy)")
        }
    }

    private func succeed(_ words: [String], _ timeout: Int64) throws(RemoteError) {
        let outcome = try carryOut(words, words.joined(separator: " "), timeout)
        guard outcome.status == 0 else {
            throw RemoteError(message: "host \(name): \(words.joined(separator: " ")): it \(outcome.words).")
        }
    }

    private func carryOut(_ words: [String], _ step: String, _ timeout: Int64) throws(RemoteError) -> CommandOutcome {
        let program = try start(words)
        program.endInput()
        let limit = lab_monotonic_time() + timeout
        var output: [UInt8] = []
        while true {
            switch program.receive(until: limit) {
            case .bytes(let bytes): if output.count < 1 << 20 { output.append(contentsOf: bytes) }
            case .timeout:
                program.kill()
                throw RemoteError(
                    message: "host \(name): \(step): not done within "
                        + "\(timeout / 1_000_000) ms.", isLineBroken: true, isTimeout: true)
            case .end:
                let complaints = program.complaints
                let status = program.reap()
                return CommandOutcome(
                    status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f),
                    output: String(decoding: output, as: UTF8.self) + complaints)
            }
        }
    }
}

private struct ContainerStream: RemoteStream {
    let name: String
    let program: LocalProgram

    func send(_ bytes: [UInt8]) { program.send(bytes) }

    func receive(timeout: Int64) throws(RemoteError) -> [UInt8] {
        switch program.receive(until: lab_monotonic_time() + timeout) {
        case .bytes(let bytes): return bytes
        case .timeout:
            throw RemoteError(
                message: "host \(name): no answer within \(timeout / 1_000_000) ms.", isLineBroken: true,
                isTimeout: true)
        case .end:
            let complaints = program.complaints
            let status = program.reap()
            if status == 0 { return [] }
            throw RemoteError(
                message: "host \(name): the helper's line ended with status \(status >> 8): \(complaints)",
                isLineBroken: true)
        }
    }

    func close() { program.kill() }
}
