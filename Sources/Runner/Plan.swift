import PolygraphChecking
import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory
import PolygraphNemesis
import PolygraphSystems

/// Everything that one run will do, resolved before anything is started.
public struct Plan: Sendable {
    /// What `plan.json` says of itself; the number rises when a field changes its meaning.
    public static let format = "polygraph-plan/1"

    public var name: String
    public var seed: UInt64
    /// Number of nodes.
    public var nodes: Int
    /// Number of client threads.
    public var workers: Int
    /// Nanoseconds that one operation may take.
    public var timeout: Int64
    /// Nanoseconds of load and faults.
    public var duration: Int64
    /// Nanoseconds of rest after everything is healed, before the final reads.
    public var quiet: Int64
    /// Nanoseconds that a node may take until it is ready.
    public var readyWithin: Int64
    public var schedule: Schedule
    public var generator: any Generator
    /// What is asked after the quiet period; nil: nothing.
    public var finalGenerator: (any Generator)?
    /// Functions that cannot change anything.
    public var readOnly: Set<String>
    public var system: any System
    /// Makes the clients, once the nodes have addresses.
    public var clients: @Sendable (ClientSetting) -> ClientFactory
    /// The function that removes a key; nil: keys are left where they are.
    public var removal: String?
    /// Stands before what tells the keys of one run from those of others; nil: keys are sent as they are.
    public var keyPrefix: String?
    public var limits = LoadLimits()
    /// Nanoseconds that the final reads may take beyond what they usually may.
    public var finalTime: Int64 = 0
    public var checkers: [any Checker]
    /// Whether `valid` stays `valid` where the run was too tame to prove much.
    public var acceptsTameRuns: Bool
    /// What stands in `plan.json`: enough to run again.
    public var document: Value

    public init(
        name: String, seed: UInt64, nodes: Int, workers: Int, timeout: Int64, duration: Int64, quiet: Int64,
        readyWithin: Int64, schedule: Schedule, generator: any Generator, finalGenerator: (any Generator)?,
        readOnly: Set<String>, system: any System, clients: @escaping @Sendable (ClientSetting) -> ClientFactory,
        checkers: [any Checker], acceptsTameRuns: Bool = false, document: Value
    ) {
        self.name = name
        self.seed = seed
        self.nodes = nodes
        self.workers = workers
        self.timeout = timeout
        self.duration = duration
        self.quiet = quiet
        self.readyWithin = readyWithin
        self.schedule = schedule
        self.generator = generator
        self.finalGenerator = finalGenerator
        self.readOnly = readOnly
        self.system = system
        self.clients = clients
        self.checkers = checkers
        self.acceptsTameRuns = acceptsTameRuns
        self.document = document
    }
}
