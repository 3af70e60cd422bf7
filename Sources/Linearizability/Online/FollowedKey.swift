import PolygraphHistory
import PolygraphModels

/// The operations of one key of a history that grows, the older ones left out once there are many.
struct FollowedKey {
    /// Operations that are kept when older ones are left out.
    private let window: Int

    private struct Entry {
        var invocation: Operation
        /// Places in the order in which the events came.
        var invoked: Int
        var completion: Operation?
        var completed = Int.max
    }

    private var entries: [Entry] = []
    /// The entry of the open operation of each process.
    private var open: [Int: Int] = [:]
    private var clock = 0
    private var newEntries = 0
    var isChanged = false
    var isUndecided = false
    /// Whether older operations were left out.
    private(set) var isCut = false

    init(window: Int) { self.window = window }

    /// Whether it is worth leaving out the older ones.
    var isLong: Bool { newEntries > 2 * window }

    mutating func take(_ event: Operation) {
        guard let process = event.process.number else { return }
        clock += 1
        isChanged = true
        if event.kind == .invoke {
            open[process] = entries.count
            entries.append(Entry(invocation: event, invoked: clock))
            newEntries += 1
        } else if let place = open.removeValue(forKey: process) {
            entries[place].completion = event
            entries[place].completed = clock
        }
    }

    /// The history of what is kept. Once something was left out, every operation has a process of its own: the
    /// processes of operations that now count as of unknown outcome go on.
    func history() -> History? {
        var events: [(at: Int, event: Operation)] = []
        events.reserveCapacity(entries.count * 2)
        for (place, entry) in entries.enumerated() {
            for (at, event) in [(entry.invoked, entry.invocation)]
                + (entry.completion.map { [(entry.completed, $0)] } ?? [])
            {
                var event = event
                if isCut { event.process = .client(place) }
                events.append((at, event))
            }
        }
        events.sort { $0.at < $1.at }
        return try? History(events.map(\.event))
    }

    /// Leaves out what had returned before the newest operations began. What was open then counts as of unknown
    /// outcome, and stays if it may have changed something.
    mutating func cut(_ model: some Model) {
        let first = max(0, entries.count - window)
        let start = entries[first].invoked
        var places: [Int: Int] = [:]
        var kept: [Entry] = []
        for (place, entry) in entries.enumerated() {
            if place >= first {
                places[place] = kept.count
                kept.append(entry)
                continue
            }
            let isOver = entry.completed < start && entry.completion?.kind != .info
            if isOver || entry.completion?.kind == .fail { continue }
            let call = Call(
                function: entry.invocation.function, input: entry.invocation.value, output: nil, outcome: .unknown,
                key: entry.invocation.key)
            if model.isObserver(call) { continue }
            kept.append(Entry(invocation: entry.invocation, invoked: entry.invoked))
        }
        // What completes later, and was left as of unknown outcome, stays so.
        open = open.compactMapValues { places[$0] }
        entries = kept
        newEntries = 0
        isCut = true
    }
}
