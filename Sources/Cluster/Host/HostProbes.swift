import Glibc

/// What `polygraph host probe` tries, and how it says what came of it.
public enum HostProbes {
    static let systemClock = "the host's own clock"

    /// What nodes on hosts need of that which the lab needs.
    private static let shared: Set<String> = [
        "process namespaces", "mounts", "tracing of processes", "bending of clocks", "supervision of system calls",
    ]

    /// Tries everything, on this machine.
    public static func run() -> [LabProbe.Result] {
        LabProbe.run().filter { shared.contains($0.name) }.map { probe in
            var probe = probe
            if probe.cost == "no local nodes" { probe.cost = "no nodes on this host" }
            probe.cost = probe.cost.split(separator: " on local nodes").joined()
            return probe
        } + HostNetworkProbe.run() + [ResourceProbe.run(), clock]
    }

    /// Whether this process may set the clock; nothing is changed.
    private static var clock: LabProbe.Result {
        let status = String(decoding: readFile("/proc/self/status") ?? [], as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") } ?? ""
        let capabilities = UInt64(line.dropFirst(7).filter(\.isHexDigit), radix: 16) ?? 0
        let mayBeSet = capabilities >> 25 & 1 == 1  // CAP_SYS_TIME
        return LabProbe.Result(
            name: systemClock, works: mayBeSet, cost: "no clock faults with clocks: system",
            remedy: mayBeSet ? "" : "say clocks: processes; a container must not change the clock of its machine")
    }

    /// A line for each: name, whether it works, cost and remedy, apart by tabs.
    public static func text(_ results: [LabProbe.Result]) -> String {
        results.map { result in
            [result.name, result.works ? "ok" : "missing", result.cost, result.remedy].map { word in
                String(word.map { $0 == "\t" || $0.isNewline ? " " : $0 })
            }.joined(separator: "\t")
        }.joined(separator: "\n")
    }

    static func parse(_ text: String) -> [LabProbe.Result] {
        text.split(separator: "\n").compactMap { line in
            let words = line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
            guard words.count == 4 else { return nil }
            return LabProbe.Result(name: words[0], works: words[1] == "ok", cost: words[2], remedy: words[3])
        }
    }
}
