import CLinux
import Glibc

/// Where one end of a cable goes.
struct SwitchPlug: Sendable {
    /// The last byte of the MAC address and of the IPv4 address.
    var number: UInt8
    /// The name of the interface at the far end.
    var interface: String
    /// The process in whose network namespace that is.
    var process: Int32

    /// 02:00:00:00:00:NN: locally administered.
    var hardwareAddress: [UInt8] { [2, 0, 0, 0, 0, number] }
}

/// The switch's own side of all cables: packet sockets on interfaces in a network namespace that nobody else is in.
/// A namespace of its own, because in the lab's the kernel would answer ARP requests for the controller on any port.
struct SwitchPorts: Sendable {
    /// An open port. The ring belongs to the switch's thread until the ports are closed.
    struct Port: @unchecked Sendable {
        // Holds a pointer to the ring, which only the switch's thread follows, between its start and its end.
        var socket: lab_packet_socket
    }

    let ports: [Port]
    private let links: LinkSocket

    private static let group: UInt32 = 77
    /// 2 MiB of frames for each port: more than a receive window, so that the kernel does not drop in a burst.
    private static let blocks: UInt32 = 32

    /// Lays a cable to every plug.
    init(_ plugs: [SwitchPlug]) throws(ClusterError) {
        // The sockets keep the namespace alive; the thread that made it need not last.
        self = try NativeThread.run { () throws(ClusterError) in try SwitchPorts(inNewNamespace: plugs) }
    }

    private init(inNewNamespace plugs: [SwitchPlug]) throws(ClusterError) {
        let code = lab_unshare(Int32(lab_namespace_network.rawValue))
        guard code == 0 else { throw ClusterError("create the switch's network namespace", errorText(code)) }
        // Nothing but what the nodes send shall be on the wires. Where the kernel has no IPv6 there is no such file.
        _ = writeFile("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1")
        links = try LinkSocket()
        var ports: [Port] = []
        for plug in plugs {
            do throws(ClusterError) {
                ports.append(try SwitchPorts.connect(plug, links))
            } catch {
                for port in ports { SwitchPorts.close(port) }
                _ = links.deleteGroup(SwitchPorts.group)
                links.close()
                throw error
            }
        }
        self.ports = ports
    }

    private static func connect(_ plug: SwitchPlug, _ links: LinkSocket) throws(ClusterError) -> Port {
        let name = "port\(plug.number)"
        func check(_ code: Int32, _ step: String) throws(ClusterError) {
            if code != 0 { throw ClusterError("\(step) \(plug.interface) (\(name))", errorText(code)) }
        }
        try check(
            links.createPair(
                name: name, group: group, peer: plug.interface, address: plug.hardwareAddress, process: plug.process),
            "create the cable to")
        try check(lab_interface_plain(name), "configure the cable to")
        var socket = lab_packet_socket()
        try check(lab_packet_open(lab_interface_index(name), blocks, &socket), "open a packet socket for")
        try check(lab_interface_up(name), "bring up the cable to")
        return Port(socket: socket)
    }

    private static func close(_ port: Port) {
        var socket = port.socket
        lab_packet_close(&socket)
    }

    /// Removes the cables. The switch's thread must have ended.
    func close() {
        for port in ports { SwitchPorts.close(port) }
        _ = links.deleteGroup(SwitchPorts.group)
        links.close()
    }
}
