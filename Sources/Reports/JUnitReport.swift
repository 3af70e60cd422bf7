import PolygraphChecking
import PolygraphHistory

/// `junit.xml`: one test case a checker, and one for the run itself, for the systems that run tests.
///
/// `invalid` is a failure; `unknown` is an error, because a run that decided nothing must never look like a success.
public enum JUnitReport {
    /// The file's bytes: UTF-8 XML with a line feed at the end.
    public static func render(_ record: RunRecord, _ history: History) -> [UInt8] {
        let log = FaultLog(history)
        let statistics = Statistics(history)
        let cases = record.results.map { Case($0) } + [Case(run: record)]
        let failures = cases.count { $0.problem?.isFailure == true }
        let errors = cases.count { $0.problem?.isFailure == false }
        let seconds = Units.fixed(Double(record.duration) / 1e9, 3)

        let suite = element(
            "testsuite", .init("name", record.workload), .init("tests", String(cases.count)),
            .init("failures", String(failures)), .init("errors", String(errors)), .init("skipped", "0"),
            .init("time", seconds), .init("timestamp", record.started)
        ) {
            element("properties") {
                property("verdict", record.verdict.rawValue)
                property("exitCode", String(record.exitCode))
                if let seed = record.seed { property("seed", String(seed)) }
                property("operations", String(statistics.total.total))
                property("ok", String(statistics.total.ok))
                property("fail", String(statistics.total.fail))
                property("info", String(statistics.total.info))
                property("faults", String(log.injected))
                property("faultsProved", String(log.proved))
                property("rerun", record.rerunCommand)
                property("recheck", record.recheckCommand)
                for fact in record.environment { property(fact.name, fact.shown) }
            }
            for one in cases { testCase(one, record) }
            element("system-out") {
                (record.allWarnings(history, log).map { "warning: \($0)" }
                    + [record.paths.report.map { "report: \($0)" }].compactMap { $0 }).joined(separator: "\n")
            }
        }
        var bytes = Array("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n".utf8)
        element(
            "testsuites", .init("name", "polygraph"), .init("tests", String(cases.count)),
            .init("failures", String(failures)), .init("errors", String(errors)), .init("time", seconds)
        ) { suite }
        .append(to: &bytes, xml: true)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    /// What is written as one `testcase`.
    private struct Case {
        var name: String
        var nanoseconds: Int64
        var problem: Problem?

        struct Problem {
            /// A failure, or else an error.
            var isFailure: Bool
            var type: String
            var message: String
            var details: String
        }

        init(_ result: CheckResult) {
            name = result.checker
            nanoseconds = result.partitions.reduce(0) { $0 + $1.elapsed }
            let undecided = result.partitions.filter { $0.verdict == .unknown }.map { partition in
                "\(partition.key.map(Call.short) ?? "(all)"): \(partition.reason ?? "not decided")"
            }
            switch result.verdict {
            case .valid: problem = nil
            case .unknown:
                problem = Problem(
                    isFailure: false, type: "unknown", message: result.reason,
                    details: (undecided + result.plainFacts.map { "\($0.name): \($0.shown)" }).joined(separator: "\n"))
            case .invalid:
                let anomaly = result.anomalies.first
                problem = Problem(
                    isFailure: true, type: anomaly?.name ?? "invalid", message: anomaly?.summary ?? result.reason,
                    details: result.anomalies.map(Self.proof).joined(separator: "\n\n"))
            }
        }

        /// The run as a whole, which can be worthless although every checker is content.
        init(run record: RunRecord) {
            name = "run"
            nanoseconds = record.duration
            let isExplained = record.results.contains { $0.verdict != .valid }
            guard !isExplained, record.verdict != .valid || record.exitCode != 0 else { return }
            problem = Problem(
                isFailure: record.verdict == .invalid,
                type: record.interrupted ? "interrupted" : record.verdict.rawValue,
                message: record.headline, details: record.warnings.joined(separator: "\n"))
        }

        private static func proof(_ anomaly: Anomaly) -> String {
            ([anomaly.heading, anomaly.summary]
                + anomaly.explanation.enumerated().map { "\($0.offset + 1). \($0.element)" })
                .joined(separator: "\n")
        }
    }

    private static func testCase(_ one: Case, _ record: RunRecord) -> Markup {
        element(
            "testcase", .init("classname", record.workload), .init("name", one.name),
            .init("time", Units.fixed(Double(one.nanoseconds) / 1e9, 3))
        ) {
            if let problem = one.problem {
                element(
                    problem.isFailure ? "failure" : "error", .init("type", problem.type),
                    .init("message", problem.message)
                ) { problem.details }
            }
        }
    }

    private static func property(_ name: String, _ value: String) -> Markup {
        element("property", .init("name", name), .init("value", value))
    }
}
