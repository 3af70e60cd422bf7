import PolygraphChecking
import PolygraphHistory

/// Decides the weaker levels of tiny histories from their definitions, by trying everything: which operations of unknown
/// outcome took effect, which write each read saw, and every total order. Shares nothing with the ladder.
struct LevelOracle {
    struct Event {
        var process: Int
        var key: Value?
        var reads: Value?
        var refused: Value?
        var writes: Value?
        var invoked: Int
        var returned: Int?
        var began: Int64
        var ended: Int64?
    }

    let initial: Value
    private(set) var events: [Event] = []

    /// - Parameter cited: only the operations whose invocations have these indices; reads of what none of them wrote
    ///   then say nothing.
    init(_ history: History, initial: Value = .null, cited: Set<Int>? = nil) {
        self.initial = initial
        for position in history.invocations {
            let invocation = history.operations[position]
            if let cited, !cited.contains(invocation.index) { continue }
            let completion = history.completion(of: position)
            var event = Event(
                process: invocation.process.number ?? -1, key: invocation.key, invoked: position,
                began: invocation.time)
            if completion?.kind == .ok || completion?.kind == .fail {
                event.returned = Int(history.partner[position])
                event.ended = completion?.time
            }
            if completion?.kind == .fail {
                guard completion?.error == "mismatch", invocation.function == "cas" else { continue }
                event.refused = invocation.value.elements?.first
            } else if invocation.function == "read" {
                guard completion?.kind == .ok else { continue }
                event.reads = completion?.value
            } else if invocation.function == "write" {
                event.writes = invocation.value
            } else {
                event.reads = invocation.value.elements?.first
                event.writes = invocation.value.elements?.last
            }
            events.append(event)
        }
        guard cited != nil else { return }
        for place in events.indices {
            guard let value = events[place].reads, value != initial else { continue }
            let isWritten = events.indices.contains {
                $0 != place && events[$0].key == events[place].key && events[$0].writes == .some(value)
            }
            if !isWritten { events[place].reads = .none }
        }
    }

    /// Session order: an operation whose outcome its process never learnt comes before nothing.
    private func isBefore(_ first: Int, _ second: Int) -> Bool {
        events[first].process == events[second].process && events[first].invoked < events[second].invoked
            && events[first].returned != nil && !isDetached(second)
    }

    /// An operation that its process did not wait for, though it went on.
    private func isDetached(_ place: Int) -> Bool {
        events[place].returned == nil
            && events.contains { $0.process == events[place].process && $0.invoked > events[place].invoked }
    }

    // MARK: - One order for all

    /// The levels of one order of writes that hold.
    func agreedOrders() -> Set<ConsistencyLevel> {
        var held: Set<ConsistencyLevel> = []
        let optional = events.indices.filter { events[$0].returned == nil }
        for subset in 0..<(1 << optional.count) {
            let taken = events.indices.filter { place in
                guard let bit = optional.firstIndex(of: place) else { return true }
                return subset >> bit & 1 == 1
            }
            if isSequential([], left: taken, state: [:]) { held.insert(.sequential) }
            assign(taken, 0, [:], &held)
        }
        return held
    }

    private func isSequential(_ order: [Int], left: [Int], state: [Value?: Value]) -> Bool {
        if left.isEmpty { return true }
        for place in left where !left.contains(where: { isBefore($0, place) }) {
            let event = events[place]
            let value = state[event.key] ?? initial
            if let read = event.reads, read != value { continue }
            if let refused = event.refused, refused == value { continue }
            var next = state
            if let written = event.writes { next[event.key] = .some(written) }
            if isSequential(order + [place], left: left.filter { $0 != place }, state: next) { return true }
        }
        return false
    }

    /// Tries every source of every read; -1 is the initial value.
    private func assign(_ taken: [Int], _ next: Int, _ source: [Int: Int], _ held: inout Set<ConsistencyLevel>) {
        guard next < taken.count else {
            judge(taken, source, &held)
            return
        }
        let reader = taken[next]
        guard let value = events[reader].reads else {
            assign(taken, next + 1, source, &held)
            return
        }
        for writer in taken where writer != reader && events[writer].key == events[reader].key {
            if events[writer].writes == .some(value) {
                assign(taken, next + 1, source.merging([reader: writer]) { $1 }, &held)
            }
        }
        if value == initial { assign(taken, next + 1, source.merging([reader: -1]) { $1 }, &held) }
    }

    private func judge(_ taken: [Int], _ source: [Int: Int], _ held: inout Set<ConsistencyLevel>) {
        var past: Set<[Int]> = []
        for first in taken {
            for second in taken where isBefore(first, second) || source[second] == first {
                past.insert([first, second])
            }
        }
        let direct = past
        for middle in taken {
            for first in taken where past.contains([first, middle]) {
                for second in taken where past.contains([middle, second]) { past.insert([first, second]) }
            }
        }
        if taken.contains(where: { past.contains([$0, $0]) }) { return }
        func knows(_ level: ConsistencyLevel, _ reader: Int, _ write: Int) -> Bool {
            let earlier = taken.filter { isBefore($0, reader) }
            switch level {
            case .readYourWrites: return isBefore(write, reader)
            case .monotonicReads: return earlier.contains { source[$0] == write }
            case .monotonicWrites:
                return earlier.contains { source[$0].map { $0 >= 0 && isBefore(write, $0) } ?? false }
            case .writesFollowReads:
                return earlier.contains { read in
                    guard let writer = source[read], writer >= 0 else { return false }
                    return taken.contains { ($0 == writer || isBefore($0, writer)) && source[$0] == write }
                }
            case .pram:
                return isBefore(write, reader)
                    || (earlier + [reader]).contains { read in
                        source[read].map { $0 >= 0 && ($0 == write || isBefore(write, $0)) } ?? false
                    }
            default: return past.contains([write, reader])
            }
        }
        let levels: [ConsistencyLevel] = [
            .causal, .pram, .readYourWrites, .monotonicReads, .monotonicWrites, .writesFollowReads,
        ]
        for level in levels where !held.contains(level) {
            // Pairs of a known write and the one that was seen instead.
            var olderNewer: [(Int, Int)] = []
            for (reader, seen) in source {
                for write in taken
                where write != seen && write != reader && events[write].writes != .none
                    && events[write].key == events[reader].key && knows(level, reader, write)
                {
                    olderNewer.append((write, seen))
                }
            }
            if hasOrder([], taken, direct, olderNewer) { held.insert(level) }
        }
    }

    /// Whether a total order extends session order and reads-from and has every known write before the one that was
    /// seen; the initial value comes before all.
    private func hasOrder(_ order: [Int], _ left: [Int], _ past: Set<[Int]>, _ pairs: [(Int, Int)]) -> Bool {
        if left.isEmpty {
            return pairs.allSatisfy { known, seen in
                guard let seen = order.firstIndex(of: seen), let known = order.firstIndex(of: known) else {
                    return false
                }
                return known < seen
            }
        }
        return left.contains { place in
            !left.contains { past.contains([$0, place]) }
                && hasOrder(order + [place], left.filter { $0 != place }, past, pairs)
        }
    }

    // MARK: - Real time

    var isRegular: Bool {
        events.indices.allSatisfy { place in
            let read = events[place]
            guard let value = read.reads, let end = read.returned else { return true }
            let completed = events.filter {
                $0.key == read.key && $0.writes != .none && ($0.returned ?? .max) < read.invoked
            }
            if value == initial, completed.isEmpty { return true }
            return events.indices.contains { writer in
                guard writer != place, events[writer].key == read.key, events[writer].writes == .some(value),
                    events[writer].invoked < end
                else { return false }
                return !completed.contains { (events[writer].returned ?? .max) < $0.invoked }
            }
        }
    }

    /// The smallest Δ in nanoseconds, or nil.
    func staleness() -> Int64? {
        var candidates: Set<Int64> = [0]
        for read in events where read.reads != .none {
            for other in events { if let end = other.ended, end < read.began { candidates.insert(read.began - end) } }
        }
        let keys = Set(events.map(\.key))
        return candidates.sorted().first { delta in keys.allSatisfy { isAtomic($0, delta) } }
    }

    private struct Part {
        var begin: Int64
        var end: Int64?
        var reads: Value?
        var writes: Value?
        /// The other part of a cas whose outcome is unknown: both or none.
        var group: Int
    }

    private func isAtomic(_ key: Value?, _ delta: Int64) -> Bool {
        var parts: [Part] = []
        for (group, event) in events.enumerated() where event.key == key {
            if event.reads != .none {
                parts.append(
                    Part(begin: event.began - delta, end: event.ended, reads: event.reads, group: group))
            }
            if event.writes != .none {
                parts.append(Part(begin: event.began, end: event.ended, writes: event.writes, group: group))
            }
        }
        let optional = Set(parts.filter { $0.end == nil }.map(\.group)).sorted()
        return (0..<(1 << optional.count)).contains { subset in
            let taken = parts.filter { part in
                guard let bit = optional.firstIndex(of: part.group) else { return true }
                return subset >> bit & 1 == 1
            }
            return isAtomic(taken, initial, -1)
        }
    }

    /// An operation does not read what it writes itself.
    private func isAtomic(_ left: [Part], _ state: Value, _ writer: Int) -> Bool {
        if left.isEmpty { return true }
        for (place, part) in left.enumerated() {
            if left.contains(where: { ($0.end ?? .max) < part.begin }) { continue }
            if let read = part.reads, read != state || writer == part.group { continue }
            var rest = left
            rest.remove(at: place)
            let next = part.writes == .none ? writer : part.group
            if isAtomic(rest, part.writes ?? state, next) { return true }
        }
        return false
    }
}
