import PolygraphSynthesis

/// One line of the table: a history, and the time that deciding it should take at most.
struct Row {
    let title: String
    let recipe: String
    let parameters: HistoryParameters
    /// Milliseconds; nil where no figure was set.
    let target: Double?
    let threads: Int

    init(_ title: String, _ recipe: String, _ parameters: HistoryParameters, target: Double?, threads: Int = 1) {
        self.title = title
        self.recipe = recipe
        self.parameters = parameters
        self.target = target
        self.threads = threads
    }

    static let table: [Row] = [
        Row("register, distinct, 1 M, 10 clients", "register", .init(operations: 1_000_000), target: 40),
        Row("cas-register 0..4, 80 k, 10 clients", "cas-register", .init(operations: 80_000, values: 5), target: 60),
        Row(
            "the same, 8 k, 30 clients", "cas-register", .init(operations: 8_000, clients: 30, values: 5), target: 60),
        Row(
            "the same, 8 k, 60 clients", "cas-register", .init(operations: 8_000, clients: 60, values: 5),
            target: 1_000),
        Row("the same, 800 k, 10 clients", "cas-register", .init(operations: 800_000, values: 5), target: 600),
        Row(
            "the same, two threads", "cas-register", .init(operations: 800_000, values: 5), target: nil, threads: 2),
        Row(
            "invalid, 830, 20 clients", "cas-register-invalid", .init(operations: 830, clients: 20, values: 5),
            target: 2),
        Row(
            "invalid, 820, 10 clients, 16 crashed", "cas-register-crashed-invalid",
            .init(operations: 820, values: 5, crashed: 16), target: 10),
        Row(
            "valid, 8 k, 10 clients, 67 crashed", "cas-register-crashed",
            .init(operations: 8_000, values: 5, crashed: 67), target: 100),
        Row(
            "valid, 8 k, 20 clients, 104 crashed", "cas-register-crashed",
            .init(operations: 8_000, clients: 20, values: 5, crashed: 104), target: 500),
        Row(
            "valid, 80 k, 10 clients, 88 crashed", "cas-register-crashed",
            .init(operations: 80_000, values: 5, crashed: 88), target: 700),
        Row("fifo-queue, distinct, 1 M", "fifo-queue", .init(operations: 1_000_000), target: 100),
        Row("stack, distinct, 1 M", "stack", .init(operations: 1_000_000), target: 1_000),
        Row("one stale read in 1,000, 20 clients", "stale-read", .init(operations: 1_000, clients: 20), target: 20),
        Row(
            "one stale read in 10 k, 5 clients, 1 % crashed", "stale-read-crashed",
            .init(operations: 10_000, clients: 5, crashed: 100), target: 50),
        Row(
            "10 M over 10,000 keys, two threads", "many-keys", .init(operations: 10_000_000, keys: 10_000),
            target: 3_000, threads: 2),
    ]

    /// The families that are made to be hard, in the sizes that their recipes name.
    static let adversarial: [Row] = Recipes.all.filter { recipe in !table.contains { $0.recipe == recipe.name } }.map {
        Row($0.name, $0.name, $0.parameters, target: nil)
    }
}
