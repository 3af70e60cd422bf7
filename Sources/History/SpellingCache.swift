/// Remembers which id a piece of text was given, by its bytes: what is spelled the same need not be parsed again.
///
/// It forgets everything when it has grown too large, which costs time and nothing else.
struct SpellingCache {
    /// Longer spellings are not worth remembering.
    static let longest = 512
    private static let mostBytes = 64 << 20
    private static let mostEntries = 1 << 21

    private var index = ByteIndex()

    @inline(__always)
    static func hash(_ bytes: UnsafePointer<UInt8>, _ count: Int) -> UInt64 { ByteIndex.hash(bytes, count) }

    /// The id of a spelling, or -1.
    @inline(__always)
    func find(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64) -> Int32 {
        index.find(bytes, count, hash: hash)
    }

    /// Remembers the id of a spelling that `find` did not find.
    mutating func insert(_ bytes: UnsafePointer<UInt8>, _ count: Int, hash: UInt64, id: Int32) {
        if count > Self.longest { return }
        if index.byteCount > Self.mostBytes || index.count > Self.mostEntries { index = ByteIndex() }
        index.insert(bytes, count, hash: hash, id: id)
    }
}
