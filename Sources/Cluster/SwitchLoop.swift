import CLinux
import Glibc

/// The switch's thread: takes frames from the ports' rings, leads them through the links' stages, and sends them where
/// their addresses say.
struct SwitchLoop: @unchecked Sendable {
    // Made by one thread and handed to the switch's thread, which is the only one to use it from then on.
    private let state: SwitchState
    private let ports: [lab_packet_socket]
    private let numbers: [UInt8]
    private let seed: UInt64
    private let recording: PacketRing?
    private let wake: Int32
    private let confirmations: Int32
    private let epoll: Int32
    private let timer: Int32
    /// The port that the last byte of a MAC address belongs to, or -1.
    private let portOfNumber: [Int]

    /// Frames taken from a port before the others have their turn.
    private static let batch = 64

    /// - Parameters:
    ///   - seed: of everything that is left to chance.
    ///   - recording: where frames are written down; nil where they are not.
    ///   - wake: an eventfd that is written to after every change of the state.
    ///   - confirmations: an eventfd that is written to when a change is in force.
    init(
        _ state: SwitchState, _ ports: [lab_packet_socket], numbers: [UInt8], seed: UInt64, recording: PacketRing?,
        wake: Int32, confirmations: Int32
    ) throws(ClusterError) {
        self.state = state
        self.ports = ports
        self.numbers = numbers
        self.seed = seed
        self.recording = recording
        self.wake = wake
        self.confirmations = confirmations
        var portOfNumber = [Int](repeating: -1, count: 256)
        for (port, number) in numbers.enumerated() { portOfNumber[Int(number)] = port }
        self.portOfNumber = portOfNumber
        epoll = lab_epoll_new()
        timer = lab_timer_new()
        guard epoll >= 0, timer >= 0 else {
            for descriptor in [epoll, timer] where descriptor >= 0 { close(descriptor) }
            throw ClusterError("create a descriptor of the switch", errorText(-min(epoll, timer)))
        }
        for descriptor in ports.map(\.descriptor) + [wake, timer] {
            let code = lab_epoll_add(epoll, descriptor, 0)
            guard code == 0 else {
                close(epoll)
                close(timer)
                throw ClusterError("watch a port of the switch", errorText(code))
            }
        }
    }

    /// Returns when the state says so.
    func run() {
        var pipeline = LinkPipeline(
            state, numbers: numbers, descriptors: ports.map(\.descriptor), seed: seed, recording: recording)
        defer {
            pipeline.deallocate()
            close(epoll)
            close(timer)
        }
        let count = ports.count
        var positions = [Int](repeating: 0, count: count)
        var confirmed = state.currentGeneration
        var alarm: Int64 = 0
        while !state.isStopping {
            let generation = state.currentGeneration
            // One time for all frames of a round: those that are due leave before those that arrive.
            let now = lab_monotonic_time()
            if generation != confirmed {
                confirmed = generation
                pipeline.adopt(state.table(of: generation), now: now)
                signal(confirmations)
            }
            var idle = !pipeline.release(due: now)
            for port in 0..<count {
                let taken = collect(port, positions[port], now, &pipeline)
                if taken == 0 { continue }
                idle = false
                pipeline.outgoing.send()
                positions[port] = release(port, positions[port], taken)
            }
            if idle {
                let due = pipeline.nextDue ?? 0
                if due != alarm {
                    alarm = due
                    _ = lab_timer_set(timer, due)
                }
                _ = lab_epoll_wait(epoll)
                drain(wake)
                // A timer that is over stays readable until it is set or read.
                if alarm != 0, lab_monotonic_time() >= alarm {
                    drain(timer)
                    alarm = 0
                }
            }
        }
    }

    /// Leads the frames that wait at a port through the pipeline.
    /// - Returns: how many there were.
    @inline(__always)
    private func collect(_ port: Int, _ position: Int, _ now: Int64, _ pipeline: inout LinkPipeline) -> Int {
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
                guard target != port else { continue }
                pipeline.connections.note(frame, Int(length), from: port, to: target)
                pipeline.pass(frame, Int(length), from: port, to: target, now: now)
            } else {
                // Broadcast, multicast, or an address that the switch has not given: to everybody.
                for other in 0..<ports.count where other != port {
                    pipeline.pass(frame, Int(length), from: port, to: other, now: now)
                }
            }
        }
        return taken
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

    private func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = retrying { write(descriptor, &one, 8) }
    }

    private func drain(_ descriptor: Int32) {
        var value: UInt64 = 0
        _ = retrying { read(descriptor, &value, 8) }
    }
}
