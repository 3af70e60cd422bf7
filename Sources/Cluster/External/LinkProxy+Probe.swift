import CLinux
import Glibc

/// Bytes that are sent through the proxy to find out what it lets through, as clients' own would be.
extension LinkProxy {
    /// A connection of its own over the links of one node: its far end is here, not there.
    private struct Probe {
        let index: Int
        let client, node: Int32
        /// From the client to the node, and back: since when bytes are on their way, and how long they took.
        var delays: [Int64?] = [nil, nil]

        func ends(_ flow: Int) -> (from: Int32, to: Int32) { flow == 0 ? (client, node) : (node, client) }

        func link(_ flow: Int) -> Link {
            flow == 0 ? Link(from: .controller, to: .node(index)) : Link(from: .node(index), to: .controller)
        }
    }

    /// Sends a byte over every link in both directions.
    /// - Parameter patience: nanoseconds after which a silent link counts as one that nothing passes.
    func reachability(port: UInt16, patience: Int64, nodes: Int) throws(ClusterError) -> Reachability {
        var probes: [Probe] = []
        defer { for probe in probes { for end in [probe.client, probe.node] { close(end) } } }
        for index in 0..<nodes {
            guard let far = LoopbackPair.make() else {
                throw ClusterError("measure who reaches whom", "no connection to be had: \(errorText(errno))")
            }
            guard let client = adopt(far.proxy, node: index, port: port) else {
                close(far.client)
                throw ClusterError("measure who reaches whom", "the proxy has ended")
            }
            probes.append(Probe(index: index, client: client, node: far.client))
        }
        let begin = lab_monotonic_time()
        var byte: UInt8 = 1
        for probe in probes { for flow in 0...1 { send(probe.ends(flow).from, &byte, 1, Int32(MSG_NOSIGNAL)) } }
        while probes.contains(where: { $0.delays.contains(nil) }) {
            let rest = begin + patience - lab_monotonic_time()
            if rest <= 0 { break }
            var polled = probes.flatMap { probe in
                (0...1).map { flow in
                    pollfd(
                        fd: probe.delays[flow] == nil ? probe.ends(flow).to : -1, events: Int16(POLLIN), revents: 0)
                }
            }
            guard clinux_poll(&polled, UInt(polled.count), rest) > 0 else { continue }
            for position in probes.indices {
                for flow in 0...1 where polled[2 * position + flow].revents != 0 {
                    if recv(probes[position].ends(flow).to, &byte, 1, 0) == 1 {
                        probes[position].delays[flow] = lab_monotonic_time() - begin
                    } else {
                        // Somebody resets connections: nothing more will come.
                        probes[position].delays[flow] = .max
                    }
                }
            }
        }
        var result = Reachability(delays: [:], silent: [])
        for probe in probes {
            for flow in 0...1 {
                if let delay = probe.delays[flow], delay < .max {
                    result.delays[probe.link(flow)] = delay
                } else {
                    result.silent.insert(probe.link(flow))
                }
            }
        }
        return result
    }
}
