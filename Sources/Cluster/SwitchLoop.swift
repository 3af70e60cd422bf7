import CLinux
import Glibc

/// The switch's thread: takes frames from the ports' rings and sends them where their addresses say.
struct SwitchLoop: @unchecked Sendable {
    // Made by one thread and handed to the switch's thread, which is the only one to use it from then on.
    private let state: SwitchState
    private let ports: [lab_packet_socket]
    private let wake: Int32
    private let confirmations: Int32
    private let epoll: Int32
    /// The port that the last byte of a MAC address belongs to, or -1.
    private let portOfNumber: [Int]

    /// Frames taken from a port before the others have their turn.
    private static let batch = 64

    /// - Parameters:
    ///   - wake: an eventfd that is written to after every change of the state.
    ///   - confirmations: an eventfd that is written to when a change is in force.
    init(_ state: SwitchState, _ ports: [lab_packet_socket], numbers: [UInt8], wake: Int32, confirmations: Int32)
        throws(ClusterError)
    {
        self.state = state
        self.ports = ports
        self.wake = wake
        self.confirmations = confirmations
        var portOfNumber = [Int](repeating: -1, count: 256)
        for (port, number) in numbers.enumerated() { portOfNumber[Int(number)] = port }
        self.portOfNumber = portOfNumber
        epoll = lab_epoll_new()
        guard epoll >= 0 else { throw ClusterError("create an epoll descriptor", errorText(-epoll)) }
        for descriptor in ports.map(\.descriptor) + [wake] {
            let code = lab_epoll_add(epoll, descriptor, 0)
            guard code == 0 else {
                close(epoll)
                throw ClusterError("watch a port of the switch", errorText(code))
            }
        }
    }

    /// Returns when the state says so.
    func run() {
        defer { close(epoll) }
        let count = ports.count
        var positions = [Int](repeating: 0, count: count)
        // For every port the frames that are to leave by it, of the batch in hand.
        let queues = UnsafeMutablePointer<lab_frame>.allocate(capacity: count * SwitchLoop.batch)
        let queued = UnsafeMutablePointer<Int>.allocate(capacity: count)
        queued.initialize(repeating: 0, count: count)
        defer {
            queues.deallocate()
            queued.deallocate()
        }
        var confirmed = state.currentGeneration
        while !state.isStopping {
            let generation = state.currentGeneration
            if generation != confirmed {
                confirmed = generation
                signal(confirmations)
            }
            let table = state.table(of: generation)
            var idle = true
            for port in 0..<count {
                let taken = collect(port, positions[port], table, queues, queued)
                if taken == 0 { continue }
                idle = false
                for target in 0..<count where queued[target] > 0 {
                    // What the target has no room for is lost, as in any switch; TCP slows down.
                    _ = lab_packet_send(
                        ports[target].descriptor, queues + target * SwitchLoop.batch, UInt32(queued[target]))
                    queued[target] = 0
                }
                positions[port] = release(port, positions[port], taken)
            }
            if idle {
                _ = lab_epoll_wait(epoll)
                drain(wake)
            }
        }
    }

    /// Sorts the frames that wait at a port into the queues.
    /// - Returns: how many there were.
    private func collect(
        _ port: Int, _ position: Int, _ table: UnsafePointer<LinkPolicy>, _ queues: UnsafeMutablePointer<lab_frame>,
        _ queued: UnsafeMutablePointer<Int>
    ) -> Int {
        let ring = ports[port].ring!
        let places = Int(ports[port].frames)
        var place = position
        var taken = 0
        while taken < SwitchLoop.batch {
            var length: UInt32 = 0
            guard let frame = lab_ring_frame(ring + place * Int(lab_ring_frame_size), &length) else { break }
            taken += 1
            place = place + 1 == places ? 0 : place + 1
            guard length >= 14 else { continue }
            let target = SwitchLoop.isOurs(frame) ? portOfNumber[Int(frame[5])] : -1
            if target >= 0 {
                if target != port { pass(frame, Int(length), port, target, table, queues, queued) }
            } else {
                // Broadcast, multicast, or an address that the switch has not given: to everybody.
                for other in 0..<ports.count where other != port {
                    pass(frame, Int(length), port, other, table, queues, queued)
                }
            }
        }
        return taken
    }

    @inline(__always)
    private func pass(
        _ frame: UnsafePointer<UInt8>, _ length: Int, _ from: Int, _ to: Int, _ table: UnsafePointer<LinkPolicy>,
        _ queues: UnsafeMutablePointer<lab_frame>, _ queued: UnsafeMutablePointer<Int>
    ) {
        let link = from * state.ports + to
        let policy = table[link]
        if !policy.isPlain {
            if policy.isCut && SwitchLoop.isInternet(frame) {
                state.countCut(link)
                return
            }
        }
        state.countForwarded(link, bytes: length)
        queues[to * SwitchLoop.batch + queued[to]] = lab_frame(bytes: frame, length: length)
        queued[to] += 1
    }

    private func release(_ port: Int, _ position: Int, _ taken: Int) -> Int {
        let ring = ports[port].ring!
        let places = Int(ports[port].frames)
        var place = position
        for _ in 0..<taken {
            lab_ring_release(ring + place * Int(lab_ring_frame_size))
            place = place + 1 == places ? 0 : place + 1
        }
        return place
    }

    @inline(__always)
    private static func isOurs(_ frame: UnsafePointer<UInt8>) -> Bool {
        frame[0] == 2 && frame[1] | frame[2] | frame[3] | frame[4] == 0
    }

    /// Whether the frame carries IPv4 (0x0800) or IPv6 (0x86dd).
    @inline(__always)
    private static func isInternet(_ frame: UnsafePointer<UInt8>) -> Bool {
        (frame[12] == 0x08 && frame[13] == 0x00) || (frame[12] == 0x86 && frame[13] == 0xdd)
    }

    private func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = retrying { write(descriptor, &one, 8) }
    }

    private func drain(_ descriptor: Int32) {
        var value: UInt64 = 0
        _ = retrying { read(descriptor, &value, 8) }
    }
}
