import PolygraphHistory

/// What a simulated system answers.
public struct SimulatedAnswer: Hashable, Sendable {
    /// Nanoseconds from the invocation to the completion.
    public var latency: Int64
    /// `ok`, `fail` or `info`.
    public var kind: Operation.Kind
    /// nil: the value of the call.
    public var value: Value?
    public var error: String?

    public init(latency: Int64, kind: Operation.Kind = .ok, value: Value? = nil, error: String? = nil) {
        self.latency = latency
        self.kind = kind
        self.value = value
        self.error = error
    }
}

/// Stands for the cluster in a simulation.
public protocol SimulatedSystem: Sendable {
    /// Answers a call that is made now.
    /// - Parameter random: a stream of the call's own.
    mutating func answer(
        _ call: Call, worker: Int, time: Int64, random: inout RandomSource
    ) -> SimulatedAnswer
}

/// A system without any state, with random latencies and random ends.
public struct RandomSystem: SimulatedSystem {
    /// Mean latency in nanoseconds; latencies are exponential, with a tenth of the mean as the least.
    public var meanLatency: Int64
    /// The probability that an operation ends as `fail`, and as `info`.
    public var failProbability: Double
    public var infoProbability: Double

    public init(meanLatency: Int64 = 2_000_000, failProbability: Double = 0, infoProbability: Double = 0) {
        self.meanLatency = meanLatency
        self.failProbability = failProbability
        self.infoProbability = infoProbability
    }

    public mutating func answer(
        _ call: Call, worker: Int, time: Int64, random: inout RandomSource
    ) -> SimulatedAnswer {
        let least = meanLatency / 10
        let latency = least + Int64(random.nextExponential() * Double(meanLatency - least))
        let end = random.nextUnit()
        if end < infoProbability { return SimulatedAnswer(latency: latency, kind: .info, error: "timeout") }
        if end < infoProbability + failProbability {
            return SimulatedAnswer(latency: latency, kind: .fail, error: "refused")
        }
        return SimulatedAnswer(latency: latency)
    }
}

/// A system whose answers come from a function.
public struct FunctionSystem: SimulatedSystem {
    private let function: @Sendable (Call, Int, Int64, inout RandomSource) -> SimulatedAnswer

    /// - Parameter function: gets the call, the worker, the time and a random stream of the call's own.
    public init(_ function: @escaping @Sendable (Call, Int, Int64, inout RandomSource) -> SimulatedAnswer) {
        self.function = function
    }

    public mutating func answer(
        _ call: Call, worker: Int, time: Int64, random: inout RandomSource
    ) -> SimulatedAnswer { function(call, worker, time, &random) }
}
