import PolygraphClients
import PolygraphWorkloads

extension WorkloadFile {
    /// Reads secrets and certificates.
    /// - Throws: `CommandFailure` where one is missing.
    mutating func openAccess() throws {
        do throws(AccessError) {
            try readAccess()
        } catch {
            throw CommandFailure.wrongUse("\(path): client: \(error.description)")
        }
    }
}
