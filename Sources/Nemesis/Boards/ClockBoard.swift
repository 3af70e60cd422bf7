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

    /// Takes back what all faults have added; `apply` puts that in force.
    public func clear(_ node: Int) { errors[node] = nil }

    /// What the clock of a node should show now.
    public func skew(of node: Int) -> ClockSkew {
        let time = now()
        let all = errors[node, default: [:]].sorted { $0.key < $1.key }.map(\.value)
        if let frozen = all.filter(\.skew.isFrozen).min(by: { $0.since < $1.since }) {
            return standing(still: frozen, all, time)
        }
        var sum = ClockSkew.none
        for error in all {
            let elapsed = time - error.since
            var passing = error.skew
            passing.strobe = nil
            sum.offset += passing.error(after: elapsed)
            sum.ratePartsPerMillion += error.skew.ratePartsPerMillion
            if let slew = error.skew.slew, elapsed < slew.duration {
                // Of several the last one's end counts, so that all of them are complete by then.
                sum.slew = ClockSlew(
                    gain: (sum.slew?.gain ?? 0) + slew.gain - slew.gained(after: elapsed),
                    duration: max(sum.slew?.duration ?? 0, slew.duration - elapsed))
            }
            // A clock jumps to and fro in one way at a time: the newest.
            if let strobe = error.skew.strobe { sum.strobe = strobe }
        }
        return sum
    }

    /// A clock that stands still shows the time at which it stopped, but for jumps that have come since.
    private func standing(still frozen: Error, _ all: [Error], _ time: Int64) -> ClockSkew {
        var offset = frozen.skew.offset
        for error in all where !error.skew.isFrozen {
            var passing = error.skew
            passing.strobe = nil
            offset += error.since <= frozen.since ? passing.error(after: frozen.since - error.since) : passing.offset
        }
        return .frozen(at: offset - (time - frozen.since))
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
            skews[transport.nodes[node].name] = skew.value
            let setAt = now()
            let measured = try transport.setClock(transport.nodes[node], skew)
            guard context.isUp(node) else { return "is not running; it will start with this clock" }
            anyUp = true
            // While it was read the clock went on drifting.
            var passing = skew
            passing.strobe = nil
            let drifted = abs(passing.error(after: now() - setAt) - skew.offset)
            let jump = abs(skew.strobe?.amplitude ?? 0)
            if abs(measured.measuredOffset - skew.offset) > 20_000_000 + drifted + jump { allProved = false }
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

extension ClockSkew {
    /// As it stands in the history.
    var value: Value {
        var fields: [String: Value] = ["offset": .integer(offset), "rate": .integer(ratePartsPerMillion)]
        if let slew { fields["slew"] = ["gain": .integer(slew.gain), "duration": .integer(slew.duration)] }
        if let strobe {
            fields["strobe"] = ["period": .integer(strobe.period), "amplitude": .integer(strobe.amplitude)]
        }
        return .object(fields)
    }
}
