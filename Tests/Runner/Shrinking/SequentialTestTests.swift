import PolygraphRunner
import Testing

@Suite struct SequentialTestTests {
    private func binomial(_ runs: Int, _ failures: Int, _ rate: Double) -> Double {
        var result = 1.0
        for step in 0..<failures { result *= Double(runs - step) / Double(failures - step) * rate }
        for _ in 0..<(runs - failures) { result *= 1 - rate }
        return result
    }

    @Test(arguments: 1...25) func `the interval holds the true rate 95 times in 100`(runs: Int) {
        let intervals = (0...runs).map { FailureTally(failures: $0, runs: runs).interval() }
        for step in 0...100 {
            let rate = Double(step) / 100
            let covered = (0...runs).filter { intervals[$0].contains(rate) }
                .reduce(0.0) { $0 + binomial(runs, $1, rate) }
            // Where no failure at all, or nothing but failures, is all the doubt on one side, a little is lost elsewhere.
            #expect(covered >= 0.92, "\(runs) runs, rate \(rate)")
        }
    }

    @Test func `no failure in ten runs leaves a quarter in doubt`() {
        let interval = FailureTally(failures: 0, runs: 10).interval()
        #expect(interval.lowerBound == 0)
        #expect(abs(interval.upperBound - 0.2589) < 0.0001)
        #expect(abs(FailureTally(failures: 10, runs: 10).interval().lowerBound - 0.7411) < 0.0001)
        let half = FailureTally(failures: 5, runs: 10).interval()
        #expect(abs(half.lowerBound - 0.1871) < 0.0001 && abs(half.upperBound - 0.8129) < 0.0001)
        #expect(FailureTally().interval() == 0...1)
    }

    /// The probability that a test ends with `fails`, by all ways in which runs can go.
    private func probability(_ test: SequentialTest, rate: Double) -> (fails: Double, runs: Double) {
        var open: [FailureTally: Double] = [FailureTally(): 1]
        var fails = 0.0
        var runs = 0.0
        while !open.isEmpty {
            var next: [FailureTally: Double] = [:]
            for (tally, weight) in open {
                for (failed, chance) in [(true, rate), (false, 1 - rate)] where chance > 0 {
                    var tally = tally
                    tally.count(failed: failed)
                    runs += weight * chance
                    switch test.answer(tally) {
                    case .fails: fails += weight * chance
                    case .passes: break
                    case nil: next[tally, default: 0] += weight * chance
                    }
                }
            }
            open = next
        }
        return (fails, runs)
    }

    @Test(arguments: [(10, 10), (7, 10), (5, 10), (3, 10), (1, 10)]) func `mistakes are rare`(whole: (Int, Int)) {
        let test = SequentialTest(whole: FailureTally(failures: whole.0, runs: whole.1), limit: 200)
        #expect(probability(test, rate: 0).fails == 0)
        #expect(probability(test, rate: test.passing).fails <= 0.12)
        #expect(probability(test, rate: test.failing).fails >= 0.88)
    }

    @Test func `clear answers come early`() {
        let test = SequentialTest(whole: FailureTally(failures: 10, runs: 10), limit: 10)
        #expect(test.answer(FailureTally(failures: 2, runs: 2)) == .fails)
        #expect(test.answer(FailureTally(failures: 0, runs: 4)) == .passes)
        #expect(test.answer(FailureTally(failures: 0, runs: 1)) == nil)
        #expect(probability(test, rate: 0).runs <= 4)
        for failures in 0...10 { #expect(test.answer(FailureTally(failures: failures, runs: 10)) != nil) }
    }
}
