import CLinux
import Glibc
import Synchronization

/// Answers the nodes' questions for names: the names of the nodes and the controller, forwards and backwards, and
/// nothing else. It has a socket in every node's own network, so that cut links do not make it unreachable, and who
/// asks is beyond doubt.
final class NameServer: Sendable {
    private struct State {
        var faults: [NameFault] = []
        var counters: [NameCounters]
    }

    private let addresses: [String: [UInt8]]
    private let names: [String: String]
    private let nodeNames: [String]
    private let state: Mutex<State>
    private let sockets: [Int32]
    private let wake: Int32
    private let stopping = Atomic<Bool>(false)
    private let thread = Mutex<NativeThread?>(nil)

    /// Where it listens, in every node: the customary address of local name servers, so that a node's own may have
    /// 127.0.0.1.
    private static let address = "127.0.0.53"
    private static let port: UInt16 = 53

    /// The contents of /etc/resolv.conf.
    static let resolverConfiguration = "nameserver \(address)\noptions timeout:1 attempts:2\n"

    /// - Parameters:
    ///   - entries: addresses and names, those of the nodes first and in their order.
    ///   - processes: one in the network namespace of each node.
    init(_ entries: [(address: String, name: String)], processes: [Int32]) throws(ClusterError) {
        var addresses: [String: [UInt8]] = [:]
        var names: [String: String] = [:]
        for (address, name) in entries {
            addresses[name] = address.split(separator: ".").compactMap { UInt8($0) }
            names[address.split(separator: ".").reversed().joined(separator: ".") + ".in-addr.arpa"] = name
        }
        self.addresses = addresses
        self.names = names
        nodeNames = entries.map(\.name)
        state = Mutex(State(counters: Array(repeating: NameCounters(), count: processes.count)))
        sockets = try NameServer.openSockets(processes)
        wake = lab_event_new()
        do throws(ClusterError) {
            guard wake >= 0 else { throw ClusterError("start the name server", errorText(-wake)) }
            let thread = try NativeThread { [self] in run() }
            self.thread.withLock { $0 = thread }
        } catch {
            for descriptor in sockets + [wake] where descriptor >= 0 { close(descriptor) }
            throw error
        }
    }

    private static func openSockets(_ processes: [Int32]) throws(ClusterError) -> [Int32] {
        try NativeThread.run { () throws(ClusterError) in
            var opened: [Int32] = []
            for process in processes {
                do throws(ClusterError) {
                    let code = lab_enter_network(process)
                    guard code == 0 else { throw ClusterError("start the name server", errorText(code)) }
                    opened.append(try DatagramSocket.open(NameServer.address, port: NameServer.port).socket)
                } catch {
                    for socket in opened { close(socket) }
                    throw error
                }
            }
            return opened
        }
    }

    /// Replaces all faults. Of several that fit a question the first holds.
    func set(_ faults: [NameFault]) {
        state.withLock { $0.faults = faults }
    }

    func counters() -> [NameCounters] { state.withLock { $0.counters } }

    /// Harmless when called again.
    func shutDown() {
        thread.withLock { thread in
            guard let running = thread else { return }
            thread = nil
            stopping.store(true, ordering: .releasing)
            var one: UInt64 = 1
            _ = retrying { write(wake, &one, 8) }
            running.join()
            for descriptor in sockets + [wake] { close(descriptor) }
        }
    }

    private func run() {
        var polled = (sockets + [wake]).map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        while !stopping.load(ordering: .acquiring) {
            poll(&polled, nfds_t(polled.count), -1)
            for index in sockets.indices where polled[index].revents != 0 { serve(index) }
        }
    }

    /// Answers what a node has asked.
    private func serve(_ asker: Int) {
        var bytes = [UInt8](repeating: 0, count: 1024)
        while true {
            var sender = sockaddr_in()
            var size = socklen_t(MemoryLayout<sockaddr_in>.size)
            let count = withUnsafeMutablePointer(to: &sender) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    recvfrom(sockets[asker], &bytes, bytes.count, Int32(MSG_DONTWAIT), $0, &size)
                }
            }
            guard count >= 0 else { return }
            guard let question = NameMessage(Array(bytes[..<count])), let answer = answer(question, asker) else {
                continue
            }
            _ = DatagramSocket.with(sender) {
                sendto(sockets[asker], answer, answer.count, Int32(MSG_DONTWAIT), $0, $1)
            }
        }
    }

    /// - Returns: nil for silence.
    private func answer(_ question: NameMessage, _ asker: Int) -> [UInt8]? {
        let fault = state.withLock { state in
            state.counters[asker].questions += 1
            let fault = state.faults.first { fault in
                (fault.asker == nil || fault.asker == asker)
                    && (fault.name.map { question.name == nodeNames[$0] } ?? (addresses[question.name] != nil))
            }
            if fault != nil { state.counters[asker].wrongAnswers += 1 }
            return fault
        }
        var name = question.name
        switch fault?.answer {
        case .noSuchName: return question.answer(.noSuchName)
        case .serverFailure: return question.answer(.serverFailure)
        case .silence: return nil
        case .node(let index): name = nodeNames[index]
        case nil: break
        }
        if let address = addresses[name] {
            return question.answer(.noError, data: question.kind == NameMessage.address ? address : nil)
        }
        if let pointed = names[name] {
            let data = question.kind == NameMessage.pointer ? NameMessage.encode(pointed) : nil
            return question.answer(.noError, data: data)
        }
        return question.answer(.noSuchName)
    }
}
