import Foundation
import Testing

@testable import PolygraphCluster

/// Recordings of packets, read by a reader of the format that shares nothing with the writer.
@Suite(.serialized) struct CaptureTests {
    private struct Packet {
        var interface: Int
        var time: UInt64
        var bytes: [UInt8]
        var comment: String?
    }

    /// A pcapng file of one little-endian section, whose blocks must fill it exactly.
    private struct Capture {
        var interfaces: [String] = []
        var packets: [Packet] = []
        var drops: UInt64?

        init(_ bytes: [UInt8]) throws {
            func word(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(bytes[place + $1]) << (8 * $1) } }
            func half(_ place: Int) -> Int { Int(bytes[place]) | Int(bytes[place + 1]) << 8 }
            func options(_ start: Int, _ end: Int) -> [Int: [UInt8]] {
                var found: [Int: [UInt8]] = [:]
                var place = start
                while place + 4 <= end, half(place) != 0 {
                    let length = half(place + 2)
                    found[half(place)] = Array(bytes[(place + 4)..<(place + 4 + length)])
                    place += 4 + (length + 3) / 4 * 4
                }
                return found
            }
            var place = 0
            while place < bytes.count {
                let length = word(place + 4)
                try #require(length >= 12 && length % 4 == 0 && place + length <= bytes.count)
                try #require(word(place + length - 4) == length)
                let end = place + length - 4
                switch word(place) {
                case 0x0a0d_0d0a: try #require(place == 0 && word(8) == 0x1a2b_3c4d)
                case 1:
                    try #require(half(place + 8) == 1)
                    let found = options(place + 16, end)
                    #expect(found[9] == [9])
                    interfaces.append(String(decoding: found[2] ?? [], as: UTF8.self))
                case 6:
                    let count = word(place + 20)
                    #expect(word(place + 24) == count)
                    let data = place + 28
                    let comment = options(data + (count + 3) / 4 * 4, end)[1]
                    packets.append(
                        Packet(
                            interface: word(place + 8), time: UInt64(word(place + 12)) << 32 | UInt64(word(place + 16)),
                            bytes: Array(bytes[data..<(data + count)]),
                            comment: comment.map { String(decoding: $0, as: UTF8.self) }))
                case 5:
                    drops = options(place + 20, end)[5].map {
                        $0.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
                    }
                default: Issue.record("block \(word(place))")
                }
                place += length
            }
        }
    }

    @Test func `a recording holds every frame of the links, with notes and what became of each`() throws {
        let program = try TestProgram()
        defer { program.remove() }
        let run = try program.run("recording")
        let path = program.folder.appendingPathComponent("packets.pcapng")
        let capture = try Capture(Array(try Data(contentsOf: path)))
        #expect(capture.interfaces == ["n1", "controller", "notes"])
        let notes = capture.packets.filter { $0.interface == 2 }
        #expect(
            notes.map(\.comment)
                == ["the link is cut", "frames are delayed", "frames are lost", "frames are corrupted"])
        let frames = capture.packets.filter { $0.interface != 2 }
        #expect(run.findings["missed"] == "0" && capture.drops == 0)
        #expect(run.findings["recorded"] == "\(frames.count)")
        #expect(run.findings["seen"] == "\(frames.count)", "\(run.output)")
        // Datagrams to the receiver's port: 100 in each of five topologies.
        let datagrams = frames.filter {
            $0.bytes.count > 38 && $0.bytes[23] == 17 && $0.bytes[36...37] == [0x1b, 0x5a]
        }
        func count(_ word: String) -> Int { datagrams.filter { $0.comment?.contains(word) == true }.count }
        #expect(datagrams.count == 500)
        #expect(datagrams.filter { $0.comment == nil }.count == 100)
        #expect(count("controller to n1: cut") == 100)
        #expect(count("delayed by 5.000 ms") == 100)
        #expect(count("lost") == 100)
        #expect(count("corrupted, duplicated") == 100)
        // The numbers that the datagrams carry come in order, as their times do.
        #expect(zip(frames, frames.dropFirst()).allSatisfy { $0.time <= $1.time })
    }

    @Test func `a ring that is full counts what it has no room for, and keeps the rest in order`() {
        let ring = PacketRing(capacity: 4096)
        defer { ring.deallocate() }
        var generator = SystemRandomNumberGenerator()
        var expected: [[UInt8]] = []
        var read = 0
        for number in 0..<20_000 {
            let frame = (0..<Int.random(in: 14...1514, using: &generator)).map {
                UInt8(truncatingIfNeeded: $0 &* number)
            }
            let missed = ring.missed
            ring.record(frame, frame.count, from: 1, to: 2, now: Int64(number), fate: 0, delay: 0)
            if ring.missed == missed { expected.append(frame) }
            while Int.random(in: 0...2, using: &generator) == 0 {
                let isThere = ring.read { record, bytes in
                    if Array(bytes) != expected[read] || record.length != Int32(expected[read].count) {
                        Issue.record("frame \(read) came out changed")
                    }
                    read += 1
                }
                if !isThere { break }
            }
        }
        while ring.read({ _, bytes in
            if Array(bytes) != expected[read] { Issue.record("frame \(read) came out changed") }
            read += 1
        }) {}
        #expect(read == expected.count)
        #expect(ring.missed > 0 && ring.missed + read == 20_000)
    }
}
