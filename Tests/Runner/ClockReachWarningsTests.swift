import Testing

@testable import PolygraphRunner

@Suite struct ClockReachWarningsTests {
    @Test func `what is true of several nodes is said once`() {
        let sentences = ["n1: a may: wait", "n1: b", "n2: a may: wait", "n3: a may: wait"]
        #expect(ClockReachWarnings.joined(sentences) == ["n1 n2 n3: a may: wait", "n1: b"])
        #expect(ClockReachWarnings.joined([]) == [])
    }
}
