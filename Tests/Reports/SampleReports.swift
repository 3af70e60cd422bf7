import Foundation
import PolygraphChecking
import PolygraphReports
import Testing

/// Writes sample reports to look at, where `POLYGRAPH_SAMPLE_REPORTS` names a folder.
@Suite struct SampleReports {
    @Test(.enabled(if: ProcessInfo.processInfo.environment["POLYGRAPH_SAMPLE_REPORTS"] != nil))
    func `samples are written`() throws {
        let folder = URL(
            fileURLWithPath: ProcessInfo.processInfo.environment["POLYGRAPH_SAMPLE_REPORTS"] ?? "", isDirectory: true)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let runs: [(String, SyntheticRun)] = [
            ("invalid", SyntheticRun()), ("valid", SyntheticRun(verdict: .valid)),
            ("unknown", SyntheticRun(faults: false, verdict: .unknown, interrupted: true)),
            ("one", SyntheticRun(operations: 1, verdict: .valid)),
            ("empty", SyntheticRun(operations: 0, faults: false, verdict: .unknown)),
            ("many", SyntheticRun(operations: 10_000, keys: 300, anomalies: 40)),
            ("hostile", SyntheticRun(hostile: hostileText)), ("medium", SyntheticRun(operations: 10_000)),
            ("large", SyntheticRun(operations: 300_000, workers: 24, keys: 500, rate: 5_000)),
        ]
        for (name, run) in runs {
            let made = try run.make()
            let clock = ContinuousClock()
            var html: [UInt8] = []
            let elapsed = clock.measure { html = HTMLReport.render(made.record, made.history) }
            print("\(name): \(run.operations) operations, \(html.count) bytes, rendered in \(elapsed)")
            try Data(html).write(to: folder.appendingPathComponent(name + ".html"))
            try Data(TextReport.render(made.record, made.history, colour: false).utf8)
                .write(to: folder.appendingPathComponent(name + ".txt"))
            try Data(ResultsFile.render(made.record, made.history)).write(
                to: folder.appendingPathComponent(name + ".json"))
            try Data(JUnitReport.render(made.record, made.history)).write(
                to: folder.appendingPathComponent(name + ".xml"))
        }
    }
}
