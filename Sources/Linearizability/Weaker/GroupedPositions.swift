/// Positions 0 ..< n grouped by row, each row in ascending order (compressed sparse rows).
struct GroupedPositions: Sendable {
    private let start: [Int32]
    private let positions: [Int32]

    /// - Parameters:
    ///   - rows: how many rows there are.
    ///   - row: of each position its row; negative for none.
    init(rows: Int, row: [Int32]) {
        var start = [Int32](repeating: 0, count: rows + 1)
        for row in row where row >= 0 { start[Int(row) + 1] += 1 }
        for row in 0..<rows { start[row + 1] += start[row] }
        var fill = start
        var positions = [Int32](repeating: 0, count: Int(start[rows]))
        for (position, row) in row.enumerated() where row >= 0 {
            positions[Int(fill[Int(row)])] = Int32(position)
            fill[Int(row)] += 1
        }
        self.start = start
        self.positions = positions
    }

    /// The positions of a row.
    @inline(__always)
    subscript(row: Int) -> ArraySlice<Int32> { positions[Int(start[row])..<Int(start[row + 1])] }

    @inline(__always)
    func count(_ row: Int) -> Int { Int(start[row + 1] - start[row]) }
}
