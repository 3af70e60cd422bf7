/// An order of the chains of a register in which each comes as late as it can, or earlier where an observer needs the
/// value to change.
///
/// A chain whose zone is forward stands where its zone begins. Any other can stand at each instant of its zone that no
/// forward zone covers. Compare-and-sets that were refused are put in afterwards (`OrderInsertion`). Where every chain comes as early as it can,
/// the value that one of them must not see is often there from before its invocation until after its return, although
/// another could have been written meanwhile.
struct ChainSchedule {
    /// A chain, by the cluster at its head.
    struct Chain {
        var head: Int32
        /// The first return among its operations; `PartitionOperation.never` for one that need not be.
        var firstReturn: Int32
        /// The last invocation among its operations.
        var lastInvocation: Int32

        var isForward: Bool { firstReturn < lastInvocation }
        var isOptional: Bool { firstReturn == PartitionOperation.never }
    }

    /// An observer that any value satisfies but those of one chain.
    struct Observer {
        var invoked: Int32
        var returned: Int32
        /// The number of the chain.
        var chain: Int32
    }

    private enum Event: UInt8 {
        // In the order in which events of one rank take place.
        case available
        case due
        case forward
        case observed
    }

    private let chains: [Chain]
    private let observers: [Observer]
    /// Numbers of chains that can stand at the present instant and do not stand yet, with what is due first in front:
    /// a heap of `due << 32 | number`.
    private var waiting: [UInt64] = []
    private var isPlaced: [Bool]
    private var order: [Int32] = []
    /// The chain placed last, and when.
    private var present: (chain: Int32, since: Int32) = (-1, -1)

    private init(_ chains: [Chain], _ observers: [Observer]) {
        self.chains = chains
        self.observers = observers
        isPlaced = [Bool](repeating: false, count: chains.count)
        order.reserveCapacity(chains.count)
    }

    /// The numbers of the chains in such an order; optional ones only where they were of use.
    static func order(_ chains: [Chain], observers: [Observer]) -> [Int32] {
        var schedule = ChainSchedule(chains, observers)
        return schedule.run()
    }

    private mutating func run() -> [Int32] {
        let due = latest()
        for key in events(due) {
            let rank = key.rank
            switch key.event {
            case .available: push(UInt64(UInt32(bitPattern: due[key.number])) << 32 | UInt64(key.number))
            case .due, .forward: place(Int32(key.number), at: rank)
            case .observed:
                let observer = observers[key.number]
                if present.chain != observer.chain || present.since > observer.invoked { continue }
                // From its invocation until now it has seen nothing but the value that it must not see.
                while let next = pop() {
                    let number = Int32(truncatingIfNeeded: next & 0xffff_ffff)
                    if isPlaced[Int(number)] { continue }
                    place(number, at: rank)
                    break
                }
            }
        }
        return order
    }

    private mutating func place(_ chain: Int32, at rank: Int32) {
        if isPlaced[Int(chain)] { return }
        isPlaced[Int(chain)] = true
        order.append(chain)
        present = (chain, rank)
    }

    /// The last instant at which each chain that is not forward can stand: its first return, or the beginning of the
    /// forward zone that covers it.
    private func latest() -> [Int32] {
        var due = chains.map(\.firstReturn)
        let forward = chains.indices.filter { chains[$0].isForward }
            .sorted { chains[$0].firstReturn < chains[$1].firstReturn }
        for number in chains.indices where !chains[number].isForward {
            var (low, high) = (0, forward.count)
            while low < high {
                let middle = (low + high) / 2
                if chains[forward[middle]].firstReturn < due[number] { low = middle + 1 } else { high = middle }
            }
            if low > 0, chains[forward[low - 1]].lastInvocation > due[number] {
                due[number] = chains[forward[low - 1]].firstReturn
            }
        }
        return due
    }

    private func events(_ due: [Int32]) -> [(rank: Int32, event: Event, number: Int)] {
        var events: [(rank: Int32, event: Event, number: Int)] = []
        for (number, chain) in chains.enumerated() {
            if chain.isForward {
                events.append((chain.firstReturn, .forward, number))
                continue
            }
            events.append((chain.lastInvocation, .available, number))
            if !chain.isOptional { events.append((due[number], .due, number)) }
        }
        for (number, observer) in observers.enumerated() {
            events.append((observer.returned, .observed, number))
        }
        events.sort { ($0.rank, $0.event.rawValue, $0.number) < ($1.rank, $1.event.rawValue, $1.number) }
        return events
    }

    // MARK: - Heap

    private mutating func push(_ entry: UInt64) {
        waiting.append(entry)
        var place = waiting.count - 1
        while place > 0, waiting[(place - 1) / 2] > waiting[place] {
            waiting.swapAt(place, (place - 1) / 2)
            place = (place - 1) / 2
        }
    }

    private mutating func pop() -> UInt64? {
        guard let first = waiting.first, let last = waiting.popLast() else { return nil }
        if waiting.isEmpty { return first }
        waiting[0] = last
        var place = 0
        while true {
            var least = place
            for child in [2 * place + 1, 2 * place + 2] where child < waiting.count && waiting[child] < waiting[least] {
                least = child
            }
            if least == place { return first }
            waiting.swapAt(place, least)
            place = least
        }
    }
}
