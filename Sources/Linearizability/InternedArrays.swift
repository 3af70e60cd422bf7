/// Sparse arrays of negative integers, 0 where there is nothing, as binary trees over the places, made of
/// `InternedPairs`: equal arrays are one tree, and to change a place costs no more than the height.
struct InternedArrays {
    private var pairs = InternedPairs()
    private let height: Int

    /// - Parameter count: one more than the largest place.
    init(count: Int) {
        var height = 1
        while 1 << height < count { height += 1 }
        self.height = height
    }

    /// How many places there are.
    var capacity: Int { 1 << height }

    /// Bytes held.
    var bytes: Int { pairs.bytes }

    /// What an array holds at a place.
    func value(_ tree: Int32, at place: Int32) -> Int32 {
        var tree = tree
        var level = height
        while level > 0, tree > 0 {
            level -= 1
            let (left, right) = pairs[tree]
            tree = place >> Int32(level) & 1 == 0 ? left : right
        }
        return tree
    }

    /// The array with another value at a place.
    /// - Parameter value: 0 or negative.
    mutating func setting(_ tree: Int32, at place: Int32, to value: Int32) -> Int32 {
        set(tree, place, value, level: height)
    }

    private mutating func set(_ tree: Int32, _ place: Int32, _ value: Int32, level: Int) -> Int32 {
        if level == 0 { return value }
        let (left, right) = tree == 0 ? (0, 0) : pairs[tree]
        let isLeft = place >> Int32(level - 1) & 1 == 0
        let child = set(isLeft ? left : right, place, value, level: level - 1)
        let (one, other) = isLeft ? (child, right) : (left, child)
        return one == 0 && other == 0 ? 0 : pairs.number(of: one, other)
    }

    /// The first place at which an array holds anything; it must not be empty.
    func first(_ tree: Int32) -> Int32 {
        var tree = tree
        var place: Int32 = 0
        for _ in 0..<height {
            let (left, right) = pairs[tree]
            place = place << 1 | (left == 0 ? 1 : 0)
            tree = left == 0 ? right : left
        }
        return place
    }

    /// The last place at which an array holds anything; it must not be empty.
    func last(_ tree: Int32) -> Int32 {
        var tree = tree
        var place: Int32 = 0
        for _ in 0..<height {
            let (left, right) = pairs[tree]
            place = place << 1 | (right == 0 ? 0 : 1)
            tree = right == 0 ? left : right
        }
        return place
    }

    /// The array with some entries, whose places ascend.
    mutating func array(_ entries: [(place: Int32, value: Int32)]) -> Int32 {
        var nodes = entries
        for _ in 0..<height {
            var above: [(place: Int32, value: Int32)] = []
            var next = 0
            while next < nodes.count {
                let (place, tree) = nodes[next]
                let hasPartner = place & 1 == 0 && next + 1 < nodes.count && nodes[next + 1].place == place + 1
                let number =
                    place & 1 == 1
                    ? pairs.number(of: 0, tree) : pairs.number(of: tree, hasPartner ? nodes[next + 1].value : 0)
                above.append((place >> 1, number))
                next += hasPartner ? 2 : 1
            }
            nodes = above
        }
        return nodes.first?.value ?? 0
    }

    /// Drops all arrays but `roots`.
    /// - Returns: the new number of every old one.
    mutating func keep(_ roots: [Int32]) -> [Int32] { pairs.keep(roots) }
}
