import Testing

@testable import PolygraphCluster

/// The parts of the switch that decide, without a switch.
@Suite struct LinkPolicyTests {
    @Test func `policies stand one behind the other in the order in which frames pass them`() {
        let slow = LinkPolicy(.delay(.constant(5)), .loss(share: 0.1))
        let cutPort = LinkPolicy(.cut, ports: PortSet([80]))
        let both = slow.combined(with: cutPort).combined(with: slow)
        #expect(
            both.stages.map(\.effect) == [
                .cut, .loss(share: 0.1), .loss(share: 0.1), .delay(.constant(5)), .delay(.constant(5)),
            ])
        #expect(!both.isCut)
        #expect(both.combined(with: .cut).isCut)
        #expect(LinkPolicy.cut.combined(with: .cut) == .cut)
        #expect(LinkPolicy.whole.combined(with: slow) == slow)
        #expect(cutPort.combined(with: .cut).stages.count == 2)
    }

    @Test func `a set of ports is what was put in, whatever the order`() {
        #expect(PortSet([2, 1, 3, 7, 65_535, 65_534]).ranges == [1...3, 7...7, 65_534...65_535])
        #expect(PortSet([3, 2, 1]) == PortSet(1...3))
        #expect(PortSet([] as [UInt16]).ranges == [])
    }

    @Test(arguments: [0.0, 0.5, 0.95])
    func `delays have the mean and the deviation that were asked for, and resemble each other as asked`(
        correlation: Double
    ) {
        let cases: [(DelayDistribution, mean: Double, deviation: Double)] = [
            (.constant(5_000), 5_000, 0), (.uniform(1_000...9_000), 5_000, 8_000 / 12.0.squareRoot()),
            (.normal(mean: 100_000, deviation: 10_000), 100_000, 10_000), (.exponential(mean: 7_000), 7_000, 7_000),
            // Of shape 5: mean 5/4, deviation sqrt(5/3)/4.
            (.pareto(minimum: 4_000, shape: 5), 5_000, 4_000 * (5.0 / 3).squareRoot() / 4),
        ]
        for (distribution, mean, deviation) in cases {
            let sampler = DelaySampler(distribution, correlation: correlation)
            var random = LinkRandom(seed: 7, link: 3)
            var memory = 0.0
            let values = (0..<200_000).map { _ in Double(sampler.draw(&random, memory: &memory)) }
            let average = values.reduce(0, +) / Double(values.count)
            let variance = values.reduce(0) { $0 + ($1 - average) * ($1 - average) } / Double(values.count)
            #expect(abs(average - mean) <= 0.03 * mean, "\(distribution): \(average)")
            #expect(abs(variance.squareRoot() - deviation) <= 0.1 * deviation + 1, "\(distribution)")
            guard deviation > 0 else { continue }
            let together = zip(values, values.dropFirst()).reduce(0) { $0 + ($1.0 - average) * ($1.1 - average) }
            let found = together / Double(values.count) / variance
            #expect(abs(found - correlation) < 0.15, "\(distribution): \(found)")
        }
    }

    @Test func `delays are bounded on both sides`() {
        var random = LinkRandom(seed: 1, link: 0)
        var memory = 0.0
        let heavy = DelaySampler(.pareto(minimum: 1_000_000_000, shape: 0.1), correlation: 0)
        let low = DelaySampler(.normal(mean: 0, deviation: 1_000_000), correlation: 0)
        for _ in 0..<10_000 {
            #expect((1_000_000_000...DelayDistribution.longest).contains(heavy.draw(&random, memory: &memory)))
            #expect(low.draw(&random, memory: &memory) >= 0)
        }
    }

    @Test func `frames leave in the order of their time, equal ones in the order of arrival, and none is lost`() {
        var frames = DelayedFrames()
        defer { frames.deallocate() }
        var random = LinkRandom(seed: 5, link: 1)
        var waiting: [(due: Int64, number: UInt64)] = []
        var number: UInt64 = 0
        var now: Int64 = 0
        var wrong = 0
        for _ in 0..<50_000 {
            if random.next(below: 5) < 3 {
                let due = now + Int64(random.next(below: 50))
                let slot = DelayedFrames.Slot(
                    link: 0, target: 0, length: 8, counts: true, arrival: now, order: number)
                let isIn = withUnsafeBytes(of: number) { bytes in
                    frames.add(bytes.baseAddress!.assumingMemoryBound(to: UInt8.self), slot, due: due) != nil
                }
                if isIn { waiting.append((due, number)) } else { wrong += 1 }
                number += 1
            } else {
                now += Int64(random.next(below: 20))
                let expected = waiting.filter { $0.due <= now }.min { ($0.due, $0.number) < ($1.due, $1.number) }
                guard let slot = frames.take(due: now) else {
                    if expected != nil { wrong += 1 }
                    continue
                }
                let bytes = UnsafeRawPointer(frames.frame(slot)).loadUnaligned(as: UInt64.self)
                if frames[slot].order != expected?.number || bytes != expected?.number { wrong += 1 }
                waiting.removeAll { $0.number == frames[slot].order }
                frames.give(back: slot)
            }
        }
        #expect(wrong == 0)
        #expect(frames.count == waiting.count)
        #expect(frames.nextDue == waiting.map(\.due).min())
    }

    @Test func `what has no room is refused, and room comes back`() {
        var frames = DelayedFrames()
        defer { frames.deallocate() }
        let slot = DelayedFrames.Slot(link: 0, target: 0, length: 60, counts: true, arrival: 0, order: 0)
        for _ in 0..<DelayedFrames.capacity { #expect(frames.add(slot, due: 1) != nil) }
        #expect(frames.add(slot, due: 1) == nil)
        let taken = frames.take(due: 1)
        #expect(taken != nil)
        frames.give(back: taken!)
        #expect(frames.add(slot, due: 1) != nil)
        #expect(frames.add(slot, due: 1) == nil)
    }

    @Test func `a reset carries the checksums that a receiver expects`() {
        var random = LinkRandom(seed: 11, link: 2)
        for _ in 0..<1000 {
            let contents = ResetFrame.Contents(
                sourceNumber: 1, targetNumber: 2, source: UInt32(truncatingIfNeeded: random.next()),
                target: UInt32(truncatingIfNeeded: random.next()),
                sourcePort: UInt16(truncatingIfNeeded: random.next()),
                targetPort: UInt16(truncatingIfNeeded: random.next()),
                sequence: UInt32(truncatingIfNeeded: random.next()),
                acknowledged: random.next(below: 2) == 0 ? nil : UInt32(truncatingIfNeeded: random.next()))
            var frame = [UInt8](repeating: 0xaa, count: ResetFrame.length)
            frame.withUnsafeMutableBufferPointer { ResetFrame.write(contents, to: $0.baseAddress!) }
            // A sum with its checksum in it is all ones.
            func sum(_ bytes: some Sequence<UInt8>) -> Int {
                let words = Array(bytes)
                var total = stride(from: 0, to: words.count, by: 2).reduce(0) {
                    $0 + Int(words[$1]) << 8 + Int(words[$1 + 1])
                }
                while total > 0xffff { total = total & 0xffff + total >> 16 }
                return total
            }
            #expect(sum(frame[14..<34]) == 0xffff)
            #expect(sum(Array(frame[26..<34]) + [0, 6, 0, 20] + frame[34...]) == 0xffff)
            // The reader of the switch finds in it what was put in.
            let segment = frame.withUnsafeBufferPointer { ConnectionTable.segment($0.baseAddress!) }
            #expect(segment.isReset && segment.sequence == contents.sequence && segment.source == contents.source)
            #expect(segment.targetPort == contents.targetPort && segment.acknowledged == contents.acknowledged ?? 0)
        }
    }

    @Test func `anything for a question is read without harm, and a question as it is`() {
        func question(_ name: String, kind: UInt8) -> [UInt8] {
            [0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0] + NameMessage.encode(name) + [0, kind, 0, 1]
        }
        let message = NameMessage(question("N2.Example", kind: 28))
        #expect(message?.name == "n2.example" && message?.kind == 28)
        let whole = question("n1", kind: 1)
        let answer = NameMessage(whole)!.answer(.noError, data: [10, 77, 0, 1])
        #expect(Array(answer[..<2]) == [0x12, 0x34] && answer[2] & 0x80 != 0 && answer[3] & 15 == 0)
        #expect(Array(answer.suffix(4)) == [10, 77, 0, 1] && answer[7] == 1)
        for length in 0..<whole.count { #expect(NameMessage(Array(whole[..<length])) == nil) }
        var random = LinkRandom(seed: 3, link: 0)
        for _ in 0..<20_000 {
            var bytes = whole
            for _ in 0...random.next(below: 4) {
                bytes[random.next(below: bytes.count)] = UInt8(truncatingIfNeeded: random.next())
            }
            if let message = NameMessage(bytes) { #expect(message.answer(.noSuchName).count >= 17) }
        }
    }
}
