import PolygraphChecking
import PolygraphHistory

/// How far the wall clock of each node was from the true time, by the events of clock faults: what it was set to each
/// time, and what the node's own processes read then.
struct ClockTrace {
    /// What a clock shows from a moment on, until the next setting. Nanoseconds; positive is ahead of the true time.
    struct Setting {
        var time: Int64
        var offset: Int64
        /// Parts per million too fast.
        var rate: Int64 = 0
        /// An error that grows evenly for so long, and stays.
        var slew: (gain: Int64, duration: Int64)?
        /// Jumps to and fro: it is ahead by so much in the second half of each period.
        var strobe: (period: Int64, amplitude: Int64)?
        /// As it was read; nil where nobody could.
        var measured: Int64?

        /// All of it in the order in which the page's script reads it.
        var numbers: [Int64?] {
            [
                time, offset, rate, slew?.gain, slew?.duration, strobe?.period, strobe?.amplitude, measured,
            ]
        }
    }

    /// By node, those with the lowest numbers first.
    private(set) var nodes: [(name: String, settings: [Setting])] = []

    init(_ history: History) {
        var settings: [String: [Setting]] = [:]
        for event in history.operations where event.process == .nemesis {
            guard event.value["stage"]?.stringValue == "effect", let skews = event.value["skew"]?.fields else {
                continue
            }
            for (node, skew) in skews {
                var setting = Setting(time: event.time, offset: skew["offset"]?.integerValue ?? 0)
                setting.rate = skew["rate"]?.integerValue ?? 0
                if let gain = skew["slew"]?["gain"]?.integerValue,
                    let duration = skew["slew"]?["duration"]?.integerValue
                {
                    setting.slew = (gain, duration)
                }
                if let period = skew["strobe"]?["period"]?.integerValue,
                    let amplitude = skew["strobe"]?["amplitude"]?.integerValue
                {
                    setting.strobe = (period, amplitude)
                }
                setting.measured = event.value["proof"]?[node]?["measured_offset"]?.integerValue
                settings[node, default: []].append(setting)
            }
        }
        nodes = settings.sorted { NodeNames.precedes($0.key, $1.key) }.map { ($0.key, $0.value) }
    }

    var isEmpty: Bool { nodes.isEmpty }

    /// For the page's script: name and settings of each node.
    var value: Value {
        .list(
            nodes.map { node in
                [
                    .string(node.name),
                    .list(node.settings.map { .list($0.numbers.map { $0.map(Value.integer) ?? .null }) }),
                ]
            })
    }
}
