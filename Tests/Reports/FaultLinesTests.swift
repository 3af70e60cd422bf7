import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

@Suite struct FaultLinesTests {
    private static let allNodes = ["n1", "n2", "n3", "n4", "n5"]

    private func fault(
        _ function: String, kind: String? = nil, summary: String, proof: [String: Value], proved: Bool? = true,
        failure: String? = nil, undo: [String: Value] = [:]
    ) throws -> RecordedFault {
        var fields: [String: Value] = [
            "fault": 1, "action": "inject", "stage": failure == nil ? "effect" : "failed",
            "targets": .list(Self.allNodes.map(Value.string)), "summary": .string(summary), "proof": .object(proof),
        ]
        fields["kind"] = kind.map(Value.string)
        fields["proved"] = proved.map(Value.bool)
        let events = [
            (Int64(3_992_000_000), fields, failure),
            (5_244_000_000, ["fault": 1, "action": "undo", "stage": "effect", "proof": .object(undo)], nil),
        ].enumerated().map { index, event in
            Operation(
                index: index, time: event.0, process: .nemesis, kind: .info, function: function,
                value: .object(event.1), error: event.2)
        }
        return try #require(FaultLog(History(events)).faults.first)
    }

    private func powerFailure() throws -> RecordedFault {
        try fault(
            "power-failure", kind: "all", summary: "power failure on n1 n2 n3 n4 n5: of unsynced data nothing remains",
            proof: Dictionary(
                uniqueKeysWithValues: Self.allNodes.enumerated().map { place, node in
                    (
                        node,
                        [
                            "bytes_kept": 0, "bytes_lost": .integer(24_480 + Int64(place)), "files_rolled_back": 1,
                            "names_undone": 0, "processes_killed": 1,
                        ]
                    )
                }))
    }

    @Test func `equal nodes are one, and what is nothing is left out`() throws {
        #expect(try powerFailure().whatWasDone == "power failure on n1-n5: of unsynced data nothing remains")
        #expect(
            try powerFailure().whatProvesIt
                == "proved: n1-n5 bytes lost 24,480 to 24,484, files rolled back 1, processes killed 1")
        let clock = try fault(
            "clock", kind: "bump", summary: "clock of n2 -25.3 s, clock of n5 +35.2 s",
            proof: [
                "n2": [
                    "measured_offset": -25_250_449_914, "processes": 1, "elapsed_ns": 5, "method": "its own process",
                ],
                "n5": "is not running; it will start with this clock",
            ])
        #expect(
            clock.whatProvesIt
                == "proved: n2 measured offset -25.250 s, processes 1; n5 is not running; it will start with this clock"
        )
        let cut = try fault(
            "partition", kind: "halves", summary: "n1 n2 cut from n3 n4 n5", proof: ["frames_cut": 0, "links": 12])
        #expect(cut.whatWasDone == "partition halves: n1 n2 cut from n3-n5")
        #expect(cut.whatProvesIt == "proved: links 12")
        #expect(
            try fault("kill", summary: "kill n1", proof: [:], proved: nil, failure: "no such process").whatProvesIt
                == "failed: no such process")
    }

    @Test func `what was counted until the end wins`() throws {
        let names = try fault(
            "dns", kind: "other-node", summary: "dns on n1", proof: ["wrong_answers": 0], proved: false,
            undo: ["wrong_answers": 3])
        #expect(names.whatProvesIt == "proved: wrong answers 3")
        let cut = try fault(
            "partition", kind: "halves", summary: "n1 cut", proof: ["cut_links": 12, "frames_cut": 1],
            undo: ["frames_cut": 178, "elapsed_ns": 9])
        #expect(cut.whatProvesIt == "proved: cut links 12; frames cut 178")
        let disk = try fault(
            "disk", kind: "one", summary: "disk of n1", proof: ["n1": ["calls_hit": 1, "calls_matched": 2]],
            undo: ["n1": ["calls_hit": 5, "calls_matched": 9]])
        #expect(disk.whatProvesIt == "proved: n1 calls hit 5, calls matched 9")
        // The clock is right again at the end; that is what the undo did, and no effect of the fault.
        let clock = try fault(
            "clock", kind: "bump", summary: "clock of n2 -25.3 s", proof: ["n2": ["processes": 1]],
            undo: ["n2": ["measured_offset": 5, "processes": 2]])
        #expect(clock.whatProvesIt == "proved: n2 processes 1")
    }

    @Test func `nothing is said twice`() throws {
        let join = try fault("join", kind: "join", summary: "n3 joins", proof: [:])
        #expect(join.whatWasDone == "join: n3 joins")
        #expect(join.label == "Fault 1 (join)")
        let refused = try fault(
            "leave", kind: "one", summary: "n2 leaves", proof: ["refused": "cannot remove n2: too few"], proved: false)
        #expect(refused.whatProvesIt == "refused: cannot remove n2: too few")
    }

    @Test(
        arguments: [
            ("n1 n2 n3", "n1-n3"), ("n1 n2", "n1 n2"), ("kill n10 n11 n12: now", "kill n10-n12: now"),
            ("n1 n2 n4 n5 n6 x", "n1 n2 n4-n6 x"), ("ring n4 n3 n2 n5 n1: each", "ring n4 n3 n2 n5 n1: each"),
            ("", ""), ("not n or nx  n1", "not n or nx  n1"),
        ])
    func `nodes in a row are ranges`(text: String, expected: String) {
        #expect(NodeNames.inRanges(text) == expected)
    }

    @Test(arguments: [40, 80, 120])
    func `a fault takes two lines at most, and none is too wide`(width: Int) throws {
        let faults = try [
            powerFailure(),
            fault(
                "wan", summary: String(repeating: "n1 \u{732B} n3 to n5 30 ms, ", count: 20),
                proof: ["frames_delayed": 3, "text": "\u{1B}[31m"], proved: false),
            fault("kill", summary: "", proof: [:], proved: nil),
        ]
        let lines = FaultLines.render(faults, Terminal(colour: false, width: width))
        #expect(lines.count == 1 + 2 * faults.count)
        for line in lines {
            #expect(line.reduce(0) { $0 + ($1 == "\u{732B}" ? 2 : 1) } <= width, "\(line)")
            #expect(!line.contains("\u{1B}"))
        }
        #expect(lines[0].hasPrefix("  #     from       to  what was done"))
        #expect(lines[1].hasPrefix("  1  3.992 s  5.244 s  power failure on"))
    }

    @Test func `every fault of a report is there in two lines`() throws {
        let (record, history) = try SyntheticRun().make()
        let text = TextReport.render(record, history, width: 80, colour: false)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let section = lines.drop { $0 != "Faults" }.prefix { !$0.isEmpty }
        #expect(section.count == 3 + 2 * FaultLog(history).faults.count)
    }
}
