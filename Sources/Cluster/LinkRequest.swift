import Glibc

/// Creates and deletes network interfaces by messages to the kernel (rtnetlink), in the network namespace in which
/// its socket was opened.
struct LinkSocket: Sendable {
    private let descriptor: Int32

    private static let family: Int32 = 16  // AF_NETLINK
    private static let newLink: UInt16 = 16
    private static let deleteLink: UInt16 = 17
    private static let request: UInt16 = 0x1
    private static let acknowledge: UInt16 = 0x4
    private static let createOnly: UInt16 = 0x200 | 0x400

    /// Attributes of a link message (`linux/if_link.h`).
    private enum Attribute {
        static let address: UInt16 = 1
        static let name: UInt16 = 3
        static let mtu: UInt16 = 4
        static let information: UInt16 = 18
        static let namespaceOfProcess: UInt16 = 19
        static let group: UInt16 = 27
        static let kind: UInt16 = 1
        static let data: UInt16 = 2
        static let peer: UInt16 = 1
    }

    init() throws(ClusterError) {
        descriptor = socket(LinkSocket.family, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw ClusterError("open a netlink socket", errorText(errno)) }
    }

    func close() {
        Glibc.close(descriptor)
    }

    /// Creates two ends of a cable: `name` here, and `peer` in the network namespace of process `process`.
    /// - Returns: 0, or an errno.
    func createPair(name: String, group: UInt32, peer: String, address: [UInt8], process: Int32) -> Int32 {
        var far = LinkSocket.interfaceHead
        far.append(Attribute.name, text: peer)
        far.append(Attribute.address, address)
        far.append(Attribute.mtu, word: 1500)
        far.append(Attribute.namespaceOfProcess, word: UInt32(bitPattern: process))
        var data = MessageBytes()
        data.append(Attribute.peer, far.bytes)
        var information = MessageBytes()
        information.append(Attribute.kind, text: "veth")
        information.append(Attribute.data, data.bytes)
        var message = LinkSocket.interfaceHead
        message.append(Attribute.name, text: name)
        message.append(Attribute.mtu, word: 1500)
        message.append(Attribute.group, word: group)
        message.append(Attribute.information, information.bytes)
        return carryOut(LinkSocket.newLink, LinkSocket.createOnly, message.bytes)
    }

    /// Deletes every interface of a group, and so their peers.
    /// - Returns: 0, or an errno.
    func deleteGroup(_ group: UInt32) -> Int32 {
        var message = LinkSocket.interfaceHead
        message.append(Attribute.group, word: group)
        return carryOut(LinkSocket.deleteLink, 0, message.bytes)
    }

    /// `struct ifinfomsg`, all zero: any family, no index, no flags.
    private static let interfaceHead = MessageBytes([UInt8](repeating: 0, count: 16))

    private func carryOut(_ type: UInt16, _ flags: UInt16, _ body: [UInt8]) -> Int32 {
        var message = MessageBytes()
        message.append(word: UInt32(16 + body.count))
        message.append(half: type)
        message.append(half: flags | LinkSocket.request | LinkSocket.acknowledge)
        message.append(word: 1)
        message.append(word: 0)
        message.append(body)
        let sent = message.bytes.withUnsafeBytes { buffer in
            retrying { send(descriptor, buffer.baseAddress!, buffer.count, 0) }
        }
        if sent < 0 { return Int32(-sent) }
        var answer = [UInt8](repeating: 0, count: 8192)
        let count = answer.withUnsafeMutableBytes { buffer in
            retrying { recv(descriptor, buffer.baseAddress!, buffer.count, 0) }
        }
        if count < 0 { return Int32(-count) }
        // NLMSG_ERROR with the negative errno, 0 for success.
        guard count >= 20 else { return EPROTO }
        return answer.withUnsafeBytes { -$0.loadUnaligned(fromByteOffset: 16, as: Int32.self) }
    }
}

/// A netlink message under construction: numbers in the machine's order, attributes padded to four bytes.
private struct MessageBytes {
    private(set) var bytes: [UInt8]

    init(_ bytes: [UInt8] = []) { self.bytes = bytes }

    mutating func append(half: UInt16) {
        withUnsafeBytes(of: half) { bytes.append(contentsOf: $0) }
    }

    mutating func append(word: UInt32) {
        withUnsafeBytes(of: word) { bytes.append(contentsOf: $0) }
    }

    mutating func append(_ more: [UInt8]) {
        bytes.append(contentsOf: more)
    }

    mutating func append(_ attribute: UInt16, _ value: [UInt8]) {
        append(half: UInt16(4 + value.count))
        append(half: attribute)
        bytes.append(contentsOf: value)
        while bytes.count % 4 != 0 { bytes.append(0) }
    }

    mutating func append(_ attribute: UInt16, text: String) {
        append(attribute, Array(text.utf8) + [0])
    }

    mutating func append(_ attribute: UInt16, word: UInt32) {
        append(attribute, withUnsafeBytes(of: word) { Array($0) })
    }
}
