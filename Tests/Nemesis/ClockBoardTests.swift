import PolygraphCluster
import Testing

@testable import PolygraphNemesis

/// What several clock faults make of one clock.
@Suite struct ClockBoardTests {
    private final class Time {
        var now: Int64 = 0
    }

    @Test func `errors add up, also while they grow`() {
        let time = Time()
        let board = ClockBoard(Nobody(), { time.now })
        board.bend(0, ClockSkew(offset: 1000, ratePartsPerMillion: 100), for: 1)
        time.now = 1_000_000_000
        board.bend(0, ClockSkew(offset: 0, slew: ClockSlew(gain: 8000, duration: 4_000_000_000)), for: 2)
        time.now = 2_000_000_000
        let skew = board.skew(of: 0)
        #expect(skew.offset == 1000 + 200_000 + 2000)
        #expect(skew.ratePartsPerMillion == 100)
        #expect(skew.slew == ClockSlew(gain: 6000, duration: 3_000_000_000))
        #expect(board.skew(of: 1) == .none)
        // What the sum says of later is what the board says then.
        time.now = 3_500_000_000
        #expect(board.skew(of: 0).offset == skew.error(after: 1_500_000_000))
        time.now = 9_000_000_000
        #expect(board.skew(of: 0).offset == skew.error(after: 7_000_000_000))
        #expect(board.skew(of: 0).slew == nil)
        board.release(0, from: 1)
        #expect(board.skew(of: 0) == ClockSkew(offset: 8000))
        board.clear(0)
        #expect(board.skew(of: 0) == .none)
    }

    @Test func `a clock that stands still does so whatever else is wrong`() {
        let time = Time()
        let board = ClockBoard(Nobody(), { time.now })
        board.bend(0, ClockSkew(offset: 500, ratePartsPerMillion: 1_000_000), for: 1)
        time.now = 1_000
        board.bend(0, .frozen(), for: 2)
        time.now = 5_000
        board.bend(0, .frozen(), for: 3)
        time.now = 8_000
        // It showed 1000 + 1500 at 1000, and shows that still.
        #expect(board.skew(of: 0) == .frozen(at: 2_500 - 8_000))
        board.bend(0, ClockSkew(offset: 70, ratePartsPerMillion: 5), for: 4)
        time.now = 9_000
        #expect(board.skew(of: 0) == .frozen(at: 2_570 - 9_000))
        board.release(0, from: 2)
        board.release(0, from: 3)
        #expect(!board.skew(of: 0).isFrozen)
    }

    @Test func `the newest strobe is the one`() {
        let board = ClockBoard(Nobody(), { 0 })
        let first = ClockStrobe(period: 10, amplitude: 3)
        let second = ClockStrobe(period: 20, amplitude: -4)
        board.bend(0, ClockSkew(offset: 1, strobe: first), for: 1)
        board.bend(0, ClockSkew(offset: 2, strobe: second), for: 2)
        #expect(board.skew(of: 0) == ClockSkew(offset: 3, strobe: second))
        board.release(0, from: 2)
        #expect(board.skew(of: 0) == ClockSkew(offset: 1, strobe: first))
    }

    @Test func `clocks are said in words`() {
        #expect(ClockSkew.none.words == "true")
        #expect(ClockSkew.frozen().words == "stands still")
        #expect(ClockSkew(offset: -45_000_000_000, ratePartsPerMillion: 12_000).words == "-45 s +1.2 %")
        let slew = ClockSkew(offset: 0, slew: ClockSlew(gain: 2_000_000_000, duration: 30_000_000_000))
        #expect(slew.words == "+2 s over 30 s")
    }

    /// A transport without nodes.
    private struct Nobody: Transport {
        let name = "nobody"
        let nodes: [Node] = []
        func start(_ node: Node, _ launch: Launch) throws(ClusterError) {}
        func kill(_ node: Node) throws(ClusterError) -> Int { 0 }
        func pause(_ node: Node) throws(ClusterError) -> Int { 0 }
        func resume(_ node: Node) throws(ClusterError) -> Int { 0 }
        func state(of node: Node) -> NodeState { .notStarted }
        func lastOutput(of node: Node, lines: Int) -> [String] { [] }
        func setCuts(_ cuts: Set<Link>) throws(ClusterError) -> Int64 { 0 }
        func linkCounters() -> [LinkCounters] { [] }
        func setClock(_ node: Node, _ skew: ClockSkew) throws(ClusterError) -> ClockProof {
            ClockProof(processes: 0, elapsed: 0, measuredOffset: 0, method: "nobody")
        }
        func tearDown() {}
    }
}
