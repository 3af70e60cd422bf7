import CLinux
import Glibc

/// One host's part in finding out who reaches whom: a socket from which probes go to all others, and which remembers
/// the probes of the others. It is open on all hosts before it runs on any.
package struct HostProbe: ~Copyable {
    /// Where the probes of another end go.
    package struct Target: Hashable, Sendable {
        /// Which end it is, the same on all hosts.
        package var index: Int
        package var address: String
        package var port: UInt16

        package init(index: Int, address: String, port: UInt16) {
            self.index = index
            self.address = address
            self.port = port
        }
    }

    /// One datagram that came, with moments of CLOCK_MONOTONIC in nanoseconds: of the sender, and of this host.
    package struct Arrival: Hashable, Sendable {
        package var from: Int
        package var sentAt: Int64
        package var receivedAt: Int64

        package init(from: Int, sentAt: Int64, receivedAt: Int64) {
            self.from = from
            self.sentAt = sentAt
            self.receivedAt = receivedAt
        }
    }

    /// Numbers in network byte order: hosts may differ in theirs.
    private struct Datagram {
        /// So that late datagrams of an earlier probe are not taken for this one's.
        var number: UInt64
        var from: UInt64
        var sentAt: UInt64
    }

    private let descriptor: Int32
    private let family: Int32
    package let port: UInt16

    /// Silent links are asked again, for a datagram may be lost.
    private static let repetition: Int64 = 50_000_000

    /// - Parameters:
    ///   - address: this host's own.
    ///   - port: nil: any free one.
    package init(address: String, port: UInt16? = nil) throws(ClusterError) {
        guard let family = HostEnds.family(of: address) else {
            throw ClusterError("open a socket on \(address)", "it is not an address")
        }
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(family, type, 0)
        guard descriptor >= 0 else { throw ClusterError("open a socket on \(address)", errorText(errno)) }
        let bound = HostProbe.withAddress(address, port ?? 0) { bind(descriptor, $0, $1) }
        guard bound == 0 else {
            let code = errno
            close(descriptor)
            throw ClusterError("open a socket on \(address), port \(port ?? 0)", errorText(code))
        }
        var storage = sockaddr_storage()
        var size = socklen_t(MemoryLayout<sockaddr_storage>.size)
        withUnsafeMutablePointer(to: &storage) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
        }
        // The port is in the same place for both families.
        self.port = withUnsafeBytes(of: storage) {
            UInt16(bigEndian: $0.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
        }
        self.descriptor = descriptor
        self.family = family
    }

    deinit { close(descriptor) }

    /// Sends and receives until `patience` nanoseconds are over.
    /// - Parameters:
    ///   - number: of this probe, the same on all hosts.
    ///   - own: which end this host is.
    /// - Returns: the first datagrams that came from each end, fifty of one at most.
    package func run(number: UInt64, own: Int, targets: [Target], patience: Int64) -> [Arrival] {
        var arrivals: [Arrival] = []
        var counts: [Int: Int] = [:]
        let known = Set(targets.map(\.index))
        let start = lab_monotonic_time()
        let end = start + patience
        var next = start
        var now = start
        while now < end {
            if now >= next {
                next += HostProbe.repetition
                for target in targets where target.index != own { send(number, own, target) }
            }
            var polled = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let rest = min(next, end) - lab_monotonic_time()
            poll(&polled, 1, Int32(max(0, rest + 999_999) / 1_000_000))
            while let arrival = receive(number) {
                guard known.contains(arrival.from), arrival.from != own, counts[arrival.from, default: 0] < 50 else {
                    continue
                }
                counts[arrival.from, default: 0] += 1
                arrivals.append(arrival)
            }
            now = lab_monotonic_time()
        }
        return arrivals
    }

    private func send(_ number: UInt64, _ own: Int, _ target: Target) {
        guard HostEnds.family(of: target.address) == family else { return }
        var datagram = Datagram(
            number: number.bigEndian, from: UInt64(own).bigEndian,
            sentAt: UInt64(bitPattern: lab_monotonic_time()).bigEndian)
        // A cut may answer with an error; silence is what is looked for.
        _ = HostProbe.withAddress(target.address, target.port) {
            sendto(descriptor, &datagram, MemoryLayout<Datagram>.size, Int32(MSG_DONTWAIT), $0, $1)
        }
    }

    /// The next datagram of this probe; nil when none is there.
    private func receive(_ number: UInt64) -> Arrival? {
        var datagram = Datagram(number: 0, from: 0, sentAt: 0)
        let size = MemoryLayout<Datagram>.size
        while true {
            let count = recv(descriptor, &datagram, size, Int32(MSG_DONTWAIT))
            // An answer of a host without the port is an error of the next call, and not the end.
            if count < 0, errno == ECONNREFUSED || errno == EHOSTUNREACH || errno == EINTR { continue }
            if count < 0 { return nil }
            guard count == size, UInt64(bigEndian: datagram.number) == number,
                let from = Int(exactly: UInt64(bigEndian: datagram.from))
            else { continue }
            return Arrival(
                from: from, sentAt: Int64(bitPattern: UInt64(bigEndian: datagram.sentAt)),
                receivedAt: lab_monotonic_time())
        }
    }

    private static func withAddress<Result>(
        _ address: String, _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        if HostEnds.family(of: address) == AF_INET6 {
            var socket = sockaddr_in6()
            socket.sin6_family = sa_family_t(AF_INET6)
            socket.sin6_port = port.bigEndian
            inet_pton(AF_INET6, address, &socket.sin6_addr)
            return withUnsafePointer(to: &socket) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in6>.size))
                }
            }
        }
        var socket = sockaddr_in()
        socket.sin_family = sa_family_t(AF_INET)
        socket.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &socket.sin_addr)
        return DatagramSocket.with(socket, body)
    }
}

extension Reachability {
    /// What the hosts have seen, put together.
    /// - Parameters:
    ///   - ends: whom the indices of the probes stand for.
    ///   - arrivals: what each of them has seen; nil where a host could not be asked, of whose links nothing is said.
    ///   - clocks: nanoseconds that the monotonic clock of each is ahead of the controller's.
    package init(ends: [Endpoint], arrivals: [[HostProbe.Arrival]?], clocks: [Int64]) {
        var delays: [Link: Int64] = [:]
        var silent: Set<Link> = []
        for (to, seen) in arrivals.enumerated() {
            guard let seen else { continue }
            for from in ends.indices where from != to && arrivals[from] != nil {
                let link = Link(from: ends[from], to: ends[to])
                let fastest = seen.filter { $0.from == from }
                    .map { ($0.receivedAt &- clocks[to]) &- ($0.sentAt &- clocks[from]) }.min()
                // Offsets are known to some microseconds: nothing arrives before it is sent.
                if let fastest { delays[link] = max(0, fastest) } else { silent.insert(link) }
            }
        }
        self.init(delays: delays, silent: silent)
    }
}
