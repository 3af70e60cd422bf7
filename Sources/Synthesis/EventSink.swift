import PolygraphHistory

/// Numbers events, gives them times, and hands them on.
struct EventSink {
    private let body: (Operation) -> Void
    private let jitter: Int64
    private var random: SeededRandom
    private var time: Int64 = 0
    private(set) var count = 0

    /// Nanoseconds from one event to the next.
    private static let step: Int64 = 1_000

    /// - Parameter jitter: times are moved back and forth by up to so many nanoseconds and rounded to half of that, so
    ///   that some are equal and some run backwards. 0 leaves them alone.
    init(jitter: Int64, seed: UInt64, body: @escaping (Operation) -> Void) {
        self.body = body
        self.jitter = jitter
        random = SeededRandom(~seed)
    }

    /// The time of the next event.
    private mutating func tick() -> Int64 {
        time += Self.step
        guard jitter > 0 else { return time }
        let grain = max(1, jitter / 2)
        let moved = max(0, time + Int64(random.below(Int(2 * jitter + 1))) - jitter)
        return moved / grain * grain
    }

    @inline(__always)
    mutating func emit(
        _ process: Int, _ kind: Operation.Kind, _ function: String, _ value: Value, key: Value? = nil,
        error: String? = nil
    ) {
        body(
            Operation(
                index: count, time: tick(), process: .client(process), kind: kind, function: function, key: key,
                value: value, error: error))
        count += 1
    }

    mutating func invoke(_ process: Int, _ function: String, _ value: Value = .null) {
        emit(process, .invoke, function, value)
    }

    mutating func ok(_ process: Int, _ function: String, _ value: Value = .null) {
        emit(process, .ok, function, value)
    }

    /// An operation that nothing overlaps.
    mutating func run(_ process: Int, _ function: String, _ value: Value = .null, gets: Value, key: Value? = nil) {
        emit(process, .invoke, function, value, key: key)
        emit(process, .ok, function, gets, key: key)
    }
}
