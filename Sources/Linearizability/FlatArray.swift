/// An array of plain numbers in memory of its own, without checks and counts on each access.
///
/// Not `Sendable`: it belongs to the one search that made it.
struct FlatArray<Element: BitwiseCopyable> {
    private let storage: Storage
    let base: UnsafeMutablePointer<Element>
    let count: Int

    private final class Storage {
        let base: UnsafeMutablePointer<Element>
        let count: Int
        init(_ count: Int) {
            self.count = count
            base = FlatMemory.allocate(count)
        }
        deinit { FlatMemory.free(base, count: count) }
    }

    /// Memory that is yet to be initialized.
    init(uninitialized count: Int) {
        storage = Storage(count)
        base = storage.base
        self.count = count
    }

    init(repeating element: Element, count: Int) {
        self.init(uninitialized: count)
        base.initialize(repeating: element, count: count)
    }

    init(zeros count: Int) where Element: FixedWidthInteger {
        self.init(uninitialized: count)
        // Large blocks come as zeros; writing them again would touch them all.
        if !FlatMemory.isZeroed(base, count) { base.initialize(repeating: 0, count: count) }
    }

    init(_ elements: [Element]) {
        self.init(uninitialized: elements.count)
        base.initialize(from: elements, count: elements.count)
    }

    @inline(__always)
    subscript(_ place: Int) -> Element {
        get { base[place] }
        nonmutating set { base[place] = newValue }
    }
}
