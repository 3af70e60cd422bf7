import ArgumentParser

struct PolygraphCommand: ParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "polygraph",
        abstract: "A lie detector for distributed systems.",
        discussion: """
            It starts a cluster, lets many clients use it at once, cuts its network, stops its processes and bends \
            its clocks meanwhile, writes down what the clients saw, and decides whether any correct system could \
            have shown them that.

            First steps:
              polygraph doctor                 can this machine do it?
              polygraph run raft-register      five Raft nodes under faults, and a verdict
              polygraph run raft-stale-reads   the same with a bug; the report explains it
              polygraph list workloads         what else is built in
              polygraph plan FILE              what a workload file would do

            Exit codes: 0 valid, 1 invalid, 2 unknown, 254 wrong use or workload file, 255 Polygraph's own failure \
            or the world's, 130 interrupted before there was a verdict.
            """,
        version: version,
        subcommands: [
            RunCommand.self, ReplayCommand.self, ShrinkCommand.self, CheckCommand.self, PlanCommand.self,
            DoctorCommand.self, HealCommand.self, ListCommand.self,
            SampleCommand.self, HostCommand.self, ExportCommand.self,
            VerifyCommand.self, GenerateHistoryCommand.self,
        ])
}
