import ArgumentParser
import PolygraphCluster
import PolygraphRunner
import PolygraphWorkloads

struct RunCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "run",
        abstract: "Start a cluster, load it, disturb it, and judge what its clients saw.",
        discussion: """
            Everything is validated before anything is started. Nodes on this machine live in namespaces of their own; \
            when Polygraph ends, however it ends, they are gone. On hosts a helper undoes everything when it hears \
            nothing for as long as its lease. Ctrl-C ends the load early: what there is will be healed, checked and \
            reported; a second Ctrl-C ends at once.
            """)

    @OptionGroup var workload: WorkloadArguments

    @OptionGroup var outcome: OutcomeArguments

    @Flag(help: "Say what would be done and to whom, and do nothing.")
    var dryRun = false

    func run() throws {
        var file = try workload.load()
        if dryRun {
            let seed = file.seed ?? 0
            return Console.print(try DryRun(file, file.plan(seed: seed)).text)
        }
        try file.openAccess()
        try LocalWorld.enter(for: file)
        let stop = RunStop()
        Interrupt.handle(stop)
        let seed = file.seed ?? UInt64.random(in: 0...999_999)
        var plan = file.plan(seed: seed)
        plan.add(arguments: workload.words)
        let session = RunSession(
            plan: plan, file: file, options: outcome,
            rerun: ["polygraph", "run"] + workload.words + ["--seed", "\(seed)"], stop: stop)
        throw ExitCode(try session.run())
    }
}

/// The world in which local nodes live.
enum LocalWorld {
    /// Goes on inside of it where the file has its nodes on this machine; outside, this never returns then but by an
    /// error.
    static func enter(for file: WorkloadFile) throws {
        guard file.cluster == .local else { return }
        do throws(ClusterError) {
            if !LabWorld.isInside { try LabWorld.enter() }
        } catch {
            throw CommandFailure.failure(error.description)
        }
    }
}
