import PolygraphNemesis

/// What is to be done when: the beginnings and ends of a schedule's faults.
struct Agenda {
    struct Deed: Hashable, Comparable {
        /// Nanoseconds since the run began; as every time here.
        var time: Int64
        /// When it was meant to happen: what is later than this by much is late.
        var due: Int64
        var fault: Int
        var begins: Bool

        /// Ends stand before beginnings.
        static func < (left: Deed, right: Deed) -> Bool {
            (left.time, left.begins ? 1 : 0, left.fault) < (right.time, right.begins ? 1 : 0, right.fault)
        }
    }

    /// Latest first, so that the next one is taken from the end.
    private var deeds: [Deed]
    /// Faults end by then.
    private let duration: Int64

    init(_ schedule: Schedule) {
        duration = schedule.duration
        deeds = schedule.moments.reversed().map {
            Deed(time: $0.time, due: $0.time, fault: $0.fault, begins: $0.begins)
        }
    }

    var first: Deed? { deeds.last }

    mutating func removeFirst() -> Deed? { deeds.popLast() }

    mutating func add(_ fired: TriggerBoard.Fired) {
        insert(Deed(time: fired.begin, due: fired.begin, fault: fired.fault, begins: true))
        insert(Deed(time: fired.end, due: fired.end, fault: fired.fault, begins: false))
    }

    /// Puts a beginning back until `time`, and the fault's end by as much, so that it lasts as long as it was meant to.
    mutating func postpone(_ deed: Deed, until time: Int64) {
        let delay = time - deed.time
        var later = deed
        later.time = time
        insert(later)
        guard let place = deeds.firstIndex(where: { $0.fault == deed.fault && !$0.begins }) else { return }
        var end = deeds.remove(at: place)
        end.time = max(time, min(end.time + delay, duration))
        end.due = end.time
        insert(end)
    }

    private mutating func insert(_ deed: Deed) {
        deeds.insert(deed, at: deeds.firstIndex { $0 < deed } ?? deeds.endIndex)
    }
}
