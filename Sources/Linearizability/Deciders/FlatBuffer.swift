/// A block of memory of fixed size for the inner loops of the deciders: no reference counting, no checks in release.
///
/// Elements are set through a constant too: the block is what is owned, not its content.
struct FlatBuffer<Element: BitwiseCopyable>: ~Copyable {
    private let base: UnsafeMutablePointer<Element>
    let count: Int

    init(count: Int, repeating element: Element) {
        self.count = count
        base = FlatMemory.allocate(count)
        base.initialize(repeating: element, count: count)
    }

    deinit { FlatMemory.free(base, count: count) }

    subscript(index: Int) -> Element {
        @inline(__always) get {
            assert(index >= 0 && index < count)
            return base[index]
        }
        @inline(__always) nonmutating set {
            assert(index >= 0 && index < count)
            base[index] = newValue
        }
    }

    subscript(index: Int32) -> Element {
        @inline(__always) get { self[Int(index)] }
        @inline(__always) nonmutating set { self[Int(index)] = newValue }
    }
}

/// A list of operations under construction, of a length known beforehand.
struct OperationOrder: ~Copyable {
    private let places: FlatBuffer<Int32>
    private(set) var count = 0

    init(capacity: Int) { places = FlatBuffer(count: capacity, repeating: 0) }

    @inline(__always) mutating func append(_ operation: Int32) {
        places[count] = operation
        count += 1
    }

    consuming func finish() -> [Int32] {
        [Int32](unsafeUninitializedCapacity: count) { target, length in
            for place in 0..<count { target[place] = places[place] }
            length = count
        }
    }
}
