/// What is known of the elements of a container into which no element is inserted twice.
struct ContainerTable: ~Copyable {
    /// The intervals of the two operations of an element, as ranks, tightened by what every linearization obeys: the
    /// element is inserted before its removal returns and removed after its insertion is invoked.
    ///
    /// The element is surely inside at the instants `insertReturned..<removeInvoked`, if there are any.
    struct Element: BitwiseCopyable {
        var insertInvoked: Int32
        var insertReturned: Int32
        var removeInvoked: Int32
        var removeReturned: Int32

        /// Whether the removal may take place at the instant of the insertion.
        @inline(__always) var isFleeting: Bool { removeInvoked < insertReturned }
    }

    /// When a removal returns that crashed but is taken to have happened: before what never happens.
    static var late: Int32 { Int32.max - 1 }

    let timeline: Timeline
    /// The operations of every element, -1 where there is none. An element without insertion takes no part: there is
    /// none, or it crashed and nobody saw the element.
    let insertion: FlatBuffer<Int32>
    let removal: FlatBuffer<Int32>
    let elements: FlatBuffer<Element>
    /// Operations that found nothing, in order of invocation.
    private(set) var empties: [Int32] = []
    /// Removals that crashed and may have taken anything out, in order of invocation.
    private(set) var crashedRemovals: [Int32] = []
    /// Of every element the first removal that crashed and can have taken out nothing else, -1 where there is none.
    let ownRemoval: FlatBuffer<Int32>
    /// The elements that these are taken to have removed, as far as they are taken to have happened.
    private var assumed: [Int32] = []
    /// How many elements no removal that returned took out.
    private(set) var unremovedCount = 0
    /// A decision that needs no look at the order.
    private(set) var decision: Decision?
    var elementCount: Int { elements.count }
    let operationCount: Int

    init(_ operations: UnsafeBufferPointer<ContainerOperation>, elementCount: Int) {
        operationCount = operations.count
        timeline = Timeline(operations)
        insertion = FlatBuffer(count: elementCount, repeating: -1)
        removal = FlatBuffer(count: elementCount, repeating: -1)
        ownRemoval = FlatBuffer(count: elementCount, repeating: -1)
        let none = Element(
            insertInvoked: 0, insertReturned: Timeline.never, removeInvoked: Timeline.never,
            removeReturned: Timeline.never)
        elements = FlatBuffer(count: elementCount, repeating: none)
        var secondRemoval: Int32 = -1
        for number in operations.indices {
            let operation = operations[number]
            let element = operation.element
            let place = Int32(number)
            if operation.action == .insert {
                guard element >= 0, insertion[element] < 0 else {
                    decision = .undecided
                    return
                }
                insertion[element] = place
            } else if operation.isCrashed, element >= 0 {
                let other = ownRemoval[element]
                if other < 0 || timeline.invoked[place] < timeline.invoked[other] { ownRemoval[element] = place }
            } else if operation.isCrashed {
                crashedRemovals.append(place)
            } else if operation.action == .removeNothing {
                empties.append(place)
            } else {
                guard element >= 0 else {
                    decision = .undecided
                    return
                }
                if removal[element] >= 0 { secondRemoval = place } else { removal[element] = place }
            }
        }
        empties = sortedByInvocation(empties)
        crashedRemovals = sortedByInvocation(crashedRemovals)
        if secondRemoval >= 0 {
            let element = operations[Int(secondRemoval)].element
            let inserted = insertion[element]
            decision = .invalid(core: [inserted, removal[element], secondRemoval].filter { $0 >= 0 })
            return
        }
        for element in 0..<elementCount {
            guard settle(element) else { return }
        }
    }

    private func sortedByInvocation(_ places: [Int32]) -> [Int32] {
        let isSorted = zip(places, places.dropFirst()).allSatisfy { timeline.invoked[$0] < timeline.invoked[$1] }
        return isSorted ? places : places.sorted { timeline.invoked[$0] < timeline.invoked[$1] }
    }

    /// Notes the intervals of an element; false if its operations contradict each other.
    private mutating func settle(_ element: Int) -> Bool {
        let inserted = insertion[element]
        let removed = removal[element]
        if inserted < 0 {
            if removed < 0 { return true }
            decision = .invalid(core: [removed])
            return false
        }
        var entry = elements[element]
        entry.insertInvoked = timeline.invoked[inserted]
        entry.insertReturned = timeline.returned[inserted]
        if removed >= 0 {
            entry.removeReturned = timeline.returned[removed]
            if entry.removeReturned < entry.insertInvoked {
                decision = .invalid(core: [inserted, removed])
                return false
            }
            entry.removeInvoked = max(timeline.invoked[removed], entry.insertInvoked)
            entry.insertReturned = min(entry.insertReturned, entry.removeReturned)
        } else if entry.insertReturned == Timeline.never {
            insertion[element] = -1
            return true
        } else {
            unremovedCount += 1
        }
        elements[element] = entry
        return true
    }

    /// Takes the next of the crashed removals to have removed an element that nobody else removed.
    mutating func assumeNextCrashed(removes element: Int32) {
        let crashed = crashedRemovals[assumed.count]
        assumed.append(element)
        removal[element] = crashed
        elements[element].removeInvoked = max(timeline.invoked[crashed], elements[element].insertInvoked)
        elements[element].removeReturned = ContainerTable.late
    }

    /// Takes an element to have been removed by its own removal that crashed; false where that was not invoked in time.
    mutating func assumeOwn(removes element: Int32, before deadline: Int32) -> Bool {
        let own = ownRemoval[element]
        guard own >= 0, timeline.invoked[own] < deadline else { return false }
        removal[element] = own
        elements[element].removeInvoked = max(timeline.invoked[own], elements[element].insertInvoked)
        elements[element].removeReturned = ContainerTable.late
        return true
    }

    /// The element of the operation of an event; -1 if it has none.
    @inline(__always) func element(
        at rank: Int32, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Int32 {
        let place = timeline.events[rank] >> 1
        let operation = operations[Int(place)]
        return operation.element >= 0 || !operation.isCrashed ? operation.element : assumedElement(at: rank)
    }

    private func assumedElement(at rank: Int32) -> Int32 {
        var low = 0
        var high = assumed.count
        while low < high {
            let middle = (low + high) / 2
            if timeline.invoked[crashedRemovals[middle]] < rank { low = middle + 1 } else { high = middle }
        }
        return low < assumed.count && timeline.invoked[crashedRemovals[low]] == rank ? assumed[low] : -1
    }

    @inline(__always) func takesPart(_ element: Int) -> Bool { insertion[element] >= 0 }

    /// Whether a removal that returned took the element out.
    func isSurelyRemoved(_ element: Int) -> Bool { elements[element].removeReturned < ContainerTable.late }

    /// The operations of elements, to name in a core.
    func operations(of chosen: [Int32]) -> [Int32] {
        chosen.flatMap { [insertion[$0], removal[$0]] }.filter { $0 >= 0 }
    }

    /// A few elements that are surely inside, one or another, at every instant of a range; `nil` if some instant is
    /// free of them all. Only elements below `limit` count.
    func cover(_ range: Range<Int32>, below limit: Int) -> [Int32]? {
        var candidates: [Int32] = []
        for element in 0..<limit where takesPart(element) {
            let entry = elements[element]
            if entry.insertReturned < entry.removeInvoked, entry.insertReturned < range.upperBound,
                entry.removeInvoked > range.lowerBound
            {
                candidates.append(Int32(element))
            }
        }
        candidates.sort { elements[$0].insertReturned < elements[$1].insertReturned }
        var chosen: [Int32] = []
        var reached = range.lowerBound
        var next = 0
        while reached < range.upperBound {
            var best: Int32 = -1
            while next < candidates.count, elements[candidates[next]].insertReturned <= reached {
                if best < 0 || elements[candidates[next]].removeInvoked > elements[best].removeInvoked {
                    best = candidates[next]
                }
                next += 1
            }
            guard best >= 0, elements[best].removeInvoked > reached else { return nil }
            chosen.append(best)
            reached = elements[best].removeInvoked
        }
        return chosen
    }
}
