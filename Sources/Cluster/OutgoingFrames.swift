import CLinux

/// Frames that are about to leave, sorted by the port that they leave by: many are sent in one system call.
struct OutgoingFrames {
    private let descriptors: [Int32]
    private let queues: UnsafeMutablePointer<lab_frame>
    private let queued: UnsafeMutablePointer<Int>
    /// Of one port.
    private static let capacity = 128

    init(_ descriptors: [Int32]) {
        self.descriptors = descriptors
        queues = .allocate(capacity: descriptors.count * OutgoingFrames.capacity)
        queued = .allocate(capacity: descriptors.count)
        queued.initialize(repeating: 0, count: descriptors.count)
    }

    func deallocate() {
        queues.deallocate()
        queued.deallocate()
    }

    /// The bytes must stay as they are until `send`.
    @inline(__always)
    func append(_ frame: UnsafePointer<UInt8>, _ length: Int, to port: Int) {
        if queued[port] == OutgoingFrames.capacity { send(port) }
        queues[port * OutgoingFrames.capacity + queued[port]] = lab_frame(bytes: frame, length: length)
        queued[port] += 1
    }

    /// Sends everything.
    func send() {
        for port in descriptors.indices where queued[port] > 0 { send(port) }
    }

    private func send(_ port: Int) {
        // What the port has no room for is lost, as in any switch; TCP slows down.
        _ = lab_packet_send(descriptors[port], queues + port * OutgoingFrames.capacity, UInt32(queued[port]))
        queued[port] = 0
    }
}
