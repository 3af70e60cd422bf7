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
            code with the search that found it. Exit code 0 when every order holds, 1 when one does not.

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

    @Option(help: "What a read of null says: value (there was nothing) or any (nothing).")
    var nilRead = NilRead.value

    @Option(help: "The permits of a semaphore.")
    var permits = 1

    func run() throws {
        if permits < 1 { throw CommandFailure.wrongUse("--permits \(permits): expected 1 or more") }
        let bytes = try WholeFile.read(certificate)
        let events: History
        let file: CertificateFile
        let model: any Model
        do {
            events = try HistoryFile.read(history, format: format, independent: independent)
            file = try CertificateFile(bytes)
            guard let entry = ModelCatalog.entries.first(where: { $0.name == file.model }) else {
                throw CommandFailure.wrongUse("\(certificate): unknown model `\(file.model)`")
            }
            model = try entry.make(ModelOptions(initial: file.initial, nilRead: nilRead, permits: permits))
        } catch let error as HistoryError {
            throw CommandFailure.wrongUse(error.file == nil ? "\(certificate): \(error)" : "\(error)")
        } catch let error as ModelOptionsError {
            throw CommandFailure.wrongUse("\(certificate): \(error)")
        }
        if let fault = file.fault(of: events, model: model) {
            Console.print("The certificate does not hold: \(fault).")
            throw ExitCode(1)
        }
        let count = file.orders.reduce(0) { $0 + $1.indices.count }
        Console.print(
            "The certificate holds: \(count) operation\(count == 1 ? "" : "s") in \(file.orders.count) "
                + "order\(file.orders.count == 1 ? "" : "s"). It was read with model \(file.model), initial value "
                + "\(file.initial), failed cas \(file.failedCAS.rawValue).")
    }
}
