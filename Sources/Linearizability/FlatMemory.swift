import Glibc

/// Memory for large flat arrays.
///
/// Blocks of several MiB lie on huge pages where the system gives them: touching a page for the first time costs as
/// much as hundreds of operations that use it. Smaller blocks come from the ordinary allocator.
enum FlatMemory {
    private static let hugePage = 2 << 20
    /// Bytes from which a block has pages of its own.
    private static let largeBlock = 2 * hugePage

    /// Memory for `count` elements, not initialized.
    static func allocate<Element: BitwiseCopyable>(_ count: Int) -> UnsafeMutablePointer<Element> {
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        if bytes < largeBlock { return .allocate(capacity: max(1, count)) }
        return map(bytes).bindMemory(to: Element.self, capacity: count)
    }

    /// Whether a new block for `count` elements is all zeros.
    static func isZeroed<Element: BitwiseCopyable>(_ base: UnsafeMutablePointer<Element>, _ count: Int) -> Bool {
        max(1, count) * MemoryLayout<Element>.stride >= largeBlock
    }

    /// Gives back what `allocate` returned for the same count.
    static func free<Element: BitwiseCopyable>(_ base: UnsafeMutablePointer<Element>, count: Int) {
        let bytes = max(1, count) * MemoryLayout<Element>.stride
        if bytes < largeBlock { base.deallocate() } else { munmap(base, bytes) }
    }

    /// Asks for huge pages for memory of an array that nobody has touched yet.
    static func prefersHugePages(_ base: UnsafeMutableRawPointer, bytes: Int) {
        if bytes < largeBlock { return }
        let start = (UInt(bitPattern: base) + UInt(hugePage) - 1) / UInt(hugePage) * UInt(hugePage)
        let end = (UInt(bitPattern: base) + UInt(bytes)) / UInt(hugePage) * UInt(hugePage)
        if start < end, let first = UnsafeMutableRawPointer(bitPattern: start) {
            madvise(first, Int(end - start), MADV_HUGEPAGE)
        }
    }

    /// Pages of their own that start at the boundary of a huge one.
    private static func map(_ bytes: Int) -> UnsafeMutableRawPointer {
        let page = Int(sysconf(Int32(_SC_PAGESIZE)))
        let size = (bytes + page - 1) / page * page
        guard
            let whole = mmap(nil, size + hugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0),
            whole != MAP_FAILED
        else { fatalError("The system has no \(bytes) bytes of memory.") }
        let skipped = (hugePage - Int(bitPattern: whole) % hugePage) % hugePage
        let start = whole + skipped
        if skipped > 0 { munmap(whole, skipped) }
        if skipped < hugePage { munmap(start + size, hugePage - skipped) }
        madvise(start, size, MADV_HUGEPAGE)
        return start
    }
}
