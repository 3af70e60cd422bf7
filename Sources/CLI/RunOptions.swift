import ArgumentParser
import PolygraphWorkloads

/// What `run` and `plan` have in common: the workload file, and what the command line changes in it.
struct WorkloadArguments: ParsableArguments {
    @Argument(help: "A workload file, or the name of a built-in one (`polygraph list workloads`).")
    var file: String

    @Option(
        parsing: .unconditional,
        help: "Seed of all random choices; the same seed gives the same operations and faults.",
        transform: OptionNumber.seed)
    var seed: UInt64?

    @Option(parsing: .unconditional, help: "How long to load and to disturb the cluster, as 60s or 1m30s.")
    var time: String?

    @Option(parsing: .unconditional, help: "Operations in all per second, as 500/s, or `unlimited`.")
    var rate: String?

    @Option(parsing: .unconditional, help: "Number of nodes.", transform: OptionNumber.whole(1...64))
    var nodes: Int?

    @Option(
        parsing: .unconditional,
        help: ArgumentHelp(
            "Hosts to have the nodes on, instead of wherever the file has them.", valueName: "host,host,…"))
    var hosts: String?

    @Option(parsing: .unconditional, help: "Number of clients.", transform: OptionNumber.whole(1...1_000))
    var clients: Int?

    @Flag(help: "Leave the cluster alone.")
    var noFaults = false

    @Option(
        name: .customLong("set"), parsing: .singleValue,
        help: ArgumentHelp("Replace one value of the workload file, as clients.timeout=2s.", valueName: "key=value"))
    var replacements: [String] = []

    func load() throws -> WorkloadFile {
        do throws(WorkloadFileErrors) {
            return try WorkloadCatalog.load(file, overrides: overrides)
        } catch {
            throw CommandFailure.wrongUse(error.description)
        }
    }

    var overrides: WorkloadOverrides {
        WorkloadOverrides(
            seed: seed, time: time, rate: rate, nodes: nodes,
            hosts: hosts?.split(separator: ",", omittingEmptySubsequences: false).map(String.init), clients: clients,
            noFaults: noFaults, replacements: replacements)
    }

    /// The words that give the same plan again, but for the seed.
    var words: [String] {
        var words = [file]
        if let time { words += ["--time", time] }
        if let rate { words += ["--rate", rate] }
        if let nodes { words += ["--nodes", "\(nodes)"] }
        if let hosts { words += ["--hosts", hosts] }
        if let clients { words += ["--clients", "\(clients)"] }
        if noFaults { words.append("--no-faults") }
        for replacement in replacements { words += ["--set", replacement] }
        return words
    }
}

/// What `run` and `replay` have in common: how a run is ended, what it keeps, and what it prints.
struct OutcomeArguments: ParsableArguments {
    @Option(help: "Where the run's folder is made.")
    var reports = "Reports"

    @Flag(help: "End the load once the history cannot become valid any more, instead of after the whole time.")
    var stopOnViolation = false

    @Flag(help: "Keep the nodes' data directories.")
    var keep = false

    @Flag(help: "Print the results as JSON instead of text.")
    var json = false

    @Flag(help: "Print only the verdict and where the report is.")
    var quiet = false

    /// Whether nothing is said while it runs.
    var isSilent: Bool { quiet || json }
}
