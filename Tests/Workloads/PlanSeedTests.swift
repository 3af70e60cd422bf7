import PolygraphHistory
import PolygraphWorkloads
import Testing

@Suite struct PlanSeedTests {
    @Test(arguments: [0, 1, 999_999, UInt64(Int64.max), UInt64(Int64.max) + 1, .max])
    func `a seed is read back from JSON as it was`(seed: UInt64) throws {
        var bytes: [UInt8] = []
        JSONWriter.append(PlanSeed.value(seed), to: &bytes)
        #expect(String(decoding: bytes, as: UTF8.self).filter(\.isNumber) == "\(seed)")
        #expect(PlanSeed.seed(try JSONParser.parse(bytes)) == seed)
    }

    @Test func `what is no seed is none`() {
        for value: Value in [.null, "x", "-1", "18446744073709551616", .double(1.5), true] {
            #expect(PlanSeed.seed(value) == nil, "\(value)")
        }
        #expect(PlanSeed.seed(.integer(-1)) == .max)
    }
}
