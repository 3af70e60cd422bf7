import Glibc
import Synchronization

/// What the switch's thread shares with everybody else: two tables of policies and the counters, each for every
/// directed link (`from × ports + to`).
///
/// One table is in force, the other belongs to whoever changes the topology; a change is one store. The thread reads
/// which table is in force once per batch of frames, and says so: after that no frame passes under the old one.
final class SwitchState: @unchecked Sendable {
    // The pointers are constant. Table `generation & 1` belongs to the thread while it is in force, the other one is
    // only written under the lock of `EthernetSwitch` after the thread has confirmed that it has left it. Counters are
    // atomic and written by the switch's thread alone.
    let ports: Int
    private let tables: UnsafeMutablePointer<LinkTable>
    private let generation = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private let counters: UnsafeMutablePointer<Atomic<UInt64>>

    /// What is counted on every link.
    enum Counter: Int, CaseIterable {
        case frames, bytes, cut, lost, queueDrops, duplicated, corrupted, reordered, delayed, delay, resets
    }
    private static let kinds = Counter.allCases.count

    init(ports: Int) {
        self.ports = ports
        let links = ports * ports
        tables = .allocate(capacity: 2)
        for index in 0..<2 { (tables + index).initialize(to: LinkTable(links: links, [:])) }
        counters = .allocate(capacity: links * SwitchState.kinds)
        for index in 0..<links * SwitchState.kinds { (counters + index).initialize(to: Atomic(0)) }
    }

    deinit {
        for index in 0..<2 { tables[index].deallocate() }
        tables.deallocate()
        counters.deinitialize(count: ports * ports * SwitchState.kinds)
        counters.deallocate()
    }

    var links: Int { ports * ports }

    var currentGeneration: Int { generation.load(ordering: .acquiring) }

    func table(of generation: Int) -> LinkTable { tables[generation & 1] }

    /// Puts a new table in force. The thread must have confirmed the generation before.
    func publish(_ table: LinkTable) {
        let next = generation.load(ordering: .relaxed) + 1
        tables[next & 1].deallocate()
        tables[next & 1] = table
        generation.store(next, ordering: .releasing)
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() { stopping.store(true, ordering: .releasing) }

    // One writer: a load and a store are enough, and cheaper than an atomic addition.
    @inline(__always)
    func count(_ counter: Counter, _ link: Int, _ amount: UInt64 = 1) {
        let cell = counters + link * SwitchState.kinds + counter.rawValue
        cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    @inline(__always)
    func countForwarded(_ link: Int, bytes: Int) {
        count(.frames, link)
        count(.bytes, link, UInt64(bytes))
    }

    func value(_ counter: Counter, _ link: Int) -> UInt64 {
        (counters + link * SwitchState.kinds + counter.rawValue).pointee.load(ordering: .relaxed)
    }
}
