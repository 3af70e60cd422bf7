/// An operation that told something: a leader of a term, or an identifier.
struct Announcement: TimedOperation {
    var invoked: Int32
    var returned: Int32
    /// A dense number of the term or the identifier.
    var subject: Int32
    /// Who leads; 0 where that does not matter.
    var content: Int32 = 0
}

/// Decides histories of what is told once and for all. Linear time. What crashed told nobody anything, and is left out.
///
/// Whether two announcements may both have been made does not depend on their times, so a pair that may not is a core,
/// and without one any order is as good as that of the invocations.
enum AnnouncementDecider {
    /// Identifiers: none is given out twice.
    static func decideUnique(_ announcements: [Announcement], subjectCount: Int) -> Decision {
        decide(announcements, subjectCount) { _, _ in true }
    }

    /// Leaders: at most one in a term.
    static func decideLeaders(_ announcements: [Announcement], subjectCount: Int) -> Decision {
        decide(announcements, subjectCount) { $0 != $1 }
    }

    @inline(__always) private static func decide(
        _ announcements: [Announcement], _ subjectCount: Int, contradict: (Int32, Int32) -> Bool
    ) -> Decision {
        announcements.withUnsafeBufferPointer { announcements in
            let first = FlatBuffer<Int32>(count: subjectCount, repeating: -1)
            for place in announcements.indices where !announcements[place].isCrashed {
                let announcement = announcements[place]
                let other = first[announcement.subject]
                if other < 0 {
                    first[announcement.subject] = Int32(place)
                } else if contradict(announcements[Int(other)].content, announcement.content) {
                    return .invalid(core: [other, Int32(place)])
                }
            }
            let timeline = Timeline(announcements)
            var order: [Int32] = []
            order.reserveCapacity(announcements.count)
            for rank in 0..<timeline.count {
                let event = timeline.events[rank]
                if event & 1 == 0, !announcements[Int(event >> 1)].isCrashed { order.append(event >> 1) }
            }
            return .valid(order: order)
        }
    }
}
