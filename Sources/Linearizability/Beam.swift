/// Chooses the configurations that a beam keeps.
struct BeamSelection {
    private let layout: ConfigurationLayout
    /// Of each group of configurations that differ only in what they used: its hash, and how many are kept of it.
    private var groups: [UInt64] = []
    private var kept: [UInt8] = []

    init(_ layout: ConfigurationLayout) { self.layout = layout }

    /// Keeps `count` configurations: of each state the one that is furthest, then whatever is furthest.
    ///
    /// Where optional operations are counted, what one used now decides much later. So of the configurations that
    /// differ in nothing else a few are kept, the ones that used least and some others, and many more altogether.
    mutating func narrow(_ frontier: ConfigurationPool, to count: Int) {
        if layout.usedAt < layout.linkAt {
            narrowVariants(frontier, each: max(2, count / 8), all: count * 32)
        } else if frontier.count > count {
            narrowByProgress(frontier, to: count)
        }
    }

    private func narrowByProgress(_ frontier: ConfigurationPool, to count: Int) {
        var ranked = (0..<frontier.count).map { place in
            (progress: layout.progress(frontier[place]), state: layout.state(frontier[place]), place: Int32(place))
        }
        ranked.sort { ($1.progress, $0.place) < ($0.progress, $1.place) }
        var states: [Int32] = []
        var first: [Int32] = []
        var others: [Int32] = []
        for entry in ranked {
            if states.count < count / 2 + 1 && !states.contains(entry.state) {
                states.append(entry.state)
                first.append(entry.place)
            } else {
                others.append(entry.place)
            }
        }
        frontier.keep((first + others.prefix(max(0, count - first.count))).sorted())
    }

    private mutating func narrowVariants(_ frontier: ConfigurationPool, each: Int, all: Int) {
        var ranked = (0..<frontier.count).map { (uses: layout.uses(frontier[$0]), place: Int32($0)) }
        ranked.sort { ($0.uses, $0.place) < ($1.uses, $1.place) }
        var size = 64
        while size < frontier.count * 2 { size *= 2 }
        groups = [UInt64](repeating: 0, count: size)
        kept = [UInt8](repeating: 0, count: size)
        var places: [Int32] = []
        for entry in ranked where places.count < all {
            var hash: UInt64 = 0x9e37_79b9_7f4a_7c15
            for word in 0..<layout.usedAt { hash = mix(hash ^ frontier[Int(entry.place)][word]) }
            hash |= 1
            var slot = Int(truncatingIfNeeded: hash >> 32) & (size - 1)
            while groups[slot] != 0 && groups[slot] != hash { slot = (slot + 1) & (size - 1) }
            groups[slot] = hash
            if Int(kept[slot]) >= each { continue }
            kept[slot] += 1
            places.append(entry.place)
        }
        if places.count < frontier.count { frontier.keep(places.sorted()) }
    }
}

/// Earlier frontiers of a search with a beam, the newest of them close together, older ones further apart.
struct SnapshotHistory {
    struct Snapshot {
        /// The event to go on with.
        var event: Int
        fileprivate var words: [UInt64]
        /// What was open and what was available then.
        var open: (mutators: [Int32], observers: [Int32])
        var available: [Int32]
        var lanes: LaneIndex
        /// Whether nothing had been left out.
        var isComplete: Bool
        fileprivate let width: Int

        func restore(into frontier: ConfigurationPool) {
            words.withUnsafeBufferPointer { words in
                guard let base = words.baseAddress else { return }
                for start in stride(from: 0, to: words.count, by: width) { frontier.append(base + start) }
            }
        }
    }

    private static var distance: Int { 128 }
    private static var limit: Int { 32 }
    /// Beams that are tried from where one died, each eight times as wide as the one before, before none is.
    private static var widenings: Int { 2 }

    private let width: Int
    private var snapshots: [Snapshot] = []
    private var attempts = 0
    private var returns = 0
    /// The first event after which the next snapshot is due.
    private(set) var nextAt = 0
    /// The event after which the narrow beam serves again; -1 for none.
    private(set) var narrowAgainAt = -1

    init(width: Int) { self.width = width }

    var bytes: Int { snapshots.reduce(0) { $0 + $1.words.capacity * 8 } }

    mutating func add(
        _ frontier: ConfigurationPool, open: (mutators: [Int32], observers: [Int32]), available: [Int32],
        lanes: LaneIndex, event: Int, isComplete: Bool
    ) {
        nextAt = event + Self.distance
        let words = Array(UnsafeBufferPointer(start: frontier.base, count: frontier.count * width))
        // Of complete ones the newest serves best.
        if isComplete { snapshots.removeAll() }
        snapshots.append(
            Snapshot(
                event: event, words: words, open: open, available: available, lanes: lanes, isComplete: isComplete,
                width: width))
        if snapshots.count > Self.limit {
            // The first may be the complete one; of the older half every other goes.
            let older = snapshots.prefix(Self.limit / 2)
            let newer = snapshots.dropFirst(Self.limit / 2)
            snapshots = older.enumerated().filter { $0.offset % 2 == 0 }.map(\.element) + newer
        }
    }

    /// Whether only a search without beam is left, once the present beam dies at `death`.
    func isAtEnd(_ death: Int) -> Bool { death <= narrowAgainAt && attempts >= Self.widenings || returns >= 63 }

    /// The snapshot to go back to, and the beam to use from there.
    mutating func goBack(from death: Int, firstBeam: Int) -> (Snapshot, beam: Int) {
        attempts += 1
        returns += 1
        if death > narrowAgainAt { attempts = 1 }
        narrowAgainAt = max(death, narrowAgainAt) &+ Self.distance
        var beam = Int.max
        if attempts <= Self.widenings && returns < 64 {
            beam = firstBeam
            for _ in 0..<attempts { beam *= 8 }
            let steps = min(1 << (2 * attempts), snapshots.count) - 1
            snapshots.removeLast(steps)
        } else {
            snapshots.removeLast(snapshots.count - 1)
            if returns >= 64 { narrowAgainAt = .max }
        }
        let snapshot = snapshots[snapshots.count - 1]
        nextAt = snapshot.event + Self.distance
        return (snapshot, beam)
    }

    // MARK: - Steps

    func nodes(_ layout: ConfigurationLayout) -> [Int32] {
        snapshots.flatMap { snapshot in
            stride(from: layout.linkAt, to: snapshot.words.count, by: width).map {
                Int32(truncatingIfNeeded: snapshot.words[$0] & 0xffff_ffff)
            }
        }
    }

    func states() -> [Int32] {
        snapshots.flatMap { snapshot in
            stride(from: 0, to: snapshot.words.count, by: width).map {
                Int32(truncatingIfNeeded: snapshot.words[$0] & 0xffff_ffff)
            }
        }
    }

    mutating func renameStates(_ states: [Int32]) {
        var next = 0
        for place in snapshots.indices {
            for word in stride(from: 0, to: snapshots[place].words.count, by: width) {
                snapshots[place].words[word] =
                    snapshots[place].words[word] & ~0xffff_ffff | UInt64(UInt32(bitPattern: states[next]))
                next += 1
            }
        }
    }

    mutating func rename(_ nodes: [Int32], _ layout: ConfigurationLayout) {
        var next = 0
        for place in snapshots.indices {
            for word in stride(from: layout.linkAt, to: snapshots[place].words.count, by: width) {
                snapshots[place].words[word] =
                    snapshots[place].words[word] & ~0xffff_ffff | UInt64(UInt32(bitPattern: nodes[next]))
                next += 1
            }
        }
    }
}
