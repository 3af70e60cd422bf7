import Testing

@testable import PolygraphLinearizability

/// Remembers what was told of each subject.
struct ReferenceAnnouncements: ReferenceObject {
    var mayRepeat: Bool
    var initial: [Int32: Int32] { [:] }

    func successors(of state: [Int32: Int32], after announcement: Announcement) -> [[Int32: Int32]] {
        if announcement.isCrashed { return [state] }
        if let known = state[announcement.subject] {
            return mayRepeat && known == announcement.content ? [state] : []
        }
        return [state.merging([announcement.subject: announcement.content]) { $1 }]
    }
}

@Suite struct AnnouncementDeciderTests {
    @Test(arguments: [false, true])
    func agreesWithExhaustiveSearch(_ mayRepeat: Bool) {
        var random = SeededGenerator(16)
        for crash in [0, 0.3] {
            var tally = Tally()
            for _ in 0..<25_000 {
                let timeline = RandomTimeline(
                    clients: 1 + random.below(5), operations: 1 + random.below(7), crashProbability: crash)
                let entries = timeline.run(using: &random) { _, random in
                    (Int32(random.below(12)), Int32(random.below(2)))
                } apply: { _, _ -> Bool? in
                    true
                }
                let announcements = entries.map {
                    Announcement(
                        invoked: $0.invoked, returned: $0.returned, subject: $0.action.0,
                        content: mayRepeat ? $0.action.1 : 0)
                }
                let decision =
                    mayRepeat
                    ? AnnouncementDecider.decideLeaders(announcements, subjectCount: 12)
                    : AnnouncementDecider.decideUnique(announcements, subjectCount: 12)
                tally.compare(decision, on: announcements, with: ReferenceAnnouncements(mayRepeat: mayRepeat))
            }
            tally.expectBalance("announcements, repeatable \(mayRepeat), crashes \(crash)", undecidedAtMost: 0)
        }
    }
}
