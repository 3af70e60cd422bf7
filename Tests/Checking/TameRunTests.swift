import PolygraphChecking
import PolygraphHistory
import Testing

@Suite struct TameRunTests {
    private func expect(
        _ scenario: TameScenario, tame name: String?, _ location: SourceLocation = #_sourceLocation
    ) throws {
        let result = try scenario.check()
        #expect(result.verdict == (name == nil ? .valid : .unknown), "\(result)", sourceLocation: location)
        #expect(result.facts.map(\.name) == (name.map { [$0] } ?? []), "\(result.reason)", sourceLocation: location)
    }

    private static let leaderCut = ["n2", "n3", "n4", "n5"].flatMap { [["n1", $0], [$0, "n1"]] }

    @Test func `a run in which everything bit is not tame`() throws {
        var scenario = TameScenario()
        scenario.faults = [
            .init(id: 0, from: 2, to: 6),
            .init(id: 1, function: "partition", targets: ["n1"], cut: Self.leaderCut, from: 8, to: 13),
            .init(id: 2, function: "clock", kind: "bump", targets: ["n3"], from: 8, to: 14),
        ]
        scenario.leaders.append((9, "n4"))
        try expect(scenario, tame: nil)
        try expect(TameScenario(), tame: nil)
    }

    @Test func `a fault without effect makes it tame`() throws {
        var scenario = TameScenario()
        scenario.faults = [.init(id: 0, from: 2, to: 6), .init(id: 1, from: 8, to: 9, proved: false)]
        try expect(scenario, tame: "no effect")
        let sentence = try scenario.check().facts.first?.value.stringValue ?? ""
        #expect(sentence.contains("Fault 1 (kill one)"))
        scenario.faults[1].failure = "no such process"
        try expect(scenario, tame: "no effect")
        #expect(try scenario.check().reason.contains("no such process"))
    }

    @Test func `a fault that was skipped to keep the majority is no sign`() throws {
        var scenario = TameScenario()
        scenario.faults = [.init(id: 0, targets: [], from: 2, to: 6, proved: false, proof: ["skipped": "nobody"])]
        try expect(scenario, tame: nil)
    }

    @Test func `a fault on nodes that another holds down is no sign`() throws {
        var scenario = TameScenario()
        scenario.faults = [
            .init(id: 0, targets: ["n2", "n3"], from: 2, to: 6),
            .init(id: 1, function: "clock", targets: ["n3"], from: 3, to: 4, proved: false),
        ]
        try expect(scenario, tame: nil)
        scenario.faults[1].targets = ["n4"]
        try expect(scenario, tame: "no effect")
    }

    @Test func `a cut that swallows its first frame late took effect`() throws {
        var scenario = TameScenario()
        scenario.faults = [
            .init(
                id: 0, function: "partition", cut: [["n2", "n3"]], from: 2, to: 6, proved: false,
                undoProof: ["frames_cut": 3])
        ]
        try expect(scenario, tame: nil)
        scenario.faults[0].undoProof = ["frames_cut": 0]
        try expect(scenario, tame: "no effect")
    }

    @Test func `names that were asked for late, and calls that were made late, were disturbed`() throws {
        for (function, early, late) in [
            ("dns", ["wrong_answers": 0], ["wrong_answers": 8]),
            ("disk", ["n1": ["calls_hit": 0]], ["n1": ["calls_hit": 2]]),
        ] as [(String, [String: Value], [String: Value])] {
            var scenario = TameScenario()
            scenario.faults = [
                .init(id: 0, function: function, from: 2, to: 6, proved: false, proof: early, undoProof: late)
            ]
            try expect(scenario, tame: nil)
            scenario.faults[0].undoProof = early
            try expect(scenario, tame: "no effect")
        }
    }

    @Test func `a change of members that was refused is a sign only where none came about`() throws {
        var scenario = TameScenario()
        scenario.faults = [
            .init(
                id: 0, function: "leave", targets: ["n2"], from: 2, to: 6, proved: false,
                proof: ["refused": "2 members would be left"])
        ]
        try expect(scenario, tame: "no effect")
        #expect(try scenario.check().reason.contains("2 members would be left"))
        scenario.faults.append(.init(id: 1, function: "leave", targets: ["n3"], from: 8, to: 10))
        try expect(scenario, tame: nil)
    }

    @Test func `a fault that was planned and never came makes it tame`() throws {
        var scenario = TameScenario()
        scenario.missing = [(id: 4, start: 12)]
        try expect(scenario, tame: "never happened")
        // It was due when the load was about to end, or after it had been ended.
        scenario.missing = [(id: 4, start: 29.5)]
        try expect(scenario, tame: nil)
        scenario.missing = [(id: 4, start: nil)]
        try expect(scenario, tame: "never happened")
    }

    @Test func `a run that was ended early is told as such, and is not blamed for what had no time`() throws {
        var scenario = TameScenario()
        scenario.endedAfter = 12
        // Attacked for four seconds, and nobody else has led yet; a cut that has met no frame; what is still to come.
        scenario.faults = [
            .init(id: 0, targets: ["n1"], from: 2, to: 6),
            .init(id: 1, function: "partition", cut: [["n2", "n3"]], from: 11, to: 12.1, proved: false),
        ]
        scenario.missing = [(id: 2, start: 20), (id: 3, start: nil)]
        try expect(scenario, tame: nil)
        let reason = try scenario.check().reason
        #expect(reason.contains("ended early, after 12.0 s of the 30.0 s of load"), "\(reason)")
        #expect(reason.contains("1 of 2 faults took effect, 1 had no time to show an effect"), "\(reason)")
        #expect(!reason.contains("too tame"))
        // The same facts of a run that came to its end are signs.
        scenario.endedAfter = nil
        #expect(
            try scenario.check().facts.map(\.name) == [
                "never happened", "never happened", "no effect", "no leader change",
            ])
    }

    @Test func `a run that was ended before anything could show is unknown for that reason`() throws {
        var scenario = TameScenario()
        scenario.endedAfter = 0.06
        var result = try scenario.check()
        #expect(result.verdict == .unknown && result.facts.isEmpty)
        #expect(result.reason.contains("ended early, after 0.1 s of the 30.0 s of load, before enough operations"))
        scenario.endedAfter = 5
        scenario.missing = [(id: 0, start: 20)]
        result = try scenario.check()
        #expect(result.verdict == .unknown && result.facts.isEmpty)
        #expect(result.reason.hasSuffix("before any fault had taken effect."))
        scenario.missing = []
        try expect(scenario, tame: nil)
        // What did happen, and should not have, is still a sign.
        scenario.faults = [.init(id: 0, from: 2, to: 3, proved: false)]
        try expect(scenario, tame: "no effect")
        #expect(try scenario.check().reason.contains("ended early"))
    }

    @Test func `the reason says of each fault without effect why it had none`() throws {
        var scenario = TameScenario()
        scenario.faults = [.init(id: 0, targets: [], from: 2, to: 6, proved: false, proof: ["skipped": "nobody"])]
        #expect(
            try scenario.check().reason.hasPrefix("0 of 1 fault took effect, 1 was skipped to keep a majority, and "))
        scenario.faults += [
            .init(id: 1, targets: ["n2", "n3"], from: 8, to: 12),
            .init(id: 2, function: "clock", targets: ["n3"], from: 9, to: 10, proved: false),
            .init(id: 3, function: "clock", targets: ["n4"], from: 14, to: 15, proved: nil),
        ]
        #expect(
            try scenario.check().reason.hasPrefix(
                "1 of 4 faults took effect, 1 met nodes that another fault held down, 1 was skipped to keep a majority, "
                    + "1 was not measured, and "))
        scenario.faults = [scenario.faults[1]]
        #expect(try scenario.check().reason.hasPrefix("The fault took effect, and "))
    }

    @Test func `silence during a fault makes it tame, unless no majority was left`() throws {
        var scenario = TameScenario()
        scenario.silence = 4.9...10.1
        scenario.faults = [.init(id: 0, function: "clock", targets: ["n1"], from: 5, to: 10)]
        try expect(scenario, tame: "nothing succeeded")
        scenario.faults = [.init(id: 0, targets: ["n2", "n3", "n4"], from: 5, to: 10)]
        try expect(scenario, tame: nil)
        scenario.faults[0].targets = ["n2", "n3"]
        try expect(scenario, tame: "nothing succeeded")
        // Two faults together can take the majority that neither takes alone.
        scenario.faults.append(.init(id: 1, function: "pause", targets: ["n4"], from: 6, to: 7))
        try expect(scenario, tame: nil)
    }

    @Test func `short silent faults are judged together`() throws {
        var scenario = TameScenario()
        scenario.silence = 4.9...8.1
        scenario.faults = (0..<3).map { number in
            .init(
                id: number, function: "clock", targets: ["n1"], from: 5 + Double(number), to: 5.9 + Double(number))
        }
        try expect(scenario, tame: "nothing succeeded")
        scenario.faults.append(.init(id: 3, function: "clock", targets: ["n1"], from: 15, to: 16))
        try expect(scenario, tame: nil)
    }

    @Test func `an attack on the leader after which nobody else leads makes it tame`() throws {
        for fault in [
            TameScenario.FaultPart(id: 0, targets: ["n1"], from: 5, to: 10),
            TameScenario.FaultPart(id: 0, function: "partition", targets: ["n1"], cut: Self.leaderCut, from: 5, to: 10),
        ] {
            var scenario = TameScenario()
            scenario.faults = [fault]
            try expect(scenario, tame: "no leader change")
            scenario.leaders.append((6, "n2"))
            try expect(scenario, tame: nil)
            scenario.leaders = []
            try expect(scenario, tame: nil)
            scenario.leaders = [(0.05, "n3")]
            try expect(scenario, tame: nil)
            scenario.leaders = [(0.05, "n1")]
            scenario.faults[0].to = 6
            try expect(scenario, tame: nil)
        }
    }

    @Test func `operations that never meet make it tame`() throws {
        var scenario = TameScenario()
        scenario.isConcurrent = false
        try expect(scenario, tame: "too little concurrency")
    }

    @Test func `several signs are each told`() throws {
        var scenario = TameScenario()
        scenario.isConcurrent = false
        scenario.faults = [.init(id: 0, from: 2, to: 6, proved: false), .init(id: 1, from: 8, to: 9, proved: false)]
        let result = try scenario.check()
        #expect(result.verdict == .unknown)
        #expect(result.facts.map(\.name) == ["no effect", "no effect", "too little concurrency"])
        #expect(result.reason.contains("2 more signs"))
    }

    @Test func `a workload file may accept a tame run`() throws {
        var scenario = TameScenario()
        scenario.isConcurrent = false
        scenario.isAccepted = true
        let result = try scenario.check()
        #expect(result.verdict == .valid)
        #expect(result.facts.count == 1 && result.reason.contains("accepts"))
    }
}
