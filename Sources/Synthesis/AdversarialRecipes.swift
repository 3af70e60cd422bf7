extension Recipes {
    /// Histories that are hard on a checker, each in its own way.
    static let adversarial: [HistoryRecipe] = [
        HistoryRecipe(
            "wide-writes", "many clients write and nobody reads until the end: every order of writes stays possible",
            model: "register", .valid, HistoryParameters(operations: 10_000, clients: 30, values: 5)
        ) { parameters, sink in
            simulateRegister(parameters, &sink, readPercent: 0, casPercent: 0, movePercent: 20, ending: .reads)
        },
        HistoryRecipe(
            "crash-storm", "every tenth operation ends unknown, on few values", model: "cas-register", .valid,
            HistoryParameters(operations: 5_000, values: 5, crashed: 500)
        ) { parameters, sink in simulateRegister(parameters, &sink, casPercent: 25) },
        HistoryRecipe(
            "crash-storm-invalid",
            "the same; at the end, the value changes more often than operations are open",
            model: "cas-register", .invalid, HistoryParameters(operations: 800, values: 5, crashed: 30)
        ) { parameters, sink in simulateRegister(parameters, &sink, casPercent: 25, ending: .changingReads) },
        HistoryRecipe(
            "late-failure", "a long correct history with a violation at its very end", model: "cas-register", .invalid,
            HistoryParameters(operations: 100_000, values: 5)
        ) { parameters, sink in simulateRegister(parameters, &sink, ending: .changingReads) },
        HistoryRecipe(
            "staircase", "each operation overlaps the next, and one overlaps all: nothing is ever quiet",
            model: "register", .valid, HistoryParameters(operations: 100_000, values: 5)
        ) { parameters, sink in ShapedHistories.staircase(parameters, &sink) },
        HistoryRecipe(
            "cas-ladder", "compare-and-set of three values, most of them successful: many equal operations",
            model: "cas-register", .valid, HistoryParameters(operations: 20_000, clients: 20, values: 3)
        ) { parameters, sink in
            simulateRegister(parameters, &sink, readPercent: 0, casPercent: 95, successPercent: 80)
        },
        HistoryRecipe(
            "hamiltonian-path", "valid exactly if a graph has a Hamiltonian path, and it has: NP-hard in its vertices",
            model: "cas-register", .valid, HistoryParameters(operations: 80)
        ) { parameters, sink in HamiltonianPath.write(parameters, &sink, kind: .planted) },
        HistoryRecipe(
            "hamiltonian-path-invalid", "the same on a graph without such a path", model: "cas-register", .invalid,
            HistoryParameters(operations: 80)
        ) { parameters, sink in HamiltonianPath.write(parameters, &sink, kind: .impossible) },
        HistoryRecipe(
            "hamiltonian-path-random", "the same on a random graph", model: "cas-register", .unknown,
            HistoryParameters(operations: 80)
        ) { parameters, sink in HamiltonianPath.write(parameters, &sink, kind: .random) },
        HistoryRecipe(
            "zone-extremes", "distinct writes whose zones touch, nest and miss each other by one event",
            model: "register", .valid, HistoryParameters(operations: 1_000_000)
        ) { parameters, sink in ZoneExtremes.write(parameters, &sink, isBroken: false) },
        HistoryRecipe(
            "zone-extremes-invalid", "the same, with two zones that overlap by one event", model: "register", .invalid,
            HistoryParameters(operations: 1_000_000)
        ) { parameters, sink in ZoneExtremes.write(parameters, &sink, isBroken: true) },
        HistoryRecipe(
            "queue-reversed", "all values enqueued at the same time, then dequeued in reverse", model: "fifo-queue",
            .valid, HistoryParameters(operations: 10_000)
        ) { parameters, sink in ShapedHistories.reversedQueue(parameters, &sink) },
        HistoryRecipe(
            "queue-tight-crashes", "values that nobody dequeued, and just enough dequeues of unknown outcome",
            model: "fifo-queue", .valid, HistoryParameters(operations: 1_000)
        ) { parameters, sink in ShapedHistories.tightCrashes(parameters, &sink, isBroken: false) },
        HistoryRecipe(
            "queue-tight-crashes-invalid", "the same, with one of these dequeues an event too late",
            model: "fifo-queue", .invalid, HistoryParameters(operations: 1_000)
        ) { parameters, sink in ShapedHistories.tightCrashes(parameters, &sink, isBroken: true) },
        HistoryRecipe(
            "queue-squeezed-empties", "dequeues that found the queue empty, which it was between two events only",
            model: "fifo-queue", .valid, HistoryParameters(operations: 10_000)
        ) { parameters, sink in ShapedHistories.squeezedEmpties(parameters, &sink, isBroken: false) },
        HistoryRecipe(
            "queue-squeezed-empties-invalid", "the same, with one that was never empty", model: "fifo-queue", .invalid,
            HistoryParameters(operations: 10_000)
        ) { parameters, sink in ShapedHistories.squeezedEmpties(parameters, &sink, isBroken: true) },
        HistoryRecipe(
            "stack-deep", "a stack that stays half as deep as the history is long, with a busy top", model: "stack",
            .valid, HistoryParameters(operations: 100_000)
        ) { parameters, sink in ShapedHistories.deepStack(parameters, &sink) },
        HistoryRecipe(
            "equal-times", "the plain register with recorded times that are equal or run backwards", model: "register",
            .valid, HistoryParameters(operations: 100_000, jitter: 20_000)
        ) { parameters, sink in simulateRegister(parameters, &sink, casPercent: 0) },
    ]
}
