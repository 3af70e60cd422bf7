import CLinux
import Glibc
import PolygraphCluster

/// Every effect of a link, on datagrams and connections to a real process.
extension Scenario {
    private var link: Link { Link(from: .controller, to: .node(0)) }
    private var back: Link { Link(from: .node(0), to: .controller) }

    /// What the link has done while `count` numbered datagrams were sent, and what its receiver has made of them.
    ///
    /// The next piece is sent when the receiver has taken the last one: a socket's buffer holds little over a hundred
    /// datagrams, and a busy machine may leave its receiver without a processor for longer than that takes.
    private func flood(
        _ lab: Lab, _ policy: LinkPolicy, count: UInt64, pieces: UInt64 = 100, first: inout UInt64
    ) throws -> (link: LinkCounters, received: Receiver.Report) {
        _ = try lab.setLinks([link: policy])
        let before = counters(lab)
        let said = Receiver.Report(file(lab.nodes[0], "datagrams"))
        var sent: UInt64 = 0
        while sent < count {
            let piece = min(pieces, count - sent)
            Receiver.send((first + sent)..<(first + sent + piece), to: lab.nodes[0].address)
            sent += piece
            _ = try eventually("the end of \(sent) datagrams") {
                let now = counters(lab).since(before)
                let gone = now.cutFrames + now.lostFrames + now.queueDrops
                return now.forwardedFrames + gone >= sent + now.duplicatedFrames ? true : nil
            }
            awaitReceiver(lab, before, said, isLast: sent == count)
        }
        first += count
        var report = Receiver.Report(file(lab.nodes[0], "datagrams"))
        report.received -= said.received
        report.distinct -= said.distinct
        report.overtaken -= said.overtaken
        report.damaged -= said.damaged
        return (counters(lab).since(before), report)
    }

    /// Returns when the receiver has taken what the link has let through whole, or has been silent for a second; sooner
    /// where more is to come and so little is missing that it can be what kernels ask each other.
    private func awaitReceiver(_ lab: Lab, _ before: LinkCounters, _ said: Receiver.Report, isLast: Bool) {
        var (last, silentSince) = (Receiver.Report(""), lab_monotonic_time())
        while lab_monotonic_time() - silentSince < 1_000_000_000 {
            let now = Receiver.Report(file(lab.nodes[0], "datagrams"))
            let link = counters(lab).since(before)
            let missing = Int(link.forwardedFrames) - Int(link.corruptedFrames) - (now.received - said.received)
            if missing <= 0 { return }
            if now != last { (last, silentSince) = (now, lab_monotonic_time()) }
            if !isLast, missing < 10, lab_monotonic_time() - silentSince > 20_000_000 { return }
            usleep(500)
        }
    }

    /// Links count the frames with which kernels look for each other's addresses as well: a few of them are lost too.
    private func nearly(_ seen: Int, _ wanted: UInt64) -> Bool { abs(seen - Int(wanted)) <= max(5, Int(wanted) / 100) }

    private func counters(_ lab: Lab) -> LinkCounters { lab.linkCounters().first { $0.link == link }! }

    /// The four things that happen to single frames, their counters, and the receiver's own count.
    func frames() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        try lab.start(lab.nodes[0], role("receiver"))
        _ = try awaitFile(lab.nodes[0], "ready")
        var first: UInt64 = 1
        var findings: [String: String] = [:]
        func about(_ value: UInt64, _ share: Double, of count: UInt64) -> Bool {
            // Six deviations of a binomial distribution.
            let expected = Double(count) * share
            return abs(Double(value) - expected) < 6 * (expected * (1 - share)).squareRoot()
        }
        let count: UInt64 = 6000
        // The first datagrams ask for addresses, and wait.
        _ = try flood(lab, .whole, count: 100, first: &first)

        let whole = try flood(lab, .whole, count: count, first: &first)
        findings["whole"] = "\(nearly(whole.received.distinct, count) && whole.received.overtaken == 0)"

        let lost = try flood(lab, LinkPolicy(.loss(share: 0.2)), count: count, first: &first)
        findings["loss"] = "\(about(lost.link.lostFrames, 0.2, of: count))"
        findings["loss seen"] = "\(nearly(lost.received.distinct, count - lost.link.lostFrames))"

        let burst = LinkPolicy(.burstLoss(enter: 0.01, leave: 0.2, within: 1))
        let bursts = try flood(lab, burst, count: count, first: &first)
        // One in 21 frames is in a burst; bursts are few and so the number varies much.
        findings["bursts"] = "\(bursts.link.lostFrames > count / 60 && bursts.link.lostFrames < count / 7)"
        findings["bursts seen"] = "\(nearly(bursts.received.distinct, count - bursts.link.lostFrames))"

        let twice = try flood(lab, LinkPolicy(.duplication(share: 0.3)), count: count, first: &first)
        findings["duplicates"] = "\(about(twice.link.duplicatedFrames, 0.3, of: count))"
        findings["duplicates seen"] =
            "\(nearly(twice.received.distinct, count) && nearly(twice.received.received, count + twice.link.duplicatedFrames))"

        let held = LinkPolicy(.reordering(share: 0.05, heldBack: 20_000_000))
        let mixed = try flood(lab, held, count: count, first: &first)
        findings["reordered"] =
            "\(mixed.link.reorderedFrames > 0 && mixed.link.reorderedFrames <= mixed.link.delayedFrames)"
        findings["reordered seen"] =
            "\(nearly(mixed.received.overtaken, mixed.link.reorderedFrames) && nearly(mixed.received.distinct, count))"

        let flipped = try flood(lab, LinkPolicy(.corruption(share: 0.2, bits: 1)), count: count, first: &first)
        findings["corrupted"] = "\(about(flipped.link.corruptedFrames, 0.2, of: count))"
        // The checksum betrays every one of them.
        findings["corrupted seen"] =
            "\(flipped.received.damaged == 0 && nearly(flipped.received.distinct, count - flipped.link.corruptedFrames))"

        let jitter = LinkPolicy(.delay(.uniform(0...4_000_000), keepsOrder: true))
        let ordered = try flood(lab, jitter, count: count, first: &first)
        findings["jitter in order"] =
            "\(ordered.link.delayedFrames > count / 2 && ordered.link.reorderedFrames == 0 && ordered.received.overtaken == 0)"
        let loose = LinkPolicy(.delay(.uniform(0...4_000_000), keepsOrder: false))
        let shuffled = try flood(lab, loose, count: count, first: &first)
        findings["jitter out of order"] =
            "\(shuffled.received.overtaken > 0 && nearly(shuffled.received.distinct, count))"

        let healed = try flood(lab, .whole, count: count, first: &first)
        findings["healed"] = "\(nearly(healed.received.distinct, count) && healed.received.overtaken == 0)"
        return findings
    }

    /// Delay and rate, by what the link has measured and by what the receiver waits for at least.
    func slowness() throws -> [String: String] {
        let lab = try lab(3)
        defer { lab.tearDown() }
        try lab.start(lab.nodes[0], role("receiver"))
        _ = try awaitFile(lab.nodes[0], "ready")
        var findings: [String: String] = [:]
        var first: UInt64 = 1
        _ = try lab.reachability()
        let slow = Link(from: .node(0), to: .node(1))
        _ = try lab.setLinks([
            slow: LinkPolicy(.delay(.constant(30_000_000))).combined(with: LinkPolicy(.delay(.constant(10_000_000))))
        ])
        let seen = try lab.reachability()
        findings["delays add up"] = "\(seen.delays[slow, default: 0] >= 40_000_000)"
        findings["reaches all"] = "\(seen.silent.isEmpty)"
        let delayed = lab.linkCounters().filter { $0.delayedFrames > 0 }
        findings["only there"] = "\(delayed.map(\.link) == [slow])"
        findings["measured"] = "\(delayed.allSatisfy { $0.delay >= $0.delayedFrames * 40_000_000 })"

        // 298 bytes a frame: 40 frames take 119 ms at 100,000 bytes per second, and fit in the queue.
        let narrow = LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 20_000))
        let start = lab_monotonic_time()
        let through = try flood(lab, narrow, count: 40, first: &first)
        findings["rate"] = "\(lab_monotonic_time() - start >= 39 * 2_980_000 && through.link.queueDrops == 0)"
        let overflow = LinkPolicy(.rate(bytesPerSecond: 100_000, queueBytes: 3_000))
        let tail = try flood(lab, overflow, count: 200, pieces: 200, first: &first)
        findings["queue"] = "\(tail.link.queueDrops > 0 && tail.received.distinct == Int(200 - tail.link.queueDrops))"

        // A cut holds for what is under way, which is long enough to be cut in time on a busy machine.
        _ = try lab.setLinks([link: LinkPolicy(.delay(.constant(3_000_000_000)))])
        let before = counters(lab)
        let said = Receiver.Report(file(lab.nodes[0], "datagrams"))
        Receiver.send(first..<(first + 50), to: lab.nodes[0].address)
        _ = try lab.setLinks([link: .cut])
        _ = try eventually("the end of what was under way") { counters(lab).since(before).cutFrames >= 50 ? true : nil }
        usleep(20_000)
        findings["cut under way"] = "\(Receiver.Report(file(lab.nodes[0], "datagrams")) == said)"
        return findings
    }

    /// Connections that are cut by port, corrupted, or reset while nothing is said on them.
    func connections() throws -> [String: String] {
        let lab = try lab(2)
        defer { lab.tearDown() }
        try lab.start(lab.nodes[0], role("echo"))
        _ = try awaitFile(lab.nodes[0], "ready")
        let address = lab.nodes[0].address
        var findings: [String: String] = [:]
        var failure: Int32 = 0

        guard let connection = Stream.connect(address, &failure) else { throw Failure.timeout("connect: \(failure)") }
        findings["whole"] = "\(Stream.exchange(connection, blocks: 20))"
        let rough = LinkPolicy(.corruption(share: 0.02, bits: 3)).combined(with: LinkPolicy(.duplication(share: 0.1)))
            .combined(with: LinkPolicy(.reordering(share: 0.1, heldBack: 2_000_000)))
        _ = try lab.setLinks([link: rough, back: rough])
        findings["rough"] = "\(Stream.exchange(connection, blocks: 100))"
        findings["really rough"] = "\(lab.linkCounters().filter { $0.corruptedFrames > 0 }.count == 2)"

        // Only this port is cut: an exchange stands still, and goes on when the port is whole again.
        _ = try lab.setLinks([:])
        let bytes: [UInt8] = [1]
        let port = LinkPolicy(.cut, ports: PortSet([Role.serverPort]))
        _ = try lab.setLinks([link: port, back: port])
        Glibc.send(connection, bytes, 1, 0)
        var polled = pollfd(fd: connection, events: Int16(POLLIN), revents: 0)
        findings["port cut"] = "\(poll(&polled, 1, 600) == 0)"
        findings["other ports whole"] = "\(try lab.reachability().silent.isEmpty)"
        let other = LinkPolicy(.cut, ports: PortSet([Role.serverPort &+ 1]))
        _ = try lab.setLinks([link: other, back: other])
        findings["healed"] = "\(poll(&polled, 1, 30_000) == 1)"
        var byte: UInt8 = 0
        recv(connection, &byte, 1, 0)
        findings["other port cut"] = "\(Stream.exchange(connection, blocks: 5))"

        // Nothing is said on it, and both ends hear of the end.
        _ = try lab.setLinks([link: LinkPolicy(.reset(share: 0))])
        findings["reset here"] = "\(recv(connection, &byte, 1, 0) == -1 && errno == ECONNRESET)"
        findings["reset there"] =
            "\(try eventually("the reset of the other end") { file(lab.nodes[0], "connection") == "Connection reset by peer" ? true : nil })"
        findings["counted"] = "\(counters(lab).resets == 1)"
        close(connection)
        guard let second = Stream.connect(address, &failure) else { throw Failure.timeout("connect: \(failure)") }
        findings["new connections live"] = "\(Stream.exchange(second, blocks: 5))"
        // Every frame is answered by a reset.
        _ = try lab.setLinks([link: LinkPolicy(.reset(share: 1))])
        findings["reset again"] = "\(!Stream.exchange(second, blocks: 1))"
        findings["refused"] = "\(Stream.connect(address, &failure) == nil && failure == ECONNREFUSED)"
        close(second)
        _ = try lab.setLinks([:])
        guard let third = Stream.connect(address, &failure) else { throw Failure.timeout("connect: \(failure)") }
        findings["at last"] = "\(Stream.exchange(third, blocks: 5))"
        close(third)
        return findings
    }

    /// Links that go up and down by themselves.
    func flapping() throws -> [String: String] {
        let lab = try lab(1)
        defer { lab.tearDown() }
        try lab.start(lab.nodes[0], role("receiver"))
        _ = try awaitFile(lab.nodes[0], "ready")
        var first: UInt64 = 1
        _ = try flood(lab, .whole, count: 100, first: &first)
        let flap = try flood(lab, LinkPolicy(.flap(period: 20_000_000, up: 0.5)), count: 4000, first: &first)
        return [
            "both": "\(flap.link.cutFrames > 0 && flap.link.forwardedFrames > 0)",
            "seen": "\(nearly(flap.received.distinct, 4000 - flap.link.cutFrames))",
            "healed": "\(try flood(lab, .whole, count: 100, first: &first).received.distinct == 100)",
        ]
    }

    /// The matrix of who reaches whom is the complement of what is cut, whether the nodes run or not.
    func reach() throws -> [String: String] {
        let lab = try lab(4)
        defer { lab.tearDown() }
        let ends: [Endpoint] = (0..<4).map { .node($0) } + [.controller]
        let links = ends.flatMap { from in ends.filter { $0 != from }.map { Link(from: from, to: $0) } }
        var wrong = 0
        var generator = SystemRandomNumberGenerator()
        for round in 0..<8 {
            let cuts = Set(links.filter { _ in round > 0 && generator.next() % 3 == 0 })
            _ = try lab.setCuts(cuts)
            let seen = try lab.reachability(port: round % 2 == 0 ? nil : 7009, patience: 300_000_000)
            if seen.silent != cuts || Set(seen.delays.keys) != Set(links).subtracting(cuts) { wrong += 1 }
        }
        let port = Dictionary(uniqueKeysWithValues: links.map { ($0, LinkPolicy(.cut, ports: PortSet([7009]))) })
        _ = try lab.setLinks(port)
        let closed = try lab.reachability(port: 7009, patience: 200_000_000).silent.count
        let open = try lab.reachability(port: 7010, patience: 200_000_000).silent.count
        return ["wrong": "\(wrong)", "closed": "\(closed)", "open": "\(open)"]
    }
}
