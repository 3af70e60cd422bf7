import CLinux
import Glibc

/// Who reached whom when it was tried.
public struct Reachability: Hashable, Sendable {
    /// Nanoseconds that the fastest datagram took, of every directed link that one has passed.
    public var delays: [Link: Int64]
    /// The links that nothing has passed.
    public var silent: Set<Link>

    public init(delays: [Link: Int64], silent: Set<Link>) {
        self.delays = delays
        self.silent = silent
    }

    public func reaches(_ link: Link) -> Bool { delays[link] != nil }
}

/// Datagrams between all ends of all links. The sockets are opened in the nodes' networks, so that a node's processes
/// need not answer, nor even run.
struct ReachabilityProbe {
    private struct Probe {
        /// So that late datagrams of an earlier probe are not taken for its own.
        var number: UInt64
        var from: Int64
        var sent: Int64
    }

    private let ends: [Endpoint]
    private let sockets: [Int32]
    private let targets: [sockaddr_in]

    /// Silent links are asked again, for a datagram may be lost.
    private static let repetition: Int64 = 50_000_000

    /// - Parameter processes: one in the network namespace of each end.
    init(ends: [Endpoint], addresses: [String], processes: [Int32], port: UInt16?) throws(ClusterError) {
        self.ends = ends
        let opened = try NativeThread.run { () throws(ClusterError) in
            var opened: [(socket: Int32, target: sockaddr_in)] = []
            for (index, process) in processes.enumerated() {
                do throws(ClusterError) {
                    opened.append(try ReachabilityProbe.open(addresses[index], process, port))
                } catch {
                    for (socket, _) in opened { Glibc.close(socket) }
                    throw error
                }
            }
            return opened
        }
        sockets = opened.map(\.socket)
        targets = opened.map(\.target)
    }

    private static func open(
        _ address: String, _ process: Int32, _ port: UInt16?
    ) throws(ClusterError) -> (socket: Int32, target: sockaddr_in) {
        let code = lab_enter_network(process)
        guard code == 0 else { throw ClusterError("enter the network of \(address)", errorText(code)) }
        return try DatagramSocket.open(address, port: port ?? 0)
    }

    func close() {
        for socket in sockets { Glibc.close(socket) }
    }

    func run(patience: Int64) -> Reachability {
        let number = UInt64(truncatingIfNeeded: lab_real_time())
        var delays: [Link: Int64] = [:]
        let start = lab_monotonic_time()
        let total = ends.count * (ends.count - 1)
        var nextRound = start
        var now = start
        while delays.count < total, now < start + patience {
            if now >= nextRound {
                nextRound += ReachabilityProbe.repetition
                send(number, except: delays)
            }
            wait(until: min(nextRound, start + patience))
            for index in sockets.indices { receive(index, number, &delays) }
            now = lab_monotonic_time()
        }
        return Reachability(delays: delays, silent: Set(links().filter { delays[$0] == nil }))
    }

    private func links() -> [Link] {
        ends.flatMap { from in ends.filter { $0 != from }.map { Link(from: from, to: $0) } }
    }

    private func send(_ number: UInt64, except delays: [Link: Int64]) {
        for from in ends.indices {
            for to in ends.indices where to != from && delays[Link(from: ends[from], to: ends[to])] == nil {
                var probe = Probe(number: number, from: Int64(from), sent: lab_monotonic_time())
                _ = DatagramSocket.with(targets[to]) {
                    sendto(sockets[from], &probe, MemoryLayout<Probe>.size, Int32(MSG_DONTWAIT), $0, $1)
                }
            }
        }
    }

    private func wait(until moment: Int64) {
        var polled = sockets.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let rest = moment - lab_monotonic_time()
        poll(&polled, nfds_t(polled.count), Int32(max(0, rest + 999_999) / 1_000_000))
    }

    private func receive(_ to: Int, _ number: UInt64, _ delays: inout [Link: Int64]) {
        var probe = Probe(number: 0, from: 0, sent: 0)
        let size = MemoryLayout<Probe>.size
        while recv(sockets[to], &probe, size, Int32(MSG_DONTWAIT)) > 0 {
            guard probe.number == number, ends.indices.contains(Int(probe.from)), Int(probe.from) != to else {
                continue
            }
            let link = Link(from: ends[Int(probe.from)], to: ends[to])
            delays[link] = min(delays[link] ?? Int64.max, lab_monotonic_time() - probe.sent)
        }
    }
}

/// A datagram socket on an address of this thread's network namespace.
enum DatagramSocket {
    static func open(_ address: String, port: UInt16) throws(ClusterError) -> (socket: Int32, target: sockaddr_in) {
        let type = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = Glibc.socket(AF_INET, type, 0)
        guard descriptor >= 0 else { throw ClusterError("open a socket on \(address)", errorText(errno)) }
        var bound = sockaddr_in()
        bound.sin_family = sa_family_t(AF_INET)
        bound.sin_port = port.bigEndian
        inet_pton(AF_INET, address, &bound.sin_addr)
        guard with(bound, { bind(descriptor, $0, $1) }) == 0 else {
            let code = errno
            close(descriptor)
            throw ClusterError("open a socket on \(address), port \(port)", errorText(code))
        }
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &bound) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { _ = getsockname(descriptor, $0, &size) }
        }
        return (descriptor, bound)
    }

    static func with<Result>(
        _ address: sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Result
    ) -> Result {
        withUnsafePointer(to: address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { body($0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
        }
    }
}
