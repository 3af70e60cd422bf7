import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

@Suite struct ClockTraceTests {
    private func event(
        _ index: Int, _ time: Int64, stage: String = "effect", skew: Value, proof: Value = .object([:])
    ) -> Operation {
        Operation(
            index: index, time: time, process: .nemesis, kind: .info, function: "clock",
            value: [
                "fault": 1, "action": "inject", "stage": .string(stage), "skew": skew, "proof": proof,
            ])
    }

    @Test func `a clock is what each event sets it to`() throws {
        let history = try History([
            event(0, 5, stage: "intent", skew: ["n1": ["offset": 1]]),
            event(
                1, 10,
                skew: [
                    "n10": ["offset": 7, "rate": -3],
                    "n2": [
                        "offset": -4, "rate": 0, "slew": ["gain": 100, "duration": 50],
                        "strobe": ["period": 8, "amplitude": 9],
                    ],
                ], proof: ["n2": ["measured_offset": -5], "n10": "is not running"]),
            event(2, 20, skew: ["n2": ["offset": 0, "rate": 0]], proof: ["n2": ["measured_offset": 1]]),
        ])
        let trace = ClockTrace(history)
        #expect(trace.nodes.map(\.name) == ["n2", "n10"])
        #expect(
            trace.nodes.map { $0.settings.map(\.numbers) } == [
                [[10, -4, 0, 100, 50, 8, 9, -5], [20, 0, 0, nil, nil, nil, nil, 1]],
                [[10, 7, -3, nil, nil, nil, nil, nil]],
            ])
    }

    @Test func `a run without clock faults has no chart of clocks`() throws {
        let (record, history) = try SyntheticRun(faults: false, verdict: .valid).make()
        #expect(ClockTrace(history).isEmpty)
        let page = String(decoding: HTMLReport.render(record, history), as: UTF8.self)
        #expect(!page.contains("<canvas id=\"clocks\""))
        let (other, disturbed) = try SyntheticRun().make()
        #expect(String(decoding: HTMLReport.render(other, disturbed), as: UTF8.self).contains("<canvas id=\"clocks\""))
    }
}
