import ArgumentParser
import Glibc
import PolygraphHistory
import PolygraphSynthesis

struct GenerateHistoryCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate-history",
        abstract: "Write a synthetic history whose verdict is known, for trying and measuring checkers.",
        discussion: "The same seed and sizes give the same history everywhere. Recipes:\n\n"
            + Recipes.all.map {
                "  \($0.name) (\($0.model), \($0.expectation.rawValue))\n      \($0.summary)"
            }.joined(separator: "\n"))

    @Argument(help: "The recipe; see above.")
    var recipe: String

    @Option(
        parsing: .unconditional, help: "Operations, about; each recipe has its own number.",
        transform: OptionNumber.whole(1...1_000_000_000))
    var operations: Int?

    @Option(
        parsing: .unconditional, help: "Clients that run at the same time.",
        transform: OptionNumber.whole(1...1_000_000_000))
    var clients: Int?

    @Option(
        parsing: .unconditional, help: "Keys.",
        transform: OptionNumber.whole(1...1_000_000_000))
    var keys: Int?

    @Option(
        parsing: .unconditional, help: "Different values that are written; 0 for a new one with every write.",
        transform: OptionNumber.whole(0...1_000_000_000))
    var values: Int?

    @Option(
        parsing: .unconditional, help: "Operations whose outcome is unknown.",
        transform: OptionNumber.whole(0...1_000_000_000))
    var crashed: Int?

    @Option(
        parsing: .unconditional,
        help: "Nanoseconds by which recorded times are moved, so that some are equal and some run backwards.",
        transform: OptionNumber.whole(0...1_000_000_000_000))
    var jitter: Int?

    @Option(
        parsing: .unconditional, help: "What the random choices follow from.", transform: OptionNumber.seed)
    var seed: UInt64 = 1

    @Option(help: ArgumentHelp("Where to write it (JSON Lines); standard output without it.", valueName: "file"))
    var output: String?

    func run() throws {
        guard let recipe = Recipes.named(recipe) else {
            throw CommandFailure.wrongUse(
                "unknown recipe `\(recipe)`; known: \(Recipes.all.map(\.name).joined(separator: ", "))")
        }
        var parameters = recipe.parameters
        parameters.operations = operations ?? parameters.operations
        parameters.clients = clients ?? parameters.clients
        parameters.keys = keys ?? parameters.keys
        parameters.values = values ?? parameters.values
        parameters.crashed = crashed ?? parameters.crashed
        parameters.jitter = jitter.map(Int64.init) ?? parameters.jitter
        parameters.seed = seed
        let path = output ?? "-"
        let descriptor = try WholeFile.create(path)
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var failure: (any Error)?
        func flush() {
            if failure == nil {
                do { try WholeFile.append(bytes, to: descriptor, path) } catch { failure = error }
            }
            bytes.removeAll(keepingCapacity: true)
        }
        recipe.generate(parameters) { operation in
            JSONLines.append(operation, to: &bytes)
            if bytes.count > 1 << 20 { flush() }
        }
        flush()
        if let failure { throw failure }
        Console.error("model \(recipe.model), by construction \(recipe.expectation.rawValue)")
    }
}
