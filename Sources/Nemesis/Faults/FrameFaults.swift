import PolygraphCluster
import PolygraphHistory

/// Frames get lost, one by one or in bursts.
public enum LossEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "loss", group: .network, summary: "lose frames, evenly or in bursts",
        parameters: [
            FaultParameter("share", .share(above: 0, upTo: 1), isRequired: true, "of the frames, on average"),
            FaultParameter(
                "burst", .count(2...10_000), "how many frames are lost in a row, on average; without it each for itself"
            ),
        ] + LinkSelection.parameters(),
        shorthand: "share", needs: LinkSelection.filter + "; with `burst` the kernel's netem", proof: "frames lost",
        undo: "no frame is lost any more")

    public static func problems(with settings: FaultSettings) -> [FaultProblem] {
        settings["burst"] != nil && settings.number("share") > 0.9
            ? [FaultProblem("share", "is at most 90% with `burst`, or the bursts would never end")] : []
    }

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        let share = settings.number("share")
        guard settings["burst"] != nil else { return [.loss(share: share)] }
        // A chain of two states: the share of the bad one is enter / (enter + leave).
        let leave = 1 / Double(settings.integer("burst"))
        return [.burstLoss(enter: min(1, leave * share / (1 - share)), leave: leave, within: 1)]
    }

    public static func words(_ settings: FaultSettings) -> String {
        Quantity.describe(fraction: settings.number("share"))
            + (settings["burst"] == nil ? "" : " in bursts of \(settings.integer("burst"))")
    }

    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.lostFrames }
}

/// Frames arrive twice.
public enum DuplicationEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "duplicate", group: .network, summary: "deliver frames twice",
        parameters: [
            FaultParameter("share", .share(above: 0, upTo: 1), isRequired: true, "of the frames")
        ] + LinkSelection.parameters(),
        shorthand: "share", needs: LinkSelection.emulation, proof: "copies made",
        undo: "every frame comes once again")

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.duplication(share: settings.number("share"))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        Quantity.describe(fraction: settings.number("share"))
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.duplicatedFrames }
}

/// Frames overtake each other.
public enum ReorderingEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "reorder", group: .network, summary: "hold some frames back, so that later ones overtake them",
        parameters: [
            FaultParameter("share", .share(above: 0, upTo: 1), isRequired: true, "of the frames is held back"),
            FaultParameter("by", .duration(atLeast: 1), standard: .integer(5_000_000), "how long"),
        ] + LinkSelection.parameters(),
        shorthand: "share", needs: LinkSelection.emulation,
        proof: "frames held back, and those that were overtaken", undo: "frames come in order again")

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.reordering(share: settings.number("share"), heldBack: settings.integer("by"))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        "\(Quantity.describe(fraction: settings.number("share"))) held back by "
            + Quantity.describe(duration: settings.integer("by"))
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.reorderedFrames }
}

/// Bits of frames are inverted.
public enum CorruptionEffect: LinkEffectKind {
    public static let description = FaultDescription(
        name: "corrupt", group: .network,
        summary: "invert bits of frames; the receiver's checksum notices, so TCP repeats them and UDP loses them",
        parameters: [
            FaultParameter("share", .share(above: 0, upTo: 1), isRequired: true, "of the frames"),
            FaultParameter("bits", .count(1...15), standard: .integer(1), "neighbouring bits of each"),
        ] + LinkSelection.parameters(),
        shorthand: "share", needs: LinkSelection.emulation, proof: "frames changed",
        undo: "frames come as they were sent again")

    public static func effects(_ settings: FaultSettings) -> [LinkEffect] {
        [.corruption(share: settings.number("share"), bits: Int(settings.integer("bits")))]
    }
    public static func words(_ settings: FaultSettings) -> String {
        Quantity.describe(fraction: settings.number("share"))
    }
    public static func strikes(_ counters: LinkCounters) -> UInt64 { counters.corruptedFrames }
}
