import PolygraphClients
import PolygraphNemesis
import PolygraphRunner
import PolygraphSystems

/// A workload file, read and found to make sense.
public struct WorkloadFile: Sendable {
    /// Its path, or `NAME.yaml` for one that the program brings along.
    public var path: String
    /// The file as it was read, without what the command line changed.
    public var text: String
    /// Names the folder of its runs.
    public var name: String
    /// One line about what it shows; empty where the file says nothing.
    public var description: String
    /// How many nodes there are: 1 … 64.
    public var nodes: Int
    /// Where they are.
    public var cluster: ClusterSpec
    public var system: DeclaredSystem
    public var client: HTTPClientSpec
    /// How the cluster lets clients in.
    public var access: HTTPAccessSpec
    /// The same with secrets and certificates read, by `readAccess`.
    public var openedAccess: HTTPAccess = .open
    /// What the keys of every run begin with, before its own number; nil: keys are sent as they are.
    public var keyPrefix: String?
    public var limits: LoadLimits
    public var workload: WorkloadSpec
    public var clients: ClientsSpec
    public var faults: [FaultEntry]
    public var scheduleRules: ScheduleRules
    /// Nanoseconds during which operations are started.
    public var time: Int64
    /// Nanoseconds between the beginnings of two faults, where a fault has no `every` of its own.
    public var every: Int64
    /// Nanoseconds of quiet between the last fault's end and the final reads.
    public var quiet: Int64
    /// Fixes everything that is drawn; nil: drawn itself.
    public var seed: UInt64?
    /// Whether all packets are recorded.
    public var packets: Bool
    /// Whether the nodes ask a name server for each other, and not a file.
    public var dns: Bool
    public var check: CheckSpec
    /// What becomes of `valid` where the run was too tame to prove much.
    public var tame: TameRunRule

    /// Requests a second that a cluster of others is asked at most, unless the file says otherwise.
    public static let standardRate = 200.0

    /// Whether any URL begins with `https://`.
    public var usesTLS: Bool {
        client.usesTLS || [system.ready, system.primary].contains { $0?.url.isSecure ?? false }
    }

    /// Reads secrets and certificates, before anything is started.
    public mutating func readAccess() throws(AccessError) {
        openedAccess = try access.resolved(usesTLS: usesTLS)
        system.access = openedAccess
    }

    /// The model that `polygraph check` needs to judge a history of this workload.
    public var modelName: String {
        switch workload {
        case .register(let spec): spec.cas ? "cas-register" : "register"
        }
    }
}

/// What clients do.
public enum WorkloadSpec: Hashable, Sendable {
    case register(RegisterSpec)

    /// As in a workload file.
    public var name: String {
        switch self {
        case .register: "register"
        }
    }
}

/// How many clients there are, and how hard they press.
public struct ClientsSpec: Hashable, Sendable {
    /// Operations that can be open at the same time.
    public var count: Int
    /// Operations a second, all clients together; nil: as many as the system answers.
    public var rate: Double?
    /// Nanoseconds that one operation may take.
    public var timeout: Int64

    public init(count: Int = 10, rate: Double? = 500, timeout: Int64 = 1_000_000_000) {
        self.count = count
        self.rate = rate
        self.timeout = timeout
    }
}

/// What a run that was too tame to prove much counts as.
public enum TameRunRule: String, CaseIterable, Sendable {
    /// `unknown`, with the reason.
    case unknown
    /// What the other checkers say.
    case accept
}

/// What the history is checked for, and what that may cost.
public struct CheckSpec: Hashable, Sendable {
    public enum Promise: String, CaseIterable, Sendable {
        case linearizable
    }

    public var promise: Promise
    /// Nanoseconds; nil: the checker's own limit.
    public var timeLimit: Int64?
    /// Bytes; nil: the checker's own limit.
    public var memoryLimit: Int64?

    public init(promise: Promise = .linearizable, timeLimit: Int64? = nil, memoryLimit: Int64? = nil) {
        self.promise = promise
        self.timeLimit = timeLimit
        self.memoryLimit = memoryLimit
    }
}
