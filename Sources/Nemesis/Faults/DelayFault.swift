import PolygraphCluster
import PolygraphHistory

/// Frames come late.
public enum DelayEffect: LinkEffectKind {
    static let distributions = ["constant", "uniform", "normal", "exponential", "pareto"]

    /// What all kinds of fault that delay say of the delay.
    static func parameters(time: Value? = nil) -> [FaultParameter] {
        [
            FaultParameter(
                "time", .duration(atLeast: 1), standard: time, isRequired: time == nil,
                "how long frames are delayed; of a random delay the mean, for pareto the least"),
            FaultParameter(
                "jitter", .duration(atLeast: 1),
                "how much the delay varies: half the width if uniform, the deviation if normal"),
            FaultParameter(
                "distribution", .word(distributions), "of the delay; normal with jitter and constant without"),
            FaultParameter("shape", .number(0.1...100), standard: .double(2), "of pareto; small is wild"),
            FaultParameter("correlation", .share(above: 0, upTo: 0.999), "how much a delay resembles the one before"),
            FaultParameter("overtaking", .flag, standard: .bool(false), "whether frames may overtake each other"),
        ]
    }

    public static let description = FaultDescription(
        name: "delay", group: .network, summary: "delay frames, by a distribution",
        parameters: parameters() + LinkSelection.parameters(), shorthand: "time",
        needs: LinkSelection.emulation, proof: "frames delayed, and their mean delay as measured",
        undo: "frames pass at once again", reach: [.local, .hosts, .external])

    /// The distribution that the settings name.
    private static func name(_ settings: FaultSettings) -> String {
        settings.text("distribution") ?? (settings["jitter"] == nil ? "constant" : "normal")
    }

    public static func problems(with settings: FaultSettings) -> [FaultProblem] {
        let name = name(settings)
        let needsJitter = name == "uniform" || name == "normal"
        if needsJitter, settings["jitter"] == nil {
            return [FaultProblem("distribution", "`\(name)` needs `jitter`, which says how much the delay varies")]
        }
        if !needsJitter, settings["jitter"] != nil {
            return [FaultProblem("jitter", "is for uniform and normal delays; `\(name)` has none")]
        }
        if settings.integer("time") > DelayDistribution.longest {
            return [FaultProblem("time", "is more than a minute, the longest delay of a link")]
        }
        return []
    }

    static func distribution(_ settings: FaultSettings) -> DelayDistribution {
        let time = settings.integer("time")
        let jitter = settings.integer("jitter")
        return switch name(settings) {
        case "uniform": .uniform(max(0, time - jitter)...(time + jitter))
        case "normal": .normal(mean: time, deviation: jitter)
        case "exponential": .exponential(mean: time)
        case "pareto": .pareto(minimum: time, shape: settings.number("shape"))
        default: .constant(time)
        }
    }

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [
            .delay(
                distribution(settings), correlation: settings.number("correlation"),
                keepsOrder: !settings.flag("overtaking"))
        ]
    }

    public static func words(_ settings: FaultSettings) -> String {
        let time = Quantity.describe(duration: settings.integer("time"))
        let name = name(settings)
        if settings["jitter"] != nil {
            return "\(time) ± \(Quantity.describe(duration: settings.integer("jitter")))"
                + (name == "uniform" ? " (uniform)" : "")
        }
        return name == "constant" ? time : "\(time) (\(name))"
    }

    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.delayedFrames }
}

/// A node that answers everybody late.
public enum SlowNodeEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "slow-node", group: .network, summary: "a slow node: all frames from and to it come late",
        parameters: DelayEffect.parameters(time: .integer(200_000_000))
            + LinkSelection.parameters(target: "one", clients: true),
        shorthand: "target", needs: LinkSelection.emulation,
        proof: "frames delayed, and their mean delay as measured", undo: "frames pass at once again",
        reach: [.local, .hosts, .external])

    public static func problems(with settings: FaultSettings) -> [FaultProblem] {
        DelayEffect.problems(with: settings)
    }
    public static func effects(_ settings: FaultSettings) -> [LinkEffect] { DelayEffect.effects(settings) }
    public static func words(_ settings: FaultSettings) -> String { DelayEffect.words(settings) }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.delayedFrames }
}

/// A primary that the others hear late.
public enum SlowPrimaryEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "slow-primary", group: .network, summary: "slow links between the primary and the other nodes",
        parameters: DelayEffect.parameters(time: .integer(200_000_000))
            + LinkSelection.parameters(target: "primary"),
        shorthand: "time", needs: "`system.primary`; " + LinkSelection.emulation,
        proof: "frames delayed, and their mean delay as measured", undo: "frames pass at once again")

    public static func problems(with settings: FaultSettings) -> [FaultProblem] {
        DelayEffect.problems(with: settings)
    }
    public static func effects(_ settings: FaultSettings) -> [LinkEffect] { DelayEffect.effects(settings) }
    public static func words(_ settings: FaultSettings) -> String { DelayEffect.words(settings) }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.delayedFrames }
}
