import Glibc

/// A distribution of delays as netem takes it: a table of quantiles around a middle, in parts of a deviation.
struct DelayTable: Hashable {
    /// Nanoseconds; the numbers of the table, of which 8192 are one `deviation`, are added.
    let middle: Int64
    let deviation: Int64
    let numbers: [Int16]

    /// So many quantiles: delays rarer than one of 8192 are as that one.
    private static let count = 4096
    /// Nanoseconds between the shortest and the longest delay, at most: netem keeps a deviation in 32 bits.
    private static let widest: Double = 17e9

    /// Nil for distributions that need no table.
    init?(_ distribution: DelayDistribution) {
        let quantile: (Double) -> Double
        switch distribution {
        case .constant: return nil
        case .uniform(let range):
            quantile = { Double(range.lowerBound) + $0 * Double(range.upperBound - range.lowerBound) }
        case .normal(let mean, let deviation):
            quantile = { Double(mean) + Double(deviation) * DelayTable.normalQuantile($0) }
        case .exponential(let mean):
            quantile = { -log(1 - $0) * Double(mean) }
        case .pareto(let minimum, let shape):
            quantile = { Double(minimum) * pow(1 - $0, -1 / shape) }
        }
        let longest = Double(DelayDistribution.longest)
        var delays = (0..<DelayTable.count).map { index in
            min(longest, max(0, quantile((Double(index) + 0.5) / Double(DelayTable.count))))
        }
        let shortest = delays[0]
        for index in delays.indices { delays[index] = min(delays[index], shortest + DelayTable.widest) }
        let half = (delays[DelayTable.count - 1] - shortest) / 2
        let centre = shortest + half
        middle = Int64(centre)
        deviation = max(1, Int64((half / 4).rounded(.up)))
        let unit = Double(deviation)
        numbers = delays.map { Int16(max(-32_767, min(32_767, (($0 - centre) / unit * 8192).rounded()))) }
    }

    /// As a file for `tc`.
    var text: String { numbers.map { "\($0)\n" }.joined() }

    /// The standard normal distribution's quantile, to nine digits, after Acklam (2003).
    static func normalQuantile(_ share: Double) -> Double {
        let a = [
            -3.969683028665376e+01, 2.209460984245205e+02, -2.759285104469687e+02, 1.383577518672690e+02,
            -3.066479806614716e+01, 2.506628277459239e+00,
        ]
        let b = [
            -5.447609879822406e+01, 1.615858368580409e+02, -1.556989798598866e+02, 6.680131188771972e+01,
            -1.328068155288572e+01, 1,
        ]
        let c = [
            -7.784894002430293e-03, -3.223964580411365e-01, -2.400758277161838e+00, -2.549732539343734e+00,
            4.374664141464968e+00, 2.938163982698783e+00,
        ]
        let d = [7.784695709041462e-03, 3.224671290700398e-01, 2.445134137142996e+00, 3.754408661907416e+00, 1]
        func polynomial(_ coefficients: [Double], _ x: Double) -> Double {
            coefficients.reduce(0) { $0 * x + $1 }
        }
        if share > 0.5 { return -normalQuantile(1 - share) }
        if share < 0.02425 {
            let q = sqrt(-2 * log(share))
            return polynomial(c, q) / polynomial(d, q)
        }
        let q = share - 0.5
        return polynomial(a, q * q) * q / polynomial(b, q * q)
    }
}
