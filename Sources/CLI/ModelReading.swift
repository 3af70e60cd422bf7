import ArgumentParser
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels

extension NilRead: ExpressibleByArgument {}
extension LinearizabilityOptions.FailedCAS: ExpressibleByArgument {}

/// Makes models from what the command line says of them.
enum ModelReading {
    /// The catalog's entry of a name.
    static func entry(_ name: String) throws -> ModelCatalog.Entry {
        guard let entry = ModelCatalog.entries.first(where: { $0.name == name }) else {
            throw CommandFailure.wrongUse(
                "unknown model `\(name)`; known: \(ModelCatalog.entries.map(\.name).joined(separator: ", "))")
        }
        return entry
    }

    /// The value of `--init`.
    static func initial(_ text: String) throws -> Value {
        do throws(HistoryError) {
            return try JSONParser.parse(Array(text.utf8))
        } catch {
            throw CommandFailure.wrongUse("--init \(text): \(error.description)")
        }
    }

    /// Makes the model; a mistake names the option that it is in.
    /// - Parameter initial: how `--init` was written.
    static func make(_ entry: ModelCatalog.Entry, _ options: ModelOptions, initial: String) throws -> any Model {
        do throws(ModelOptionsError) {
            return try entry.make(options)
        } catch {
            let option =
                switch error.option {
                case .initial: "--init \(initial)"
                case .permits: "--permits \(options.permits)"
                }
            throw CommandFailure.wrongUse("\(option): \(error.description)")
        }
    }
}
