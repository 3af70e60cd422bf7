import PolygraphCluster
import PolygraphHistory

/// What all clock faults in force make of each node's clock: their errors add up.
public final class ClockBoard {
    private let transport: any Transport
    private let now: () -> Int64

    private struct Error {
        /// What the clock shows at `since`, and how it runs from then on.
        var skew: ClockSkew
        /// Nanoseconds since the run began.
        var since: Int64
    }

    /// By node, by number of the fault.
    private var errors: [Int: [Int: Error]] = [:]

    init(_ transport: any Transport, _ now: @escaping () -> Int64) {
        self.transport = transport
        self.now = now
    }

    /// Adds an error to a node's clock; `apply` puts it in force.
    public func bend(_ node: Int, _ skew: ClockSkew, for fault: Int) {
        errors[node, default: [:]][fault] = Error(skew: skew, since: now())
    }

    /// Takes the error back that a fault added; `apply` puts that in force.
    public func release(_ node: Int, from fault: Int) { errors[node]?[fault] = nil }

    /// What the clock of a node should show now.
    public func skew(of node: Int) -> ClockSkew {
        var sum = ClockSkew.none
        let time = now()
        for error in errors[node, default: [:]].values {
            sum.offset += error.skew.offset + (time - error.since) / 1_000 * error.skew.ratePartsPerMillion / 1_000
            sum.ratePartsPerMillion += error.skew.ratePartsPerMillion
        }
        return sum
    }

    /// Sets a clock that is wrong once more, for processes that have just been started.
    /// - Returns: the offset in nanoseconds that was measured; nil for a clock that is right.
    func renew(_ node: Int) throws(ClusterError) -> Int64? {
        let skew = skew(of: node)
        return skew == .none ? nil : try transport.setClock(transport.nodes[node], skew).measuredOffset
    }

    /// Sets the clocks of these nodes, and reads them back. Goes on where one fails.
    func apply(_ nodes: [Int], _ context: NemesisContext) -> FaultProof {
        var allProved = true
        var anyUp = false
        var skews: [String: Value] = [:]
        var proof = context.each(nodes) { node throws(ClusterError) in
            let skew = skew(of: node)
            skews[transport.nodes[node].name] = [
                "offset": .integer(skew.offset), "rate": .integer(skew.ratePartsPerMillion),
            ]
            let setAt = now()
            let measured = try transport.setClock(transport.nodes[node], skew)
            guard context.isUp(node) else { return "is not running; it will start with this clock" }
            anyUp = true
            // While it was read the clock went on drifting.
            let drifted = (now() - setAt) * abs(skew.ratePartsPerMillion) / 1_000_000
            if abs(measured.measuredOffset - skew.offset) > 20_000_000 + drifted { allProved = false }
            return [
                "measured_offset": .integer(measured.measuredOffset), "processes": .integer(Int64(measured.processes)),
                "elapsed_ns": .integer(measured.elapsed), "method": .string(measured.method),
            ]
        }
        proof.skew = skews
        proof.isProved = allProved && anyUp && proof.failures.isEmpty
        return proof
    }
}
