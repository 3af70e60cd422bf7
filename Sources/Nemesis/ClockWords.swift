import PolygraphCluster
import PolygraphHistory

extension ClockSkew {
    /// `+45 s -1.2 %`, or `true` for a clock that is right.
    var words: String {
        if isFrozen { return "stands still" + (offset == 0 ? "" : ", " + Self.words(offset)) }
        var parts: [String] = []
        if offset != 0 { parts.append(Self.words(offset)) }
        if ratePartsPerMillion != 0 {
            let tenths = abs(ratePartsPerMillion) / 1_000
            parts.append("\(ratePartsPerMillion > 0 ? "+" : "-")\(tenths / 10).\(tenths % 10) %")
        }
        if let slew {
            parts.append("\(Self.words(slew.gain)) over \(Quantity.describe(duration: slew.duration))")
        }
        if let strobe {
            parts.append(
                "\(Self.words(strobe.amplitude)) to and fro every \(Quantity.describe(duration: strobe.period))")
        }
        return parts.isEmpty ? "true" : parts.joined(separator: " ")
    }

    private static func words(_ offset: Int64) -> String {
        (offset > 0 ? "+" : "-") + Quantity.describe(duration: abs(offset))
    }
}

enum ClockWords {
    /// What wrong clocks need.
    static let needs = "tracing of processes; on hosts with `clocks: system` the right to set the clock"
}
