import PolygraphChecking
import Synchronization

/// Figures of a run in progress, readable from any thread.
public final class RunStatus: Sendable {
    public let ok = Atomic<Int>(0)
    public let fail = Atomic<Int>(0)
    public let info = Atomic<Int>(0)
    /// Nanoseconds since the run began.
    public let time = Atomic<Int64>(0)
    private let phaseText = Mutex("")
    private let faultTexts = Mutex<[String]>([])
    private let verdictSoFarText = Mutex<VerdictSoFar?>(nil)

    public init() {}

    /// What the run is doing: `setting up`, `running`, `healing`, …
    public var phase: String {
        get { phaseText.withLock { $0 } }
        set { phaseText.withLock { $0 = newValue } }
    }

    /// What is known of the history so far; nil while nothing is, or where no checker follows the run.
    public var verdictSoFar: VerdictSoFar? {
        get { verdictSoFarText.withLock { $0 } }
        set { verdictSoFarText.withLock { $0 = newValue } }
    }

    /// The faults in force.
    public var faults: [String] {
        get { faultTexts.withLock { $0 } }
        set { faultTexts.withLock { $0 = newValue } }
    }
}
