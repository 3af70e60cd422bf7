/// The different values of a history as small integers: equal values have equal ids, and null has the id 0.
///
/// Checkers compare and count ids; nobody compares values of a history twice.
public struct ValueTable: Sendable {
    /// The id of null.
    public static let null: Int32 = 0

    /// The values by id.
    public private(set) var values: [Value] = [.null]
    /// Of a list of two values the ids of both, the first in the upper half; 0 for any other value.
    private var pairs: [UInt64] = [0]
    private var integers = IntegerIndex()
    /// Ids of lists of two values, by `pairs`.
    private var pairIndex = IntegerIndex()
    private var others: [Value: Int32] = [.null: 0]

    public init() {}

    public var count: Int { values.count }

    public subscript(_ id: Int32) -> Value { values[Int(id)] }

    /// The ids of both elements where the value is a list of two.
    @inline(__always)
    public func pair(_ id: Int32) -> (Int32, Int32)? {
        guard case .list(let elements) = values[Int(id)], elements.count == 2 else { return nil }
        let pair = pairs[Int(id)]
        return (Int32(truncatingIfNeeded: pair >> 32), Int32(truncatingIfNeeded: pair & 0xffff_ffff))
    }

    /// The id of a value, or nil where the history does not have it.
    public func id(of value: Value) -> Int32? {
        switch value {
        case .integer(let number): return integers.id(of: number)
        case .list(let elements) where elements.count == 2:
            guard let first = id(of: elements[0]), let second = id(of: elements[1]) else { return nil }
            return pairIndex.id(of: Int64(bitPattern: Self.pair(first, second)))
        default: return others[value]
        }
    }

    /// The id of a value, a new one where there is none yet.
    public mutating func intern(_ value: Value) -> Int32 {
        switch value {
        case .integer(let number): return intern(number)
        case .list(let elements) where elements.count == 2:
            return internPair(intern(elements[0]), intern(elements[1]), value)
        default:
            let next = Int32(values.count)
            // One search for both: finding it and finding its place.
            let id = { (id: inout Int32) in
                if id < 0 { id = next }
                return id
            }(&others[value, default: -1])
            if id == next { add(value, pair: 0) }
            return id
        }
    }

    /// The id of a list of two integers, a new one where there is none yet.
    mutating func intern(_ first: Int64, _ second: Int64) -> Int32 {
        internPair(intern(first), intern(second), .list([.integer(first), .integer(second)]))
    }

    @inline(__always)
    private mutating func internPair(_ first: Int32, _ second: Int32, _ value: @autoclosure () -> Value) -> Int32 {
        let next = Int32(values.count)
        let pair = Self.pair(first, second)
        let id = pairIndex.insert(Int64(bitPattern: pair), id: next)
        if id == next { add(value(), pair: pair) }
        return id
    }

    private static func pair(_ first: Int32, _ second: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: first)) << 32 | UInt64(UInt32(bitPattern: second))
    }

    private mutating func add(_ value: Value, pair: UInt64) {
        values.append(value)
        pairs.append(pair)
    }

    /// The id of an integer, a new one where there is none yet.
    public mutating func intern(_ number: Int64) -> Int32 {
        let next = Int32(values.count)
        let id = integers.insert(number, id: next)
        if id == next { add(.integer(number), pair: 0) }
        return id
    }
}

/// Ids of integers, by open addressing.
private struct IntegerIndex: Sendable {
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
