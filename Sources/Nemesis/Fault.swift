import PolygraphCluster
import PolygraphGenerators
import PolygraphHistory

/// One kind of fault. A value of it is one occurrence in one run.
///
/// Static members say what the kind is and draw its occurrences, before anything is started; the others carry one out.
/// A fault changes nothing by itself: it states in the boards of the `NemesisContext` what it demands (these links cut,
/// these nodes down, these clocks wrong), and the board makes the cluster so for all faults in force together.
public protocol Fault: Sendable {
    static var description: FaultDescription { get }

    /// What is wrong with settings of the right types.
    static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem]

    /// Draws whatever can be drawn before the run. Must draw the same count of numbers for the same settings.
    static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings

    /// How closely the nodes' system calls must be watched for it, from their first start on; nil: not at all.
    static func supervision(for settings: FaultSettings) -> DiskSupervision?

    /// One line for a plan, before anybody knows who leads.
    static func summary(of planned: PlannedFault) -> String

    /// Does to a node, before its first start, what the fault will need later. Called once for each node of a run whose
    /// schedule has such a fault.
    static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError)

    /// Does once, before the load, what a line of the workload file asks for.
    static func prepare(_ settings: FaultSettings) throws(ClusterError)

    /// Nanoseconds that undoing it may take beyond what every fault takes.
    static func undoLimit(_ settings: FaultSettings, nodes: Int) -> Int64

    init(_ planned: PlannedFault)

    /// Settles on whom, and says what it is going to do. Nothing is done yet.
    /// - Parameter order: all nodes; those that run stand first, the primary before all where it matters.
    mutating func choose(order: [Int], context: NemesisContext) -> FaultChoice

    /// Does it, and measures what it did.
    mutating func begin(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof

    /// Undoes it. Harmless when it never began or began by half.
    mutating func end(_ choice: FaultChoice, _ context: NemesisContext) throws(ClusterError) -> FaultProof
}

extension Fault {
    public static func problems(with settings: FaultSettings, in shape: ClusterShape) -> [FaultProblem] { [] }

    public static func draw(_ settings: FaultSettings, nodes: Int, random: inout RandomSource) -> FaultSettings {
        settings
    }

    public static func supervision(for settings: FaultSettings) -> DiskSupervision? { nil }

    public static func summary(of planned: PlannedFault) -> String {
        guard let target = planned.settings.target else { return planned.function }
        return "\(planned.function) \(target.description): \(planned.who(target))"
    }

    public static func prepare(_ node: Node, _ transport: any Transport) throws(ClusterError) {}

    public static func prepare(_ settings: FaultSettings) throws(ClusterError) {}

    public static func undoLimit(_ settings: FaultSettings, nodes: Int) -> Int64 { 0 }

    /// Whether it must be known who leads when it begins.
    static func needsPrimary(_ planned: PlannedFault) -> Bool {
        planned.settings.target?.needsPrimary == true || planned.settings.text("kind") == "isolate-primary"
    }
}

/// On whom one occurrence of a fault is, and what it does, in words.
public struct FaultChoice: Sendable {
    /// Indices of nodes.
    public var targets: [Int]
    /// The shape of the partition, the words for the targets, or what the clock does.
    public var kind: String
    /// One sentence.
    public var summary: String
    /// Directed pairs of nodes that are cut.
    public var cut: Set<Grudge.Pair>

    public init(targets: [Int], kind: String, summary: String, cut: Set<Grudge.Pair> = []) {
        self.targets = targets
        self.kind = kind
        self.summary = summary
        self.cut = cut
    }

    /// What is cut, as the transport knows it.
    public var links: Set<Link> { Set(cut.map { Link(from: .node($0.from), to: .node($0.to)) }) }
}

/// What was measured after a fault was injected or undone.
public struct FaultProof: Sendable {
    /// Facts; those of one node under its name.
    public var facts: [String: Value] = [:]
    /// Whether the facts prove that it bit (or, for an undo, that it is over).
    public var isProved = false
    /// Offset in nanoseconds and rate in parts per million, by node name, where clocks were changed.
    public var skew: [String: Value]?
    /// What went wrong on single nodes while the others were dealt with.
    public var failures: [ClusterError] = []

    public init(isProved: Bool = false) { self.isProved = isProved }
}
