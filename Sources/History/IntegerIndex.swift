/// Ids of integers, by open addressing.
struct IntegerIndex: Sendable {
    private var keys: [Int64] = []
    /// -1 where a place is free.
    private var ids: [Int32] = []
    private var count = 0

    func id(of key: Int64) -> Int32? {
        if ids.isEmpty { return nil }
        let place = find(key)
        return ids[place] < 0 ? nil : ids[place]
    }

    /// The id of `key`: the one that it has, or else `id`.
    mutating func insert(_ key: Int64, id: Int32) -> Int32 {
        if count * 2 >= ids.count { grow() }
        let place = find(key)
        if ids[place] >= 0 { return ids[place] }
        keys[place] = key
        ids[place] = id
        count += 1
        return id
    }

    @inline(__always)
    private func find(_ key: Int64) -> Int {
        let mask = ids.count - 1
        var hash = UInt64(bitPattern: key) &* 0x9e37_79b9_7f4a_7c15
        hash ^= hash >> 32
        var place = Int(truncatingIfNeeded: hash) & mask
        while ids[place] >= 0 && keys[place] != key { place = (place + 1) & mask }
        return place
    }

    private mutating func grow() {
        let (oldKeys, oldIDs) = (keys, ids)
        keys = [Int64](repeating: 0, count: max(16, oldIDs.count * 2))
        ids = [Int32](repeating: -1, count: keys.count)
        for (old, id) in oldIDs.enumerated() where id >= 0 {
            let place = find(oldKeys[old])
            keys[place] = oldKeys[old]
            ids[place] = id
        }
    }
}
