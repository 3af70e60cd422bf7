import PolygraphCluster
import PolygraphHistory

/// One setting of a kind of fault: what a workload file may say, and what is meant where it says nothing.
public struct FaultParameter: Sendable {
    /// What values look like in the file, and as `Value` in `FaultSettings`.
    public enum Form: Sendable {
        /// `500ms`; nanoseconds as an integer.
        case duration(atLeast: Int64)
        /// `5%`; a double, 1 is the whole.
        case share(above: Double, upTo: Double)
        /// An integer.
        case count(ClosedRange<Int>)
        /// `10MB`; bytes as an integer.
        case bytes(atLeast: Int64)
        /// `1MB/s`; bytes a second as an integer.
        case byteRate
        /// A decimal number.
        case number(ClosedRange<Double>)
        case flag
        /// One of these; a string.
        case word([String])
        /// One or more of these, of which each occurrence draws one; a list of strings.
        case words([String])
        /// A text, with what it stands for.
        case text(String)
        /// One or more texts, with what one stands for; a list of strings.
        case texts(String)
        /// Which nodes: see `Target`.
        case target
        /// Anything else, which the kind itself looks at in `problems`; with an example.
        case free(String)
    }

    public var name: String
    public var form: Form
    /// Nil: it must be given, or its absence means something of its own.
    public var standard: Value?
    public var isRequired: Bool
    /// One line.
    public var summary: String

    public init(
        _ name: String, _ form: Form, standard: Value? = nil, isRequired: Bool = false, _ summary: String
    ) {
        self.name = name
        self.form = form
        self.standard = standard
        self.isRequired = isRequired
        self.summary = summary
    }

    /// The usual parameter of faults that have targets.
    public static func target(_ standard: Value? = nil) -> FaultParameter {
        FaultParameter("target", .target, standard: standard, isRequired: standard == nil, "which nodes")
    }
}

/// What a workload file says of one fault, or what was drawn for one occurrence of it. Stands in `plan.json` as it is.
public struct FaultSettings: Hashable, Sendable {
    public var values: [String: Value]

    public init(_ values: [String: Value] = [:]) { self.values = values }

    public subscript(name: String) -> Value? {
        get { values[name] }
        set { values[name] = newValue }
    }

    /// Nanoseconds, a count or bytes; 0 where it is not given.
    public func integer(_ name: String) -> Int64 { values[name]?.integerValue ?? 0 }

    /// A share (1 is the whole) or a number; 0 where it is not given.
    public func number(_ name: String) -> Double { values[name]?.doubleValue ?? 0 }

    public func flag(_ name: String) -> Bool { values[name]?.boolValue ?? false }

    public func text(_ name: String) -> String? { values[name]?.stringValue }

    public func texts(_ name: String) -> [String] {
        values[name]?.elements?.compactMap(\.stringValue) ?? text(name).map { [$0] } ?? []
    }

    public var target: Target? { values["target"].flatMap { Target($0) } }
}

/// Something wrong with the settings of a fault in a workload file.
public struct FaultProblem: Hashable, Sendable {
    /// The parameter; nil for the fault as a whole.
    public var parameter: String?
    /// Of a list: which element.
    public var element: Int?
    /// Continues the name of the place: `needs at least 3 nodes; there are 2`.
    public var message: String

    public init(_ parameter: String?, element: Int? = nil, _ message: String) {
        self.parameter = parameter
        self.element = element
        self.message = message
    }
}

/// What a fault may count on, known before the run.
public struct ClusterShape: Hashable, Sendable {
    /// Number of nodes.
    public var nodes: Int
    /// Whether the system can be asked who leads.
    public var hasPrimary: Bool
    /// Whether the system says how nodes join and leave.
    public var hasMembership: Bool
    /// Where the nodes are.
    public var transport: TransportKind

    public init(nodes: Int, hasPrimary: Bool, hasMembership: Bool = false, transport: TransportKind = .local) {
        self.nodes = nodes
        self.hasPrimary = hasPrimary
        self.hasMembership = hasMembership
        self.transport = transport
    }

    /// n1, n2, n3, …
    public var names: [String] { (0..<nodes).map { "n\($0 + 1)" } }
}
