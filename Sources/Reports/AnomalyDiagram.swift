import PolygraphChecking
import PolygraphHistory

/// The operations that a proof cites as bars over time, with the faults in force behind them, as SVG.
///
/// Time is elastic: the order of all beginnings and ends is exact, long stretches in which nothing begins or ends
/// are shortened. That is what a proof of order needs, and it shows a write of the first second beside a read of
/// the last.
struct AnomalyDiagram {
    let calls: [Call]
    /// Index of the invocation at which the history became impossible.
    let failedAt: Int?
    let faults: [RecordedFault]
    let isNarrow: Bool

    /// More operations than this make no picture.
    static let callsAtMost = 24
    /// More faults than this hide the operations; the others stand in the fault log.
    private static let faultsAtMost = 6

    private var width: Double { isNarrow ? 360 : 1040 }
    private var left: Double { isNarrow ? 8 : 316 }
    private var right: Double { width - (isNarrow ? 8 : 16) }
    private var rowHeight: Double { isNarrow ? 72 : 50 }
    private let faultHeight = 22.0
    private let axisHeight = 30.0

    func render() -> Markup {
        let shown = Array(calls.prefix(Self.callsAtMost))
        let start = shown.map(\.invocation.time).min() ?? 0
        let end = shown.map { $0.completion?.time ?? $0.invocation.time }.max() ?? start
        let bands = Array(faults.filter { $0.isInForce(from: start, to: end) }.prefix(Self.faultsAtMost))
        let scale = ElasticScale(moments(shown, bands, start, end), from: left + 6, to: right - 14)
        let top = Double(bands.count) * faultHeight + 10
        let bottom = top + Double(shown.count) * rowHeight
        let height = bottom + axisHeight

        return element(
            "svg", .class(isNarrow ? "diagram narrow" : "diagram wide"),
            .init("viewBox", "0 0 \(Units.fixed(width, 0)) \(Units.fixed(height, 0))"), .init("role", "img"),
            .label("The cited operations in the order of time, with the faults in force")
        ) {
            for (row, fault) in bands.enumerated() { band(fault, row, bottom, scale, start, end) }
            axis(scale, bottom, decimals: scale.decimals)
            for (row, call) in shown.enumerated() {
                self.row(call, y: top + Double(row) * rowHeight, scale, decimals: scale.decimals)
            }
            if let call = shown.first(where: { $0.invocation.index == failedAt }) {
                let x = scale.position(call.completion?.time ?? call.invocation.time)
                line("impossible", x, top - 4, x, bottom)
            }
        }
    }

    private func moments(_ calls: [Call], _ bands: [RecordedFault], _ start: Int64, _ end: Int64) -> [Int64] {
        calls.flatMap { [$0.invocation.time, $0.completion?.time ?? $0.invocation.time] }
            + bands.flatMap { [$0.began, $0.ended].compactMap { $0 } }.filter { $0 > start && $0 < end }
    }

    private func band(
        _ fault: RecordedFault, _ row: Int, _ bottom: Double, _ scale: ElasticScale, _ start: Int64, _ end: Int64
    ) -> Markup {
        let began = fault.began ?? start
        let from = began <= start ? left : scale.position(began)
        let to = fault.ended.map { $0 >= end ? right : scale.position($0) } ?? right
        let y = Double(row) * faultHeight + 2
        let tint = "fault-" + FaultFamily(function: fault.function).rawValue
        let room = max(Int((right - max(from, left) - 10) / 6.6), 4)
        let text = fault.summary.isEmpty ? fault.title : "\(fault.title): \(fault.summary)"
        return element("g", .class(tint)) {
            rectangle("band", from, y, max(to - from, 2), bottom - y)
            rectangle("strip", from, y, max(to - from, 2), faultHeight - 5)
            self.text("fault", min(from, right - 120) + 6, y + 12.5, SafeText.truncated(SafeText.clean(text), to: room))
            element("title") { text }
        }
    }

    private func row(_ call: Call, y: Double, _ scale: ElasticScale, decimals: Int) -> Markup {
        let isFailing = call.invocation.index == failedAt
        let from = scale.position(call.invocation.time)
        let to = call.completion.map { scale.position($0.time) } ?? from
        let barY = isNarrow ? y + 34 : y + 8
        let names = "call \(call.outcome.rawValue)\(isFailing ? " failing" : "")"
        let seconds = { (time: Int64) in Units.fixed(Double(time) / 1e9, decimals) }
        let times =
            "\(seconds(call.invocation.time)) – \(call.completion.map { seconds($0.time) + " s" } ?? "never answered")"
            + " · \(call.outcome.rawValue)"
        let timesLeft = from < (left + right) / 2
        return element("a", .link(toFragment: "op-\(call.invocation.index)"), .class(names)) {
            element("title") { "\(call.text), \(call.place), \(times)" }
            rectangle("row", 0, y, width, rowHeight - 4)
            text(
                "what", isNarrow ? left : 12, y + (isNarrow ? 12 : 19),
                (isFailing ? "✗ " : "") + SafeText.truncated(SafeText.clean(call.text), to: isNarrow ? 40 : 36))
            text(
                "who", isNarrow ? left : 12, y + (isNarrow ? 27 : 36),
                "#\(call.invocation.index) · \(SafeText.clean(call.place))")
            if call.outcome == .info {
                // From here on it may take effect at any time, or never.
                rectangle("open", from, barY, right - from, 16)
            }
            rectangle("bar", from, barY, max(to - from, 3), 16)
            text(
                timesLeft ? "times" : "times ending", timesLeft ? from : max(to, from + 3), barY + 29, times)
        }
    }

    private func axis(_ scale: ElasticScale, _ bottom: Double, decimals: Int) -> Markup {
        var labels: [Markup] = []
        var free = -Double.infinity
        for moment in scale.moments {
            let x = scale.position(moment)
            labels.append(line("tick", x, 4, x, bottom))
            let label = Units.fixed(Double(moment) / 1e9, decimals) + " s"
            let half = Double(label.count) * 3.3
            let middle = min(max(x, left + half), right - half)
            guard middle - half > free else { continue }
            labels.append(text("time", middle, bottom + 18, label))
            free = middle + half + 8
        }
        return .group(labels)
    }

    private func rectangle(_ name: String, _ x: Double, _ y: Double, _ width: Double, _ height: Double) -> Markup {
        element(
            "rect", .class(name), .number("x", x), .number("y", y), .number("width", width),
            .number("height", height), .init("rx", name == "bar" || name == "open" || name == "row" ? "3" : "0"))
    }

    private func line(_ name: String, _ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double) -> Markup {
        element("line", .class(name), .number("x1", x1), .number("y1", y1), .number("x2", x2), .number("y2", y2))
    }

    private func text(_ name: String, _ x: Double, _ y: Double, _ content: String) -> Markup {
        element("text", .class(name), .number("x", x), .number("y", y)) { content }
    }
}

/// Positions for moments that keep their order, give every gap room to be seen, and long ones little more.
struct ElasticScale {
    /// Ascending, without doubles.
    let moments: [Int64]
    private let positions: [Double]

    init(_ all: [Int64], from left: Double, to right: Double) {
        moments = Set(all).sorted()
        let gaps = zip(moments, moments.dropFirst()).map { Double($1 - $0) }
        let shortest = gaps.min() ?? 1
        let weights = gaps.map { min(1 + 2 * ElasticScale.decades($0 / shortest), 6) }
        let total = weights.reduce(0, +)
        var positions = [left]
        for weight in weights { positions.append((positions.last ?? left) + weight / total * (right - left)) }
        self.positions = positions
    }

    /// Decimals of a second that tell all moments apart: 3, or 6 where that is not enough.
    var decimals: Int {
        zip(moments, moments.dropFirst()).contains { $1 - $0 < 1_000_000 } ? 6 : 3
    }

    /// Where a moment lies; one between two known moments in proportion, one outside at the edge.
    func position(_ moment: Int64) -> Double {
        guard let after = moments.firstIndex(where: { $0 >= moment }) else { return positions.last ?? 0 }
        if moments[after] == moment || after == 0 { return positions[after] }
        let share = Double(moment - moments[after - 1]) / Double(moments[after] - moments[after - 1])
        return positions[after - 1] + share * (positions[after] - positions[after - 1])
    }

    /// The decimal logarithm, without a mathematics library: exact enough to place a bar.
    private static func decades(_ ratio: Double) -> Double {
        var rest = max(ratio, 1)
        var whole = 0.0
        while rest >= 10 {
            rest /= 10
            whole += 1
        }
        return whole + (rest - 1) / 9
    }
}
