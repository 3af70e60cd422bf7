import CLinux
import Glibc
import PolygraphCluster
import Synchronization

/// Networks of their own that stand for hosts, on one bridge: nodes, and the controller as the last one.
struct HostPlaces {
    /// A process that does nothing but keep a network there.
    let processes: [Int32]
    let ends: [Endpoint]

    struct Failure: Error, CustomStringConvertible { var description: String }

    static func address(_ index: Int) -> String { "10.99.0.\(index + 1)" }
    static func address6(_ index: Int) -> String { "fd99::\(index + 1)" }

    init(nodes: Int) throws {
        ends = (0..<nodes).map { Endpoint.node($0) } + [.controller]
        processes = try ends.map { _ in try HostPlaces.keeper() }
        var script = "link add bridge0 type bridge\nlink set bridge0 up\n"
        for (index, process) in processes.enumerated() {
            script += "link add host\(index) type veth peer name eth0 netns \(process)\n"
            script += "link set host\(index) master bridge0 up\n"
        }
        try shell("{ ip -batch - <<'END'\n\(script)END\n}")
        for index in ends.indices {
            try inside(index) {
                try HostPlaces.run(
                    "ip link set lo up && ip addr add \(HostPlaces.address(index))/24 dev eth0 && "
                        + "ip -6 addr add \(HostPlaces.address6(index))/64 dev eth0 nodad && ip link set eth0 up")
            }
        }
    }

    private static func keeper() throws -> Int32 {
        try onThread {
            guard lab_unshare(Int32(lab_namespace_network.rawValue)) == 0 else { throw Failure(description: "unshare") }
            var process: Int32 = 0
            var arguments: [UnsafeMutablePointer<CChar>?] = [strdup("sleep"), strdup("600"), nil]
            guard posix_spawnp(&process, "sleep", nil, nil, &arguments, environ) == 0 else {
                throw Failure(description: "sleep")
            }
            return process
        }
    }

    func end() {
        for process in processes {
            kill(process, SIGKILL)
            waitpid(process, nil, 0)
        }
    }

    /// Runs something in one host's network, on a thread of its own.
    @discardableResult func inside<Value: Sendable>(_ index: Int, _ body: @escaping @Sendable () throws -> Value) throws
        -> Value
    {
        let process = processes[index]
        return try HostPlaces.onThread {
            guard lab_enter_network(process) == 0 else { throw Failure(description: "enter a network") }
            return try body()
        }
    }

    private final class Outcome<Value: Sendable>: Sendable {
        let stored = Mutex<Result<Value, any Error>?>(nil)
    }

    static func onThread<Value: Sendable>(_ body: @escaping @Sendable () throws -> Value) throws -> Value {
        let outcome = Outcome<Value>()
        let thread = try NativeThread {
            let result = Result { try body() }
            outcome.stored.withLock { $0 = result }
        }
        thread.join()
        return try outcome.stored.withLock { $0! }.get()
    }

    @discardableResult func shell(_ command: String) throws -> String { try HostPlaces.run(command) }

    @discardableResult static func run(_ command: String) throws -> String {
        guard let pipe = popen(command + " 2>&1", "r") else { throw Failure(description: "popen") }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while case let count = fread(&buffer, 1, buffer.count, pipe), count > 0 { text += buffer[..<count] }
        let status = pclose(pipe)
        let output = String(decoding: text, as: UTF8.self)
        if status != 0 { throw Failure(description: "\(command): \(output)") }
        return output
    }

    /// Who reaches whom, by the probes of all hosts at once.
    func reachability(_ address: @escaping @Sendable (Int) -> String = HostPlaces.address) throws -> Reachability {
        let count = ends.count
        let ports = Mutex([UInt16](repeating: 0, count: count))
        let arrivals = Mutex([[HostProbe.Arrival]?](repeating: nil, count: count))
        let number = UInt64.random(in: 1...UInt64.max)
        let shared = Shared(ports, arrivals)
        var threads: [NativeThread] = []
        for index in 0..<count {
            let process = processes[index]
            threads.append(
                try NativeThread {
                    guard lab_enter_network(process) == 0, let probe = try? HostProbe(address: address(index)) else {
                        return
                    }
                    shared.ports.withLock { $0[index] = probe.port }
                    while shared.ports.withLock({ $0.contains(0) }) { usleep(1000) }
                    let targets = shared.ports.withLock { ports in
                        ports.indices.map { HostProbe.Target(index: $0, address: address($0), port: ports[$0]) }
                    }
                    let seen = probe.run(number: number, own: index, targets: targets, patience: 300_000_000)
                    shared.arrivals.withLock { $0[index] = seen }
                })
        }
        for thread in threads { thread.join() }
        return Reachability(
            ends: ends, arrivals: shared.arrivals.withLock { $0 }, clocks: ends.map { _ in 0 })
    }

    private final class Shared: Sendable {
        let ports: Mutex<[UInt16]>
        let arrivals: Mutex<[[HostProbe.Arrival]?]>
        init(_ ports: consuming sending Mutex<[UInt16]>, _ arrivals: consuming sending Mutex<[[HostProbe.Arrival]?]>) {
            self.ports = ports
            self.arrivals = arrivals
        }
    }

    /// Sends datagrams from one host to a port of another one.
    func send(_ count: Int, from: Int, to: Int, port: UInt16, size: Int = 8) throws {
        try inside(from) {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
            defer { close(socket) }
            let target = Sockets.address(HostPlaces.address(to), port)
            let payload = [UInt8](repeating: 1, count: size)
            for _ in 0..<count {
                _ = Sockets.with(target) { sendto(socket, payload, payload.count, 0, $0, $1) }
            }
        }
    }

    /// Whether a connection from one host to a port of another comes about.
    func connects(from: Int, to: Int, port: UInt16, milliseconds: Int32) throws -> Bool {
        try inside(from) {
            Sockets.connects(to: Sockets.address(HostPlaces.address(to), port), milliseconds: milliseconds)
        }
    }

    /// A socket that listens in a host's network; the kernel accepts.
    func listener(_ index: Int, port: UInt16) throws -> Int32 {
        try inside(index) {
            let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            guard Sockets.with(Sockets.address("0.0.0.0", port), { bind(socket, $0, $1) }) == 0, listen(socket, 64) == 0
            else { throw Failure(description: "listen on \(port)") }
            return socket
        }
    }
}
