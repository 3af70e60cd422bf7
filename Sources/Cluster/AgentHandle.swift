import CLinux
import Glibc
import Synchronization

/// The controller's side of one node: the agent's process and the channel to it.
final class AgentHandle: Sendable {
    let nodeName: String
    let process: Int32
    private let channel: ControlChannel
    /// One request at a time; false when the agent has been ended.
    private let isOpen = Mutex(true)

    /// Starts the agent. It answers once before it is asked anything, when its namespaces exist.
    /// - Parameter isOnHost: whether its node shares the machine's network and view of the file system.
    init(nodeName: String, isOnHost: Bool = false) throws(ClusterError) {
        var pair: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, type, 0, &pair) == 0 else {
            throw ClusterError("create a socket for", node: nodeName, errorText(errno))
        }
        // Every request has a deadline: whoever waits for a node must not wait for ever.
        var patience = timeval(tv_sec: 30, tv_usec: 0)
        setsockopt(pair[0], SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        process = NodeInit.spawn(
            title: "polygraph \(nodeName)", ["agent"] + (isOnHost ? ["host"] : []), channel: pair[1])
        close(pair[1])
        self.nodeName = nodeName
        channel = ControlChannel(descriptor: pair[0])
        if process < 0 {
            close(pair[0])
            throw ClusterError("start the agent of", node: nodeName, errorText(-process))
        }
    }

    /// Sends a request without waiting for the answer.
    func send(_ request: NodeRequest) throws(ClusterError) {
        do throws(ControlChannel.Failure) { try channel.send(request.words) } catch { throw gone(error) }
    }

    /// Waits for an answer.
    func receive() throws(ClusterError) -> NodeAnswer {
        let words: [String]
        do throws(ControlChannel.Failure) { words = try channel.receive() } catch { throw gone(error) }
        guard let answer = NodeAnswer(words: words) else {
            throw ClusterError("understand", node: nodeName, "its agent answers \(words)")
        }
        if case .failed(let step, let message) = answer { throw ClusterError(step, node: nodeName, message) }
        return answer
    }

    /// A request and its answer.
    func ask(_ request: NodeRequest) throws(ClusterError) -> NodeAnswer {
        try isOpen.withLock { isOpen throws(ClusterError) in
            guard isOpen else { throw ClusterError("reach", node: nodeName, "the lab has been torn down") }
            try send(request)
            return try receive()
        }
    }

    private func gone(_ failure: ControlChannel.Failure) -> ClusterError {
        switch failure {
        case .ended: ClusterError("reach", node: nodeName, "its agent (process \(process)) has ended unexpectedly")
        case .system(let code): ClusterError("reach", node: nodeName, errorText(code))
        }
    }

    /// Ends the node and its agent: first of all nodes without waiting, then `join` each.
    func beginEnd() {
        isOpen.withLock { isOpen in
            if isOpen { shutdown(channel.descriptor, Int32(SHUT_RDWR)) }
        }
    }

    func join() {
        isOpen.withLock { isOpen in
            guard isOpen else { return }
            isOpen = false
            var status: Int32 = 0
            let patience = lab_monotonic_time() + 5_000_000_000
            while retrying({ Int(waitpid(process, &status, WNOHANG)) }) == 0 {
                // An agent that does not end by itself takes its node with it when it is killed.
                if lab_monotonic_time() > patience { Glibc.kill(process, SIGKILL) }
                usleep(500)
            }
            close(channel.descriptor)
        }
    }
}
