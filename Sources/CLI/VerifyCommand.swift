import ArgumentParser
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels

struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Replay a certificate against a history.",
        discussion: """
            A certificate holds, for every key, an order of its operations. It is replayed by a verifier that shares no \
            code with the search that found it. Exit code 0 when every order holds, 1 when one does not. How the \
            history was read stands in the certificate and is printed; --model, --init, --failed-cas, --nil-read and \
            --permits demand a reading, and a certificate of another one is refused (exit code 254).

              polygraph check history.jsonl --model cas-register --certificate order.jsonl
              polygraph verify history.jsonl order.jsonl
            """)

    @Argument(help: "The history file; `-` is standard input.")
    var history: String

    @Argument(help: "The certificate.")
    var certificate: String

    @Option(help: "The history's format; found out from the content without it.")
    var format: HistoryFormat?

    @Flag(help: "Values are [key value] tuples, as jepsen.independent writes them.")
    var independent = false

    @Option(help: "The model that the certificate must be of.")
    var model: String?

    @Option(
        name: [.customLong("init"), .customLong("initial")], parsing: .unconditional,
        help: "The state that it must start from, as JSON.")
    var initial: String?

    @Option(help: "What it must take a read of null to say: value or any.")
    var nilRead: NilRead?

    @Option(help: "What it must take a failed cas to say: mismatch, observes or ignored.")
    var failedCas: LinearizabilityOptions.FailedCAS?

    @Option(
        parsing: .unconditional, help: "The permits that its semaphore must have.",
        transform: OptionNumber.whole(1...Int.max))
    var permits: Int?

    func run() throws {
        if let model { _ = try ModelReading.entry(model) }
        let demanded = try initial.map { try ModelReading.initial($0) }
        let bytes = try WholeFile.read(certificate)
        let events: History
        let file: CertificateFile
        let known: any Model
        do {
            file = try CertificateFile(bytes)
            try demand("--model", model, file.model)
            try demand("--init", demanded, file.initial)
            try demand("--failed-cas", failedCas?.rawValue, file.failedCAS.rawValue)
            try demand("--nil-read", nilRead?.rawValue, file.modelOptions.nilRead.rawValue)
            try demand("--permits", permits, file.modelOptions.permits)
            events = try HistoryFile.read(history, format: format, independent: independent)
            guard let entry = ModelCatalog.entries.first(where: { $0.name == file.model }) else {
                throw CommandFailure.wrongUse("\(certificate): unknown model `\(file.model)`")
            }
            known = try entry.make(file.modelOptions)
        } catch let error as HistoryError {
            throw CommandFailure.wrongUse(error.file == nil ? "\(certificate): \(error)" : "\(error)")
        } catch let error as ModelOptionsError {
            throw CommandFailure.wrongUse("\(certificate): \(error)")
        }
        if let fault = file.fault(of: events, model: known) {
            Console.print("The certificate does not hold: \(fault).")
            throw ExitCode(1)
        }
        let count = file.orders.reduce(0) { $0 + $1.indices.count }
        Console.print(
            "The certificate holds: \(count) operation\(count == 1 ? "" : "s") in \(file.orders.count) "
                + "order\(file.orders.count == 1 ? "" : "s"). It was read with model \(file.model), initial value "
                + "\(file.initial)\(Self.further(file, events)).")
    }

    /// Ends the command where the certificate has another reading than the one that was asked for.
    private func demand<Reading: Equatable>(_ option: String, _ asked: Reading?, _ found: Reading) throws {
        guard let asked, asked != found else { return }
        throw CommandFailure.wrongUse(
            "\(certificate): \(option) \(asked) is asked for, but the certificate was made with \(option) \(found)")
    }

    /// The readings that only some models and histories have.
    private static func further(_ file: CertificateFile, _ history: History) -> String {
        let failedCAS =
            history.columns.functionNames.contains("cas") ? ", failed cas \(file.failedCAS.rawValue)" : ""
        switch file.model {
        case "register", "cas-register", "multi-register":
            return failedCAS + ", nil read \(file.modelOptions.nilRead.rawValue)"
        case "semaphore": return failedCAS + ", permits \(file.modelOptions.permits)"
        default: return failedCAS
        }
    }
}
