/// Pairs of integers with a number each, equal pairs with the same (hash consing: Ershov, 1958).
///
/// A tree whose inner nodes are such pairs has one number for each content, shares what it has in common with others,
/// and costs no more to change than its height. Children that are other pairs are positive numbers, 0 is the empty
/// tree, and whatever else a leaf holds is negative.
struct InternedPairs {
    private var first: [Int32] = [0]
    private var second: [Int32] = [0]
    /// Numbers by open addressing; 0 where a place is free.
    private var places = [Int32](repeating: 0, count: 1024)

    /// Pairs held, one more than there are numbers above 0.
    var count: Int { first.count }
    var bytes: Int { (first.capacity + second.capacity + places.count) * 4 }

    @inline(__always) subscript(_ number: Int32) -> (first: Int32, second: Int32) {
        (first[Int(number)], second[Int(number)])
    }

    /// The number of a pair.
    mutating func number(of one: Int32, _ other: Int32) -> Int32 {
        if first.count * 2 >= places.count { rehash(places.count * 2) }
        let place = place(of: one, other)
        if places[place] != 0 { return places[place] }
        let number = Int32(first.count)
        first.append(one)
        second.append(other)
        places[place] = number
        return number
    }

    /// Drops all pairs but those below `roots`.
    /// - Returns: the new number of every old one, 0 for those that are gone.
    mutating func keep(_ roots: [Int32]) -> [Int32] {
        var names = [Int32](repeating: 0, count: first.count)
        for root in roots where root > 0 { names[Int(root)] = 1 }
        // Children are older than what they are in.
        for number in names.indices.reversed() where names[number] != 0 {
            if first[number] > 0 { names[Int(first[number])] = 1 }
            if second[number] > 0 { names[Int(second[number])] = 1 }
        }
        var kept = 1
        for number in 1..<names.count where names[number] != 0 {
            names[number] = Int32(kept)
            first[kept] = first[number] > 0 ? names[Int(first[number])] : first[number]
            second[kept] = second[number] > 0 ? names[Int(second[number])] : second[number]
            kept += 1
        }
        // New arrays, as the old ones would keep their memory.
        first = Array(first[..<kept])
        second = Array(second[..<kept])
        rehash(1024)
        return names
    }

    private func place(of one: Int32, _ other: Int32) -> Int {
        let mask = places.count - 1
        let key = UInt64(UInt32(bitPattern: one)) << 32 | UInt64(UInt32(bitPattern: other))
        var place = Int(truncatingIfNeeded: mix(key)) & mask
        while places[place] != 0, first[Int(places[place])] != one || second[Int(places[place])] != other {
            place = (place + 1) & mask
        }
        return place
    }

    private mutating func rehash(_ count: Int) {
        var size = count
        while size <= first.count * 2 { size *= 2 }
        places = [Int32](repeating: 0, count: size)
        for number in 1..<max(first.count, 1) { places[place(of: first[number], second[number])] = Int32(number) }
    }
}
