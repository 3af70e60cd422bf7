/// An array of plain numbers in memory of its own, without checks and counts on each access.
///
/// Not `Sendable`: it belongs to the one search that made it.
struct FlatArray<Element: BitwiseCopyable> {
    private let storage: Storage
    let base: UnsafeMutablePointer<Element>
    let count: Int

    private final class Storage {
        let base: UnsafeMutablePointer<Element>
        init(_ count: Int) { base = .allocate(capacity: max(1, count)) }
        deinit { base.deallocate() }
    }

    init(repeating element: Element, count: Int) {
        storage = Storage(count)
        base = storage.base
        base.initialize(repeating: element, count: count)
        self.count = count
    }

    init(_ elements: [Element]) {
        storage = Storage(elements.count)
        base = storage.base
        base.initialize(from: elements, count: elements.count)
        count = elements.count
    }

    @inline(__always)
    subscript(_ place: Int) -> Element {
        get { base[place] }
        nonmutating set { base[place] = newValue }
    }
}
