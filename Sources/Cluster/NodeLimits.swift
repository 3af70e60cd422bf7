import CLinux
import Glibc

/// The limits of one node's processes, kept by its agent: by control groups where it has been given any, else by
/// looking and signalling. Costs nothing while there is no limit.
struct NodeLimits {
    private(set) var limits = ResourceLimits.none
    private var group: ControlGroup?
    /// Why a group that exists cannot be used.
    private var groupTrouble: Int32 = 0
    /// Bytes that processes had before they came into the group: the kernel does not count those there.
    private var uncounted: Int64 = 0
    private var throttle = ProcessorThrottle()
    private var watch = MemoryWatch()
    private var descriptors = DescriptorLimit()

    private var processes: [ProcessEntry] = []
    private var nextScan: Int64 = 0
    private var killsAtStart: Int64 = 0

    /// Nanoseconds between two readings of the process table, while somebody must know all processes.
    private static let scanInterval: Int64 = 50_000_000

    private var needsLooking: Bool { throttle.isActive || watch.limit != nil || descriptors.limit != nil }

    /// When `look` must be called, in nanoseconds of the monotonic clock; nil: not at all.
    var next: Int64? {
        guard needsLooking else { return nil }
        return [throttle.next, watch.next, nextScan].compactMap { $0 }.min()
    }

    /// Processes that a memory limit has killed since the node's first start.
    var outOfMemoryKills: Int64 { watch.kills + (group?.outOfMemoryKills ?? 0) }
    /// How many of them belong to the run that has begun last; nil where nobody would know.
    var memoryKillsOfRun: Int64? {
        let isCounted = group?.places.memory != nil && groupTrouble == 0 || hadMemoryLimit
        return isCounted ? outOfMemoryKills - killsAtStart : nil
    }
    /// Whether that run has had a memory limit, if only for a time.
    private(set) var hadMemoryLimit = false

    // MARK: The life of a run

    /// Puts the process that will become the node's program under the limits.
    mutating func admit(_ process: Int32) {
        killsAtStart = outOfMemoryKills
        hadMemoryLimit = limits.memory != nil
        processes = []
        nextScan = 0
        throttle.forget()
        uncounted = 0
        if let group, groupTrouble == 0 {
            groupTrouble = group.add(process)
            if limits.memory != nil, groupTrouble == 0 { _ = group.setMemory(limits.memory) }
        }
        if descriptors.limit != nil,
            let entry = readFile("/proc/\(process)/stat").flatMap(ProcessEntry.init(statistics:))
        {
            descriptors.look([entry])
        }
    }

    /// Does what is due.
    mutating func look(_ run: NodeRun) {
        guard needsLooking, !run.isPaused else { return }
        let now = lab_monotonic_time()
        if now >= nextScan {
            processes = run.processes()
            nextScan = lab_monotonic_time() + NodeLimits.scanInterval
            descriptors.look(processes)
        }
        if let moment = watch.next, now >= moment { watch.look(processes) }
        if let moment = throttle.next, now >= moment { throttle.look(processes) }
    }

    /// Lets processes that it has stopped go on: something is about to be done to them that takes its time.
    mutating func release() { throttle.release(processes) }

    // MARK: Changes

    /// Uses these groups from now on, and puts running processes into them.
    mutating func use(_ places: ControlGroups.Places, _ run: NodeRun?) {
        guard group == nil, !places.folders.isEmpty else { return }
        let group = ControlGroup(places: places)
        self.group = group
        guard let run else { return }
        var known: Set<ProcessEntry.ID> = []
        while groupTrouble == 0 {
            let fresh = run.processes().filter { !known.contains($0.id) }
            if fresh.isEmpty { break }
            for process in fresh where groupTrouble == 0 {
                uncounted += MemoryWatch.resident(process.pid).own
                groupTrouble = group.add(process.pid)
            }
            known.formUnion(fresh.map(\.id))
        }
    }

    mutating func set(_ wanted: ResourceLimits, _ run: NodeRun?) throws(ClusterError) -> LimitProof {
        let start = lab_monotonic_time()
        try NodeLimits.check(wanted)
        processes = run?.processes() ?? []
        nextScan = start
        limits = wanted
        if wanted.memory != nil { hadMemoryLimit = true }
        var proof = LimitProof(processes: processes.count, elapsed: 0, mechanisms: [:], inForce: [:])
        let isShareGrouped = setShare(wanted.processorShare, &proof)
        throttle.set(share: isShareGrouped ? nil : wanted.processorShare, slowdown: wanted.slowdown, processes)
        if let cycle = wanted.slowdown {
            proof.mechanisms["slow-down"] =
                "signals stop all processes for \(cycle.stopped / 1000) us after every \(cycle.running / 1000) us"
            proof.inForce["slow-down"] = Int64(cycle.share * 1_000_000)
        }
        setMemory(wanted.memory, &proof)
        try descriptors.set(wanted.fileDescriptors, processes)
        if wanted.fileDescriptors != nil {
            proof.mechanisms["file descriptors"] = "the soft limit of each process (prlimit)"
            proof.inForce["file descriptors"] = NodeLimits.descriptorLimit(of: processes) ?? wanted.fileDescriptors
        }
        proof.elapsed = lab_monotonic_time() - start
        return proof
    }

    private static func check(_ limits: ResourceLimits) throws(ClusterError) {
        func refuse(_ what: String) -> ClusterError { ClusterError("limit", what) }
        if let share = limits.processorShare, share < 1000 {
            throw refuse("a share of \(share) millionths of a processor; at least a thousandth, 1000")
        }
        if let memory = limits.memory, memory < 0 { throw refuse("\(memory) bytes of memory") }
        if let count = limits.fileDescriptors, count < 0 { throw refuse("\(count) file descriptors") }
        if let cycle = limits.slowdown, cycle.running < 100_000 || cycle.stopped < 0 || cycle.stopped > 60_000_000_000 {
            throw refuse("a cycle that runs for less than 0.1 ms or stops for more than a minute")
        }
    }

    /// Where and why processes are watched instead of being in a group.
    private func withoutGroup(_ place: ControlGroups.Place?) -> String {
        if groupTrouble != 0 { return "the control group takes no processes: \(errorText(groupTrouble))" }
        return place == nil ? "no control group can be made here" : "the control group refuses"
    }

    /// - Returns: whether a group enforces it.
    private mutating func setShare(_ share: Int64?, _ proof: inout LimitProof) -> Bool {
        let isUsable = group?.places.processor != nil && groupTrouble == 0
        let code = isUsable ? group!.setShare(share) : ENOTSUP
        guard let share else { return true }
        if code == 0, let group, let place = group.places.processor {
            proof.mechanisms["processor"] = "control group, version \(place.version) (\(ControlGroup.shareFile(place)))"
            proof.inForce["processor"] = group.share ?? 0
            return true
        }
        proof.mechanisms["processor"] =
            "signals stop all processes when they have had their share (\(withoutGroup(group?.places.processor)))"
        proof.inForce["processor"] = share
        return false
    }

    private mutating func setMemory(_ bytes: Int64?, _ proof: inout LimitProof) {
        watch.limit = nil
        let isUsable = group?.places.memory != nil && groupTrouble == 0
        // What the kernel does not count is allowed for.
        let code = isUsable ? group!.setMemory(bytes.map { max(0, $0 - uncounted) }) : ENOTSUP
        guard let bytes else { return }
        if code == 0, let group, let place = group.places.memory {
            var words = "control group, version \(place.version) (\(ControlGroup.memoryFile(place)))"
            if uncounted > 0 { words += "; \(uncounted) bytes were in use before and are allowed for" }
            proof.mechanisms["memory"] = words
            proof.inForce["memory"] = (group.memoryLimit ?? bytes) + uncounted
            return
        }
        watch.limit = bytes
        proof.mechanisms["memory"] =
            "a look every \(MemoryWatch.interval / 1_000_000) ms; the largest process is killed when all have more "
            + "(\(withoutGroup(group?.places.memory)))"
        proof.inForce["memory"] = bytes
    }

    // MARK: Use

    private static func descriptorLimit(of processes: [ProcessEntry]) -> Int64? {
        processes.compactMap { process in
            var limit: UInt64 = 0
            var largest: UInt64 = 0
            return lab_descriptor_limit(process.pid, &limit, &largest) == 0 ? Int64(clamping: limit) : nil
        }.min()
    }

    func use(of run: NodeRun?) -> ResourceUse {
        let processes = run?.processes() ?? []
        var use = ResourceUse(processes: processes.count)
        for process in processes {
            use.processorTime += max(0, lab_processor_time(process.pid))
            use.memory += MemoryWatch.resident(process.pid).all
            use.fileDescriptors = max(
                use.fileDescriptors, Int64(ProcessTree.numbers(in: "/proc/\(process.pid)/fd").count))
        }
        if let group, group.places.memory != nil, groupTrouble == 0, uncounted == 0 { use.memory = group.usedMemory }
        use.fileDescriptorLimit = NodeLimits.descriptorLimit(of: processes) ?? 0
        let throttled = group?.throttled ?? (count: 0, time: 0)
        use.stops = throttle.stops + throttled.count
        use.stoppedTime = throttle.stoppedTime(now: lab_monotonic_time()) + throttled.time
        use.outOfMemoryKills = outOfMemoryKills
        return use
    }
}
