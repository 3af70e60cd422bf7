import Foundation
import Testing

@testable import PolygraphCluster

/// What goes over the line to a helper arrives as it was sent.
@Suite struct HostRequestTests {
    private static let effects: [LinkEffect] = [
        .cut, .flap(period: 5, up: 0.25, phase: 3), .reset(share: 0.5), .loss(share: 0.1),
        .burstLoss(enter: 0.1, leave: 0.2, within: 0.3), .corruption(share: 0.4, bits: 3), .duplication(share: 1),
        .rate(bytesPerSecond: 1_000, queueBytes: 7), .delay(.constant(9)), .delay(.uniform(3...8), correlation: 0.5),
        .delay(.normal(mean: 10, deviation: 2), keepsOrder: false), .delay(.exponential(mean: 4)),
        .delay(.pareto(minimum: 6, shape: 1.5)), .reordering(share: 0.2, heldBack: 12),
    ]

    @Test(arguments: effects)
    func `policies of links`(effect: LinkEffect) {
        let policies: [Link: LinkPolicy] = [
            Link(from: .node(0), to: .controller): LinkPolicy(effect),
            Link(from: .node(12), to: .node(3)): LinkPolicy([
                .init(effect, ports: PortSet([1, 80, 81, 65_535])), .init(.loss(share: 0.125)),
            ]),
            Link(from: .controller, to: .node(1)): .whole,
        ]
        let words = HostRequest.links(policies).words
        guard case .links(let read)? = HostRequest(words: words) else {
            Issue.record("not understood: \(words)")
            return
        }
        #expect(read == policies)
    }

    @Test func `what comes torn is refused`() {
        let words = HostRequest.links([Link(from: .node(0), to: .node(1)): .cut]).words
        for count in 2..<words.count { #expect(HostRequest(words: Array(words.prefix(count))) == nil, "\(count)") }
        #expect(HostRequest(words: ["links", "0", "1", "1", "cot", "", "", "", "", "", "all"]) == nil)
        #expect(HostRequest(words: []) == nil)
        #expect(HostRequest(words: ["surprise"]) == nil)
    }

    @Test func `the set-up`() throws {
        let setup = HostRequest.Setup(
            node: "n2", own: .node(1),
            ends: [(.node(0), ["10.0.0.1"]), (.node(1), ["10.0.0.2", "fd00::2"]), (.controller, [])],
            exempt: [HostEnds.Exemption(peer: "10.0.0.9", port: 2222)], id: "run n2", address: "10.0.0.2")
        let read = try #require(HostRequest.Setup(words: setup.words[...]))
        #expect(read.words == setup.words)
        #expect(read.ends.map(\.addresses) == [["10.0.0.1"], ["10.0.0.2", "fd00::2"], []])
        #expect(read.exempt == setup.exempt)
    }

    @Test func `counters`() {
        var counters = LinkCounters(
            link: Link(from: .controller, to: .node(4)), forwardedFrames: 1, forwardedBytes: 2, cutFrames: 3)
        counters.lostFrames = 4
        counters.queueDrops = 5
        counters.duplicatedFrames = 6
        counters.corruptedFrames = 7
        counters.reorderedFrames = 8
        counters.delayedFrames = 9
        counters.delay = 10
        counters.resets = .max
        #expect(counters.words.count == LinkCounters.wordCount)
        #expect(LinkCounters(words: counters.words[...]) == counters)
    }

    @Test(arguments: [
        FileCorruption(.flip(bits: 3), files: "*.log", limit: 2, seed: .max), FileCorruption(.truncate(most: 9)),
        FileCorruption(.copy(length: 1)), FileCorruption(.zero(length: 4_096), files: "a b/*"),
    ])
    func `damage to files`(corruption: FileCorruption) {
        guard case .files(.corrupt(let read))? = NodeRequest(words: NodeRequest.files(.corrupt(corruption)).words)
        else {
            Issue.record("not understood")
            return
        }
        #expect(read == corruption)
        let damage = [
            FileDamage(path: "a b", offset: 1, length: 2, change: "bit 3 flipped"),
            FileDamage(path: "", offset: -1, length: 0, change: ""),
        ]
        guard case .damage(let answered)? = NodeAnswer(words: NodeAnswer.damage(damage).words) else {
            Issue.record("not understood")
            return
        }
        #expect(answered == damage)
    }

    @Test func `the journal says what is not undone, whatever its last line is`() throws {
        let folder = try TemporaryHostFolder()
        let journal = HostJournal(folder.folder)
        #expect(journal.unfinished().isEmpty)
        try journal.append([.links(id: "a"), .clock(["1", "2"])])
        try journal.append([.undone, .group("/sys/x y"), .process(7, began: 9)])
        #expect(journal.unfinished() == [.group("/sys/x y"), .process(7, began: 9)])
        try folder.append("links\ttorn")
        #expect(journal.unfinished().count == 3)
        try folder.append("\nnonsense\nundone\n")
        #expect(journal.unfinished().isEmpty)
    }
}

/// A node's folder that goes with the test.
private final class TemporaryHostFolder {
    let folder: HostFolder
    private let path: String

    init() throws {
        path = NSTemporaryDirectory() + "polygraph-" + UUID().uuidString
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        folder = HostFolder(path: path)
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }

    func append(_ text: String) throws {
        let file = try FileHandle(forWritingTo: URL(fileURLWithPath: folder.journal))
        try file.seekToEnd()
        try file.write(contentsOf: Data(text.utf8))
    }
}
