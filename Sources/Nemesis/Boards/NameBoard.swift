import PolygraphCluster

/// What all faults in force make of questions for names: of two for the same question the older one holds.
public final class NameBoard {
    private let transport: any Transport
    /// By number of the fault.
    private var faults: [Int: [NameFault]] = [:]

    init(_ transport: any Transport) { self.transport = transport }

    public func spoil(_ names: [NameFault], for fault: Int) throws(ClusterError) {
        faults[fault] = names
        try apply()
    }

    public func release(_ fault: Int) throws(ClusterError) {
        faults[fault] = nil
        try apply()
    }

    private func apply() throws(ClusterError) {
        try transport.setNames(faults.keys.sorted().flatMap { faults[$0] ?? [] })
    }
}
