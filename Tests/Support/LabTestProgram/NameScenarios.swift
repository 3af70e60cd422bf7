import CLinux
import Glibc
import PolygraphCluster

/// Asks the system's resolver for names again and again, and writes down what it says.
enum Resolver {
    static func run(_ names: [String]) -> Never {
        while true {
            Files.replace("names", names.map { "\($0)=\(resolve($0))" }.joined(separator: " "))
            usleep(2000)
        }
    }

    static func resolve(_ name: String) -> String {
        var hints = addrinfo()
        hints.ai_family = AF_INET
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(name, nil, &hints, &list)
        guard code == 0, let list else { return code == EAI_AGAIN ? "again" : code == EAI_NONAME ? "none" : "\(code)" }
        defer { freeaddrinfo(list) }
        var text = [CChar](repeating: 0, count: 64)
        getnameinfo(list.pointee.ai_addr, list.pointee.ai_addrlen, &text, 64, nil, 0, NI_NUMERICHOST)
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension Scenario {
    /// Names that resolve, that do not, that are somebody else's, for one node and for all.
    func resolution() throws -> [String: String] {
        var configuration = LabConfiguration(nodeCount: 2, folder: folder)
        configuration.asksNameServer = true
        let lab = try Lab(configuration)
        defer { lab.tearDown() }
        for node in lab.nodes {
            try lab.start(node, role("resolver", "n1", "n2", "controller", "elsewhere.example", "localhost"))
        }
        let usual = "n1=10.77.0.1 n2=10.77.0.2 controller=10.77.0.254 elsewhere.example=none localhost=127.0.0.1"
        func said(_ node: Int, _ words: String) throws -> String {
            "\(try eventually("\(words) at n\(node + 1)") { file(lab.nodes[node], "names") == words ? true : nil })"
        }
        var findings = ["usual": try said(0, usual), "usual at n2": try said(1, usual)]
        try lab.setNames([NameFault(asker: 0, name: 1, .noSuchName)])
        findings["no such name"] = try said(0, usual.replacing("n2=10.77.0.2", with: "n2=none"))
        findings["not at n2"] = try said(1, usual)
        try lab.setNames([NameFault(asker: 0, name: 1, .serverFailure)])
        findings["failure"] = try said(0, usual.replacing("n2=10.77.0.2", with: "n2=again"))
        try lab.setNames([NameFault(asker: 0, name: 1, .silence)])
        _ = try eventually("another word than that of the failure") {
            lab.nameCounters()[0].wrongAnswers > 3 ? true : nil
        }
        findings["silence"] = try said(0, usual.replacing("n2=10.77.0.2", with: "n2=again"))
        try lab.setNames([NameFault(name: 1, .node(0))])
        findings["another"] = try said(0, usual.replacing("n2=10.77.0.2", with: "n2=10.77.0.1"))
        findings["another at n2"] = try said(1, usual.replacing("n2=10.77.0.2", with: "n2=10.77.0.1"))
        try lab.setNames([])
        findings["healed"] = try said(0, usual)
        findings["counted"] =
            "\(lab.nameCounters().allSatisfy { $0.questions > $0.wrongAnswers && $0.wrongAnswers > 0 })"
        // A cut of all links leaves names alone.
        let links = (0..<2).flatMap { node in
            [Link(from: .node(node), to: .controller), Link(from: .controller, to: .node(node))]
        }
        _ = try lab.setCuts(Set(links))
        let questions = lab.nameCounters()[0].questions
        _ = try eventually("more questions") { lab.nameCounters()[0].questions > questions + 20 ? true : nil }
        findings["apart from cuts"] = try said(0, usual)
        return findings
    }

    /// All packets in a file, with what became of them.
    func recording() throws -> [String: String] {
        var configuration = LabConfiguration(nodeCount: 1, folder: folder)
        configuration.packetFile = folder + "/packets.pcapng"
        let lab = try Lab(configuration)
        try lab.start(lab.nodes[0], role("receiver"))
        _ = try awaitFile(lab.nodes[0], "ready")
        let link = Link(from: .controller, to: .node(0))
        // A cable that has just been laid may swallow what comes first.
        _ = try eventually("the cable") { try lab.reachability().silent.isEmpty ? true : nil }
        /// Sends, and waits until the switch has dealt with all of it.
        func send() throws {
            func dealtWith() -> UInt64 {
                lab.linkCounters().filter { $0.link == link }.reduce(0) {
                    $0 + $1.forwardedFrames + $1.cutFrames + $1.lostFrames - $1.duplicatedFrames
                }
            }
            let before = dealtWith()
            Receiver.send(1..<101, to: lab.nodes[0].address)
            _ = try eventually("100 datagrams") { dealtWith() >= before + 100 ? true : nil }
            usleep(20_000)
        }
        try send()
        for (note, policy) in [
            ("the link is cut", LinkPolicy.cut), ("frames are delayed", LinkPolicy(.delay(.constant(5_000_000)))),
            ("frames are lost", LinkPolicy(.loss(share: 1))),
            ("frames are corrupted", LinkPolicy(.corruption(share: 1), .duplication(share: 1))),
        ] {
            _ = try lab.setLinks([link: policy])
            lab.notePackets(note)
            try send()
        }
        // ARP and everything else included: what the links have seen is what is recorded.
        usleep(50_000)
        lab.tearDown()
        let counts = lab.packetCounts()!
        let seen = lab.linkCounters().reduce(0) {
            $0 + $1.forwardedFrames + $1.cutFrames + $1.lostFrames - $1.duplicatedFrames
        }
        return ["recorded": "\(counts.recorded)", "missed": "\(counts.missed)", "seen": "\(seen)"]
    }
}
