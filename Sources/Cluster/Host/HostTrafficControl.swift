import Glibc

/// Delays and spoils frames as they leave, by the kernel's queues. The packet filter says which frames pass which
/// queues; all others pass as before.
///
/// On each interface towards a peer, the standard queue is replaced by one of our own at the first need, and comes back
/// at the end. An interface whose queues somebody else has arranged is refused.
struct HostTrafficControl: Sendable {
    private struct Queue: Hashable, Sendable {
        var link: Link
        var stage: HostLinkPlan.QueueStage
    }

    /// Frames that queues have dropped.
    struct Drops: Hashable {
        /// On purpose.
        var lost: UInt64 = 0
        /// For want of room.
        var overflow: UInt64 = 0
    }

    /// The number that marks our queues.
    static let root = "7077:"
    static func classID(_ number: UInt16) -> String { root + String(number, radix: 16) }

    private let ends: HostEnds
    private let programs: HostPrograms
    private var interfaces: [Endpoint: Set<String>] = [:]
    private var governed: Set<String> = []
    private var numbers: [Queue: UInt16] = [:]
    /// Queues that frames are still leaving, but none enters.
    private var idle: [UInt16: Queue] = [:]
    private var latest: UInt16 = 0
    private var latestHandle: UInt16 = 0x7077
    /// What queues that are gone have dropped.
    private var dropped: [Link: Drops] = [:]

    init(ends: HostEnds, programs: HostPrograms) {
        self.ends = ends
        self.programs = programs
    }

    /// Makes the queues that are missing; frames enter them only when the packet filter says so.
    mutating func prepare(
        _ wanted: [Link: [HostLinkPlan.QueueStage]]
    ) throws(ClusterError) -> [Link: [ClassifiedFrames]] {
        removeIdle()
        var script: [String] = []
        var tables: [String: DelayTable] = [:]
        var kept: [Queue: UInt16] = [:]
        var added: Set<String> = []
        var classified: [Link: [ClassifiedFrames]] = [:]
        for (link, stages) in wanted {
            for stage in stages {
                let queue = Queue(link: link, stage: stage)
                let number: UInt16
                if let known = numbers[queue] {
                    number = known
                } else {
                    number = next()
                    let chain = QueueChain(stage.effects)
                    tables.merge(chain.tables) { one, _ in one }
                    for interface in try route(to: link.to) {
                        if !governed.contains(interface), added.insert(interface).inserted {
                            script += try arrangement(of: interface)
                        }
                        script += creation(of: chain, number, interface)
                    }
                }
                kept[queue] = number
                classified[link, default: []].append(
                    ClassifiedFrames(
                        ports: stage.ports, number: number, share: stage.share, strikes: stage.strikes))
            }
        }
        do throws(ClusterError) {
            if !script.isEmpty { try run(script, tables) }
        } catch {
            // Half of the queues are worse than none.
            if numbers.isEmpty {
                governed = []
                try? HostTrafficControl.removeEverything(programs)
            }
            throw error
        }
        governed.formUnion(added)
        for (queue, number) in numbers where kept[queue] == nil { idle[number] = queue }
        numbers = kept
        return classified
    }

    /// Takes away the queues that the change before this one has emptied: what was in them has left. Queues that do
    /// not go, with their interface perhaps, do no harm, and must not keep a cut from being healed.
    private mutating func removeIdle() {
        guard !idle.isEmpty else { return }
        remember(idle)
        let script = governed.sorted().flatMap { interface in
            idle.keys.sorted().map { "class del dev \(interface) classid \(HostTrafficControl.classID($0))\n" }
        }
        idle = [:]
        _ = try? programs.run(["tc", "-force", "-batch", "-"], input: script.joined())
    }

    /// What queues have dropped, before they go.
    private mutating func remember(_ queues: [UInt16: Queue]) {
        // Counters that cannot be read keep nothing from ending.
        guard let gone = try? drops(of: queues) else { return }
        dropped.merge(gone) { HostTrafficControl.sum($0, $1) }
    }

    private static func sum(_ one: Drops, _ other: Drops) -> Drops {
        Drops(lost: one.lost + other.lost, overflow: one.overflow + other.overflow)
    }

    private mutating func next() -> UInt16 {
        repeat { latest = latest >= 0xff00 ? 1 : latest + 1 } while numbers.values.contains(latest)
        return latest
    }

    private mutating func creation(of chain: QueueChain, _ number: UInt16, _ interface: String) -> [String] {
        var parent = HostTrafficControl.classID(number)
        var script = [
            "class add dev \(interface) parent \(HostTrafficControl.root) classid \(parent) htb rate 30gbit "
                + "burst 4mb cburst 4mb quantum 60000"
        ]
        for queue in chain.queues {
            latestHandle = latestHandle >= 0x7ff0 ? 0x7078 : latestHandle + 1
            let handle = String(latestHandle, radix: 16) + ":"
            script.append("qdisc add dev \(interface) parent \(parent) handle \(handle) \(queue)")
            parent = handle + "1"
        }
        return script
    }

    /// The interfaces by which frames leave for a peer.
    private mutating func route(to end: Endpoint) throws(ClusterError) -> Set<String> {
        if let known = interfaces[end] { return known }
        var found: Set<String> = []
        for address in ends.others.first(where: { $0.endpoint == end })?.addresses ?? [] {
            let outcome = try programs.run(["ip", "-o", "route", "get", address])
            let words = outcome.output.split(separator: " ").map { String($0) }
            guard outcome.isSuccess, let index = words.firstIndex(of: "dev"), index + 1 < words.count else {
                throw ClusterError("find the way to \(end)", "ip route get \(address): \(outcome.complaint)")
            }
            found.insert(words[index + 1])
        }
        interfaces[end] = found
        return found
    }

    /// Puts our queue in place of the kernel's standard one, whose number is 0; any other is refused.
    private func arrangement(of interface: String) throws(ClusterError) -> [String] {
        var script: [String] = []
        let outcome = try programs.run(["tc", "qdisc", "show", "dev", interface])
        guard outcome.isSuccess else { throw ClusterError("read the queues of \(interface)", outcome.complaint) }
        for line in outcome.output.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count > 3, words[0] == "qdisc", line.contains(" root ") else { continue }
            if words[2] == HostTrafficControl.root {
                // Left by a process that is gone.
                script.append("qdisc del dev \(interface) root")
            } else if words[2] != "0:" {
                throw ClusterError(
                    "delay frames on \(interface)",
                    "somebody has arranged its queues (\(words[1]) \(words[2])), which must not be disturbed; "
                        + "faults that cut or lose frames work, or take it away: tc qdisc del dev \(interface) root")
            }
        }
        return script + ["qdisc add dev \(interface) root handle \(HostTrafficControl.root) htb default 0"]
    }

    private func run(_ script: [String], _ tables: [String: DelayTable]) throws(ClusterError) {
        var environment: [String: String] = [:]
        var folder: String?
        if !tables.isEmpty {
            var template = Array("/tmp/polygraph-delays-XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else {
                throw ClusterError("delay frames", "no folder for a table of delays in /tmp: \(errorText(errno))")
            }
            let path = template.withUnsafeBytes { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            folder = path
            environment["TC_LIB_DIR"] = path
        }
        defer {
            if let folder {
                _ = removeContents(folder)
                rmdir(folder)
            }
        }
        for (name, table) in tables {
            let code = writeFile("\(folder ?? "")/\(name).dist", table.text)
            if code != 0 { throw ClusterError("delay frames", "no table of delays in /tmp: \(errorText(code))") }
        }
        let outcome = try programs.run(
            ["tc", "-batch", "-"], input: script.joined(separator: "\n") + "\n", environment: environment)
        if !outcome.isSuccess { throw ClusterError("delay frames", HostTrafficControl.explain(outcome)) }
    }

    static func explain(_ outcome: HostPrograms.Outcome) -> String {
        let complaint = "tc: \(outcome.complaint)"
        let text = outcome.errors
        if text.contains("qdisc kind is unknown") || text.contains("No such file or directory") {
            return complaint + "; the kernel lacks netem, htb or tbf: modprobe -a sch_netem sch_htb sch_tbf "
                + "(on Fedora and its kin from the package kernel-modules-extra)"
        }
        if text.contains("Operation not permitted") {
            return complaint + "; root is needed (`sudo: true`), and in a container the capability NET_ADMIN"
        }
        return complaint
    }

    /// Frames that queues have dropped so far, of each link.
    func drops() throws(ClusterError) -> [Link: Drops] {
        let all = numbers.reduce(into: idle) { $0[$1.value] = $1.key }
        return try drops(of: all).merging(dropped) { HostTrafficControl.sum($0, $1) }
    }

    private func drops(of queues: [UInt16: Queue]) throws(ClusterError) -> [Link: Drops] {
        var result: [Link: Drops] = [:]
        for interface in governed where !queues.isEmpty {
            let outcome = try programs.run(["tc", "-s", "class", "show", "dev", interface])
            guard outcome.isSuccess else { throw ClusterError("read the queues of \(interface)", outcome.complaint) }
            for (number, count) in HostTrafficControl.drops(outcome.output) {
                guard let queue = queues[number] else { continue }
                let loses = queue.stage.effects.contains { if case .burstLoss = $0 { true } else { false } }
                let drops = loses ? Drops(lost: count) : Drops(overflow: count)
                result[queue.link] = HostTrafficControl.sum(result[queue.link] ?? Drops(), drops)
            }
        }
        return result
    }

    /// What `tc -s class` says was dropped, by the numbers of our queues.
    static func drops(_ text: String) -> [UInt16: UInt64] {
        var result: [UInt16: UInt64] = [:]
        var number: UInt16?
        for line in text.split(separator: "\n") {
            let words = line.split { $0 == " " || $0 == "(" || $0 == "," }
            if words.count > 2, words[0] == "class" {
                number = words[2].hasPrefix(root) ? UInt16(words[2].dropFirst(root.count), radix: 16) : nil
            } else if let number, words.first == "Sent", let index = words.firstIndex(of: "dropped"),
                index + 1 < words.count, let count = UInt64(words[index + 1])
            {
                result[number] = count
            }
        }
        return result
    }

    /// Gives the interfaces their standard queues back.
    mutating func remove() throws(ClusterError) {
        remember(numbers.reduce(into: idle) { $0[$1.value] = $1.key })
        numbers = [:]
        idle = [:]
        governed = []
        try HostTrafficControl.removeEverything(programs)
    }

    /// Removes our queues from all interfaces, whoever has made them.
    static func removeEverything(_ programs: HostPrograms) throws(ClusterError) {
        guard programs.find("tc") != nil else { return }
        let outcome = try programs.run(["tc", "qdisc", "show"])
        guard outcome.isSuccess else { throw ClusterError("restore the queues", explain(outcome)) }
        for line in outcome.output.split(separator: "\n") {
            let words = line.split(separator: " ").map { String($0) }
            guard words.count > 5, words[2] == root, words[3] == "dev", line.contains(" root ") else { continue }
            let removal = try programs.run(["tc", "qdisc", "del", "dev", words[4], "root"])
            guard removal.isSuccess else { throw ClusterError("restore the queue of \(words[4])", explain(removal)) }
        }
    }
}
