import Glibc
import Synchronization

/// What the switch does to the frames of one directed link.
struct LinkPolicy {
    /// IPv4 and IPv6 frames are swallowed. ARP passes, so that a connection attempt meets silence, as behind a
    /// firewall, and not an unreachable host.
    var isCut = false

    /// Whether every frame is passed on as it is: the one question of the fast path.
    var isPlain: Bool { !isCut }
}

/// What the switch's thread shares with everybody else: two tables of policies and the counters, each for every
/// directed link (`from × ports + to`).
///
/// One table is in force, the other belongs to whoever changes the topology; a change is one store. The thread reads
/// which table is in force once per batch of frames, and says so: after that no frame passes under the old one.
final class SwitchState: @unchecked Sendable {
    // The pointers are constant. Table `generation & 1` is only read while it is in force, the other one only
    // written under the lock of `EthernetSwitch` after the thread has confirmed that it has left it. Counters are
    // atomic and written by the switch's thread alone.
    let ports: Int
    private let tables: (UnsafeMutablePointer<LinkPolicy>, UnsafeMutablePointer<LinkPolicy>)
    private let generation = Atomic<Int>(0)
    private let stopping = Atomic<Bool>(false)
    private let counters: UnsafeMutablePointer<Atomic<UInt64>>

    private enum Counter: Int { case frames, bytes, cut, kinds }

    init(ports: Int) {
        self.ports = ports
        let links = ports * ports
        tables = (.allocate(capacity: links), .allocate(capacity: links))
        tables.0.initialize(repeating: LinkPolicy(), count: links)
        tables.1.initialize(repeating: LinkPolicy(), count: links)
        counters = .allocate(capacity: links * Counter.kinds.rawValue)
        for index in 0..<links * Counter.kinds.rawValue { (counters + index).initialize(to: Atomic(0)) }
    }

    deinit {
        tables.0.deallocate()
        tables.1.deallocate()
        counters.deinitialize(count: ports * ports * Counter.kinds.rawValue)
        counters.deallocate()
    }

    var currentGeneration: Int { generation.load(ordering: .acquiring) }

    func table(of generation: Int) -> UnsafePointer<LinkPolicy> {
        UnsafePointer(generation & 1 == 0 ? tables.0 : tables.1)
    }

    /// Puts a new table in force, and returns its generation. The thread must have confirmed the generation before.
    func publish(_ fill: (_ table: UnsafeMutablePointer<LinkPolicy>) -> Void) -> Int {
        let next = generation.load(ordering: .relaxed) + 1
        fill(next & 1 == 0 ? tables.0 : tables.1)
        generation.store(next, ordering: .releasing)
        return next
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() { stopping.store(true, ordering: .releasing) }

    // One writer: a load and a store are enough, and cheaper than an atomic addition.
    @inline(__always)
    private func add(_ amount: UInt64, _ counter: Counter, _ link: Int) {
        let cell = counters + link * Counter.kinds.rawValue + counter.rawValue
        cell.pointee.store(cell.pointee.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    @inline(__always)
    func countForwarded(_ link: Int, bytes: Int) {
        add(1, .frames, link)
        add(UInt64(bytes), .bytes, link)
    }

    @inline(__always)
    func countCut(_ link: Int) {
        add(1, .cut, link)
    }

    func forwardedFrames(_ link: Int) -> UInt64 { read(.frames, link) }
    func forwardedBytes(_ link: Int) -> UInt64 { read(.bytes, link) }
    func cutFrames(_ link: Int) -> UInt64 { read(.cut, link) }

    private func read(_ counter: Counter, _ link: Int) -> UInt64 {
        (counters + link * Counter.kinds.rawValue + counter.rawValue).pointee.load(ordering: .relaxed)
    }
}
