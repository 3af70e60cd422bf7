import PolygraphGenerators
import PolygraphHistory
import Testing

@Suite struct FaultWindowTests {
    let nemesis = [
        fault("partition", 1, "inject", at: 900_000_000, stage: "intent"),
        fault("partition", 1, "inject", at: 1_000_000_000), fault("kill", 2, "inject", at: 1_500_000_000),
        fault("partition", 3, "inject", at: 1_800_000_000), fault("partition", 1, "undo", at: 2_000_000_000),
        fault("kill", 2, "undo", at: 2_200_000_000), fault("partition", 3, "undo", at: 2_500_000_000, stage: "failed"),
        fault("partition", 3, "undo", at: 3_000_000_000), fault("kill", 4, "inject", at: 4_000_000_000),
        fault("kill", 4, "undo", at: 4_500_000_000),
    ]

    private func times(_ function: String?, _ window: FaultWindow) throws -> [Int64] {
        let generator = Generators.repeat(Call("read")).delay(.milliseconds(10)).onNemesis(function, window)
        return try simulate(generator.timeLimit(.seconds(6)), on: systems[0], nemesis: nemesis)
            .invocations.map { $0.time / 10_000_000 }
    }

    @Test func `During`() throws {
        #expect(try times("partition", .during).allSatisfy { (100..<300).contains($0) })
        #expect(try times("partition", .during).count >= 198)
        #expect(Set(try times("kill", .during)).isSuperset(of: [151, 219, 401, 449]))
        #expect(try times("kill", .during).allSatisfy { (150..<220).contains($0) || (400..<450).contains($0) })
        #expect(try times(nil, .during).allSatisfy { (100..<300).contains($0) || (400..<450).contains($0) })
        #expect(try times("clock", .during).isEmpty)
    }

    @Test func `Outside`() throws {
        #expect(try times("partition", .outside).first! <= 1)
        #expect(try times("partition", .outside).filter { (100..<300).contains($0) }.isEmpty)
        #expect(try times("partition", .outside).last! >= 598)
    }

    @Test func `After`() throws {
        #expect(try times("partition", .after).first == 201)
        #expect(try times("partition", .after).last! >= 598)
    }

    @Test func `Each time`() throws {
        let generator = counting().delay(.milliseconds(100)).limit(3).onNemesis("partition", .each)
        let events = try simulate(generator.timeLimit(.seconds(6)), on: systems[0], nemesis: nemesis).invocations
        #expect(events.map { $0.time / 100_000_000 } == [11, 12, 13, 19, 20, 21])
        #expect(events.map(\.value) == [0, 1, 2, 0, 1, 2])
    }

    @Test func `A wait for an event that never comes is told`() throws {
        #expect(try simulate(counting().onNemesis(), ending: .stuck).isEmpty)
    }
}
