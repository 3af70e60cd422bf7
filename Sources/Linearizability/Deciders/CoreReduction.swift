/// Makes a core smaller by leaving out groups of operations while what is left is still invalid.
enum CoreReduction {
    /// The operations of the groups that remain, in rising order; of whole groups only, first of large runs of them.
    ///
    /// - Parameters:
    ///   - always: operations that are never left out.
    ///   - effort: how many operations may be decided in all; what is found until then is given back.
    static func reduce(
        _ groups: [[Int32]], always: [Int32] = [], effort: Int = 4_000_000, isInvalid: ([Int32]) -> Bool
    ) -> [Int32] {
        var kept = groups
        var left = effort
        var run = max(kept.count / 2, 1)
        while true {
            var start = 0
            while start < kept.count {
                let end = min(start + run, kept.count)
                let operations = (always + kept[..<start].joined() + kept[end...].joined()).sorted()
                left -= operations.count + 1
                guard left > 0 else { return (always + kept.joined()).sorted() }
                if isInvalid(operations) { kept.removeSubrange(start..<end) } else { start = end }
            }
            if run == 1 { return (always + kept.joined()).sorted() }
            run = max(run / 2, 1)
        }
    }
}
