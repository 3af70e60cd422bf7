/// What a fault attacks; a report has a colour for each.
enum FaultFamily: String, CaseIterable {
    case network, name, process, resource, clock, disk, membership, other

    /// By the function of a fault's events: `partition`, `kill`, … Functions of other tools are `other`.
    init(function: String) { self = Self.families[function] ?? .other }

    private static let families: [String: FaultFamily] = {
        let functions: [(FaultFamily, [String])] = [
            (
                .network,
                [
                    "partition", "cut-clients", "delay", "loss", "duplicate", "reorder", "corrupt", "rate", "reset",
                    "flap", "slow-node", "slow-primary", "wan",
                ]
            ),
            (.name, ["dns"]),
            (
                .process,
                [
                    "kill", "pause", "terminate", "restart", "rolling-restart", "crash-loop", "kill-during-start",
                    "hook",
                ]
            ),
            (.resource, ["cpu", "memory", "file-descriptors", "slow"]),
            (.clock, ["clock", "clock-strobe", "clock-freeze", "clock-slew", "clock-reset"]),
            (.disk, ["disk", "disk-full", "crash-at", "power-failure", "corrupt-files"]),
            (.membership, ["join", "leave", "replace"]),
        ]
        return Dictionary(
            functions.flatMap { family, names in names.map { ($0, family) } }, uniquingKeysWith: { first, _ in first })
    }()
}
