import CLinux
import Glibc

extension NodeAgent {
    mutating func carryOut(_ request: ProcessRequest) throws(ClusterError) -> NodeAnswer {
        switch request {
        case .signal(let number, let ends):
            run?.refresh()
            guard let run, !run.isOver else { return .count(0) }
            if ends { self.run!.isEndRequested = true }
            guard Glibc.kill(run.program, number) == 0 else {
                // The main process has ended; others of the node have not.
                if errno == ESRCH { return .count(0) }
                throw ClusterError("signal", errorText(errno))
            }
            return .count(1)
        case .start(let launch, let folder, let delay):
            return .process(.interrupted(try start(launch, folder, killedAfter: delay)))
        case .execute(let launch, let folder, let timeout):
            return .process(.executed(try execute(launch, beside: folder, timeout: timeout)))
        case .endCause:
            run?.refresh()
            return .process(.endCause(endCause))
        case .limits(let wanted, let groups):
            let run = runningNode
            limits.use(groups, run)
            return .process(.limits(try limits.set(wanted, run)))
        case .use:
            return .process(.use(limits.use(of: runningNode)))
        case .clockWarnings(let name):
            let processes = runningNode?.processes().map(\.pid) ?? []
            return .process(.words(processes.isEmpty ? [] : ClockReach.warnings(node: name, processes: processes)))
        case .readClock:
            guard let run = runningNode else { return .clock(try clock.read(program: nil, [])) }
            return .clock(try clock.read(program: run.program, run.processes()))
        }
    }

    private mutating func execute(
        _ launch: Launch, beside folder: String, timeout: Int64
    ) throws(ClusterError) -> CommandOutcome {
        guard let name = launch.command.first else {
            throw ClusterError("run a program beside", "the command is empty")
        }
        let program = try locate(name, for: launch)
        var buffer = [UInt8](repeating: 0, count: 4096)
        var length = 0
        var status: Int32 = 0
        let limit = min(timeout, 20_000_000_000)
        let code = withArguments(launch.command) { arguments in
            withArguments(launch.environment.map { $0.key + "=" + $0.value }) { environment in
                lab_run_command(
                    program, arguments, environment, folder, limit, &buffer, buffer.count, &length, &status)
            }
        }
        let output = String(decoding: buffer[..<length].filter { $0 != 0 }, as: UTF8.self)
        if code == ETIMEDOUT { return CommandOutcome(status: nil, output: output) }
        guard code == 0 else { throw ClusterError("run a program beside", "\(program): \(errorText(code))") }
        return CommandOutcome(
            status: status & 0x7f == 0 ? status >> 8 & 0xff : 128 + (status & 0x7f), output: output)
    }

    private var runningNode: NodeRun? { run.flatMap { $0.isOver ? nil : $0 } }

    private var endCause: EndCause? {
        guard let run, run.isOver else { return nil }
        return EndCause(
            EndCause.Evidence(
                isRequested: run.isEndRequested, signal: run.outcome?.signal, hasMetCrashPoint: disk.hasMetCrashPoint,
                hadMemoryLimit: limits.hadMemoryLimit, memoryKills: limits.memoryKillsOfRun,
                memoryKillsOfMachine: EndCause.memoryKillsOfMachine - machineKillsAtStart))
    }

    private mutating func start(
        _ launch: Launch, _ folder: String, killedAfter delay: Int64
    ) throws(ClusterError) -> InterruptedStart {
        guard 0...10_000_000_000 ~= delay else {
            throw ClusterError("start", "a kill \(delay) ns after the start; from 0 to 10 s")
        }
        try execute(launch, dataFolder: folder)
        let began = lab_monotonic_time()
        run!.waitForEnd(until: began + delay)
        let processes = run!.processes().count
        let elapsed = lab_monotonic_time() - began
        run!.end()
        return InterruptedStart(elapsed: elapsed, processes: processes)
    }
}
