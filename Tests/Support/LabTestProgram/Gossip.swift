import Glibc

/// Sends a datagram to everybody else once a millisecond, and counts what comes from whom.
struct Gossip {
    let ownNumber: Int
    let others: [Int]
    private let descriptor = Sockets.datagrams(port: Role.gossipPort, blocking: false)

    init(ownNumber: Int, others: [Int]) {
        self.ownNumber = ownNumber
        self.others = others
    }

    func run() -> Never {
        var received = [Int](repeating: 0, count: 256)
        while true {
            step(&received)
            Files.replace("received", received.map { String($0) }.joined(separator: " "))
            usleep(1000)
        }
    }

    func step(_ received: inout [Int]) {
        for other in others {
            Sockets.send(descriptor, to: Sockets.address("10.77.0.\(other)", Role.gossipPort))
        }
        while let sender = Sockets.receiveSender(descriptor) { received[sender] += 1 }
    }
}
