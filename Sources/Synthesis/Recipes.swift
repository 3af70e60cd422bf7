import PolygraphHistory

/// The synthetic histories that have a name.
public enum Recipes {
    /// The recipe of a name, or nil where there is none.
    public static func named(_ name: String) -> HistoryRecipe? { all.first { $0.name == name } }

    /// Plain loads first, then the ones that are hard on a checker.
    public static let all: [HistoryRecipe] = loads + adversarial

    // MARK: - Plain loads

    private static let loads: [HistoryRecipe] = [
        HistoryRecipe(
            "register", "reads and writes of one register, every value written once", model: "register", .valid,
            HistoryParameters(operations: 1_000_000)
        ) { parameters, sink in simulateRegister(parameters, &sink, casPercent: 0) },
        HistoryRecipe(
            "cas-register", "reads, writes and compare-and-set of one register with few values", model: "cas-register",
            .valid, HistoryParameters(operations: 80_000, values: 5)
        ) { parameters, sink in simulateRegister(parameters, &sink) },
        HistoryRecipe(
            "cas-register-invalid", "the same; at the end, reads by one client see the value change by itself",
            model: "cas-register", .invalid, HistoryParameters(operations: 830, clients: 20, values: 5)
        ) { parameters, sink in simulateRegister(parameters, &sink, ending: .changingReads) },
        HistoryRecipe(
            "cas-register-crashed", "the same, with operations of unknown outcome", model: "cas-register", .valid,
            HistoryParameters(operations: 8_000, clients: 20, values: 5, crashed: 104)
        ) { parameters, sink in simulateRegister(parameters, &sink) },
        HistoryRecipe(
            "cas-register-crashed-invalid",
            "the same; at the end, the value changes more often than operations are open", model: "cas-register",
            .invalid, HistoryParameters(operations: 820, values: 5, crashed: 16)
        ) { parameters, sink in simulateRegister(parameters, &sink, ending: .changingReads) },
        HistoryRecipe(
            "stale-read", "busy clients of one register, and one read of a value that was surely overwritten",
            model: "register", .invalid, HistoryParameters(operations: 1_000, clients: 20)
        ) { parameters, sink in
            simulateRegister(parameters, &sink, casPercent: 0, movePercent: 20, ending: .staleRead)
        },
        HistoryRecipe(
            "stale-read-crashed", "one stale read among operations of unknown outcome", model: "cas-register", .invalid,
            HistoryParameters(operations: 10_000, clients: 5, crashed: 100)
        ) { parameters, sink in simulateRegister(parameters, &sink, movePercent: 50, ending: .staleRead) },
        HistoryRecipe(
            "many-keys", "reads, writes and compare-and-set of many registers", model: "cas-register", .valid,
            HistoryParameters(operations: 10_000_000, keys: 10_000)
        ) { parameters, sink in simulateRegister(parameters, &sink) },
        HistoryRecipe(
            "fifo-queue", "a first-in-first-out queue, every value enqueued once", model: "fifo-queue", .valid,
            HistoryParameters(operations: 1_000_000)
        ) { parameters, sink in simulateSequence(parameters, &sink, isStack: false) },
        HistoryRecipe(
            "stack", "a stack, every value pushed once", model: "stack", .valid,
            HistoryParameters(operations: 1_000_000)
        ) { parameters, sink in simulateSequence(parameters, &sink, isStack: true) },
    ]

    /// What comes after, or into, a simulated history of a register.
    enum Ending {
        case none
        /// Every client reads once, one after the other.
        case reads
        /// Reads without anything open but crashed operations see more changes than those can have made.
        case changingReads
        /// A read in the last three tenths returns what was surely overwritten.
        case staleRead
    }

    static func simulateRegister(
        _ parameters: HistoryParameters, _ sink: inout EventSink, readPercent: Int = 50, casPercent: Int = 50,
        successPercent: Int = 50, movePercent: Int = 100, ending: Ending = .none
    ) {
        let values = ending == .changingReads ? max(2, parameters.values) : parameters.values
        let object = SyntheticRegister(
            values: ending == .staleRead ? 0 : values, readPercent: readPercent, casPercent: casPercent,
            successPercent: successPercent)
        let keys = ending == .none ? parameters.keys : 1
        var simulation = Simulation(
            Array(repeating: object, count: keys), operations: parameters.operations, clients: parameters.clients,
            crashed: parameters.crashed, seed: parameters.seed)
        simulation.movePercent = movePercent
        if ending == .staleRead { simulation.staleAfter = parameters.operations / 10 * 7 }
        let process = simulation.run(into: &sink)
        switch ending {
        case .none: break
        case .reads:
            for client in 0..<parameters.clients {
                sink.run(process + client, "read", gets: simulation.object(0).state)
            }
        case .changingReads:
            for number in 0..<(parameters.crashed + 2) {
                sink.run(process, "read", gets: .integer(Int64(number % values)))
            }
        case .staleRead:
            guard simulation.wantsStaleRead else { return }
            // Too short for a read in the middle: the values are negative, so that nobody else wrote them.
            sink.run(process, "write", -1, gets: -1)
            sink.run(process, "write", -2, gets: -2)
            sink.run(process, "read", gets: -1)
        }
    }

    private static func simulateSequence(
        _ parameters: HistoryParameters, _ sink: inout EventSink, isStack: Bool
    ) {
        var simulation = Simulation(
            Array(repeating: SyntheticSequence(isStack: isStack), count: parameters.keys),
            operations: parameters.operations, clients: parameters.clients, crashed: parameters.crashed,
            seed: parameters.seed)
        _ = simulation.run(into: &sink)
    }
}
