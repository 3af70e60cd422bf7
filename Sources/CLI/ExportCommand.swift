import ArgumentParser
import Glibc
import PolygraphHistory

extension HistoryFormat: ExpressibleByArgument {}

struct ExportCommand: ParsableCommand {
    /// The formats that can be written.
    enum Target: String, ExpressibleByArgument, CaseIterable {
        case edn
        case jsonLines = "json-lines"
    }

    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a recorded history in another format.",
        discussion: """
            EDN is written as Jepsen prints operations, one map a line, which Knossos and Elle read; JSON Lines as \
            Polygraph records them. Reads every format that `polygraph check` reads.

              polygraph export Reports/latest/history.jsonl --format edn --independent --output history.edn
              polygraph export history.edn --format json-lines
            """)

    @Argument(help: ArgumentHelp("The history file; `-` is standard input.", valueName: "history"))
    var history: String

    @Option(help: "What to write.")
    var format: Target

    @Option(help: ArgumentHelp("Where to write it; standard output without it.", valueName: "file"))
    var output: String?

    @Flag(help: "Write keys into the values, as the [key value] tuples of jepsen.independent (edn).")
    var independent = false

    @Option(help: "The format of the history; found out from the content without it.")
    var inputFormat: HistoryFormat?

    @Flag(help: "The values of the history that is read are [key value] tuples.")
    var inputIndependent = false

    func run() throws {
        let events: History
        do throws(HistoryError) {
            events = try HistoryFile.read(history, format: inputFormat, independent: inputIndependent)
        } catch {
            throw CommandFailure.wrongUse(error.description)
        }
        for warning in events.warnings { Console.error("\(history): \(warning)") }
        if format == .edn, !independent, events.columns.keys.contains(where: { $0 != EventColumns.none }) {
            Console.error(
                "\(history): keys are in a field :key; for Jepsen's checkers, which expect [key value] tuples, add "
                    + "--independent")
        }
        // Opened with the first piece: what cannot be exported must not cost a file that was there.
        var descriptor: Int32 = output == nil ? STDOUT_FILENO : -1
        defer { if output != nil, descriptor >= 0 { _ = close(descriptor) } }
        do {
            try HistoryExport.write(
                events, as: format == .edn ? .edn : .jsonLines, independent: independent
            ) { piece in
                if descriptor < 0, let output {
                    descriptor = open(output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
                    guard descriptor >= 0 else { throw Self.failure("cannot write to", output) }
                }
                try Self.write(piece, to: descriptor, named: output ?? "standard output")
            }
        } catch let error as HistoryError {
            throw CommandFailure.wrongUse("\(history): \(error.description)")
        }
    }

    private static func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32, named name: String) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let part = UnsafeRawBufferPointer(rebasing: rest)
            let count = Glibc.write(descriptor, part.baseAddress, part.count)
            if count < 0 {
                if errno == EINTR { continue }
                // A reader that has seen enough is no failure.
                if errno == EPIPE { throw ExitCode.success }
                throw failure("cannot write to", name)
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ what: String, _ name: String) -> CommandFailure {
        .failure("\(what) \(name): \(String(cString: strerror(errno)))")
    }
}
