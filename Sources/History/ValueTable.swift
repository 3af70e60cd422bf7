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
    /// Ids of strings of ASCII, which are the same only where their bytes are.
    private var texts = ByteIndex()
    private var others: [Value: Int32] = [.null: 0]

    public init() {}

    public var count: Int { values.count }

    public subscript(_ id: Int32) -> Value { values[Int(id)] }

    /// The ids of both elements where the value is a list of two.
    @inline(__always)
    public func pair(_ id: Int32) -> (Int32, Int32)? {
        let pair = pairs[Int(id)]
        // Zero is also the pair of null and null.
        if pair == 0 { guard case .list(let elements) = values[Int(id)], elements.count == 2 else { return nil } }
        return (Int32(truncatingIfNeeded: pair >> 32), Int32(truncatingIfNeeded: pair & 0xffff_ffff))
    }

    /// The id of a value, or nil where the history does not have it.
    public func id(of value: Value) -> Int32? {
        switch value {
        case .integer(let number): return integers.id(of: number)
        case .list(let elements) where elements.count == 2:
            guard let first = id(of: elements[0]), let second = id(of: elements[1]) else { return nil }
            return pairIndex.id(of: Int64(bitPattern: Self.pair(first, second)))
        case .string(let text):
            let known = Self.withASCII(text) { bytes, count in
                let id = texts.find(bytes, count, hash: ByteIndex.hash(bytes, count))
                return id < 0 ? nil : .some(id)
            }
            return known ?? others[value]
        default: return others[value]
        }
    }

    /// The id of a value, a new one where there is none yet.
    public mutating func intern(_ value: Value) -> Int32 {
        switch value {
        case .integer(let number): return intern(number)
        case .list(let elements) where elements.count == 2:
            return internPair(intern(elements[0]), intern(elements[1]))
        case .string(let text):
            return Self.withASCII(text) { bytes, count in internASCII(bytes, count) } ?? internOther(value)
        default: return internOther(value)
        }
    }

    private mutating func internOther(_ value: Value) -> Int32 {
        let next = Int32(values.count)
        // One search for both: finding it and finding its place.
        let id = { (id: inout Int32) in
            if id < 0 { id = next }
            return id
        }(&others[value, default: -1])
        if id == next { add(value, pair: 0) }
        return id
    }

    /// Calls `body` with the bytes of a text that is not empty and has none but ASCII; nil for any other.
    private static func withASCII<Result>(_ text: String, _ body: (UnsafePointer<UInt8>, Int) -> Result?) -> Result? {
        let result = text.utf8.withContiguousStorageIfAvailable { bytes -> Result? in
            guard let base = bytes.baseAddress, !bytes.isEmpty else { return nil }
            var seen: UInt8 = 0
            for byte in bytes { seen |= byte }
            return seen < 0x80 ? body(base, bytes.count) : nil
        }
        return result ?? nil
    }

    /// The id of a string, which must have at least one byte and none but ASCII.
    @inline(__always)
    mutating func internASCII(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> Int32 {
        let hash = ByteIndex.hash(bytes, count)
        let known = texts.find(bytes, count, hash: hash)
        return known >= 0 ? known : addASCII(bytes, count, hash)
    }

    private mutating func addASCII(_ bytes: UnsafePointer<UInt8>, _ count: Int, _ hash: UInt64) -> Int32 {
        let id = Int32(values.count)
        texts.insert(bytes, count, hash: hash, id: id)
        add(.string(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)), pair: 0)
        return id
    }

    /// The id of a list of two values of this table, a new one where there is none yet.
    mutating func internPair(_ first: Int32, _ second: Int32) -> Int32 {
        let next = Int32(values.count)
        let pair = Self.pair(first, second)
        let id = pairIndex.insert(Int64(bitPattern: pair), id: next)
        if id == next { add(.list([values[Int(first)], values[Int(second)]]), pair: pair) }
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
