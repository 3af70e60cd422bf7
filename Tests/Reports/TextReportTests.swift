import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

/// What a hostile system might answer: markup, quotes, NUL, a terminal escape, a mark that reverses the line.
let hostileText = "</script><script>document.title='owned'</script>]]>\"'&\u{0}\u{1B}[31m\u{202E}ünï \u{1F4A5} 猫"

/// Runs of every shape that reports must bear.
let shapes: [(name: String, run: SyntheticRun)] = [
    ("invalid", SyntheticRun()),
    ("valid", SyntheticRun(verdict: .valid)),
    ("no faults", SyntheticRun(faults: false, verdict: .valid)),
    ("unknown and interrupted", SyntheticRun(verdict: .unknown, interrupted: true)),
    ("empty", SyntheticRun(operations: 0, faults: false, verdict: .unknown)),
    ("one operation", SyntheticRun(operations: 1, faults: false, verdict: .valid)),
    ("no keys", SyntheticRun(keys: 0)),
    ("many anomalies", SyntheticRun(operations: 6_000, keys: 40, anomalies: 30)),
    ("hostile", SyntheticRun(hostile: hostileText)),
]

@Suite struct TextReportTests {
    @Test(arguments: shapes.map(\.name), [40, 80, 120])
    func `no line is wider than asked for`(shape: String, width: Int) throws {
        let run = try #require(shapes.first { $0.name == shape }).run
        var (record, history) = try run.make()
        // A path and a single long word of a command stay whole, so that they can be copied.
        record.paths.report = nil
        record.rerunCommand = "polygraph run x --seed 1 --set client.rate=1000/s --time 60s --nodes 5"
        record.recheckCommand = "polygraph check history.jsonl"
        let text = TextReport.render(record, history, width: width, colour: false)
        // At 40 columns the table of functions, whose numbers cannot be broken, may be wider.
        let limit = max(width, 76)
        for line in text.split(separator: "\n") {
            #expect(columns(String(line)) <= limit, "\(line)")
        }
    }

    /// Independent of the report's own measure: two columns for what these tests use of wide characters.
    private func columns(_ line: String) -> Int {
        line.reduce(0) { $0 + ($1 == "猫" || $1 == "\u{1F4A5}" ? 2 : 1) }
    }

    @Test(arguments: shapes.map(\.name))
    func `the verdict comes first, and the way to go on last`(shape: String) throws {
        let run = try #require(shapes.first { $0.name == shape }).run
        let (record, history) = try run.make()
        let text = TextReport.render(record, history, colour: false)
        #expect(text.hasPrefix(record.verdict.rawValue.uppercased()))
        #expect(text.contains("run again:"))
        #expect(text.contains("check again:"))
        #expect(text.hasSuffix("report.html\n"))
    }

    @Test func `no escape sequence of the system under test reaches the terminal`() throws {
        let (record, history) = try SyntheticRun(hostile: hostileText).make()
        let text = TextReport.render(record, history, colour: false)
        let dangerous = text.unicodeScalars.filter { ($0.value < 32 && $0 != "\n") || $0.value == 0x202E }
        #expect(dangerous.isEmpty)
    }

    @Test func `colour adds nothing but colour`() throws {
        let (record, history) = try SyntheticRun().make()
        let plain = TextReport.render(record, history, colour: false)
        let coloured = TextReport.render(record, history, colour: true)
        #expect(coloured.contains("\u{1B}[1;31mINVALID\u{1B}[0m"))
        #expect(coloured.replacing(#/\u{1B}\[[0-9;]*m/#, with: "") == plain)
    }

    @Test func `the proof is told with its operations and the faults in force`() throws {
        let (record, history) = try SyntheticRun().make()
        let anomaly = try #require(record.results.first?.anomalies.first)
        let text = TextReport.render(record, history, colour: false)
        for index in anomaly.operations { #expect(text.contains("\(index)")) }
        #expect(text.contains("▸ \(try #require(anomaly.failedAt))"))
        #expect(text.contains("In force meanwhile") || text.contains("No fault was in force meanwhile"))
    }

    @Test func `what is said of faults in force is one truth`() throws {
        func text(_ faults: [Operation]) throws -> String {
            let client = [("invoke", Int64(3_000)), ("ok", 9_000)].enumerated().map { place, event in
                Operation(
                    index: faults.count + place, time: event.1, process: .client(0),
                    kind: event.0 == "ok" ? .ok : .invoke, function: "read", value: 1)
            }
            let history = try History(faults + client)
            let anomaly = Anomaly(
                name: "stale read", summary: "it is.", explanation: ["So."], operations: [faults.count])
            let result = CheckResult(checker: "linearizable", verdict: .invalid, reason: "it is", anomalies: [anomaly])
            let record = RunRecord(workload: "w", verdict: .invalid, exitCode: 1, results: [result])
            return TextReport.render(record, history, colour: false)
        }
        func fault(_ time: Int64, _ more: [String: Value]) -> Operation {
            let fields: [String: Value] = ["fault": 1, "action": "inject", "stage": "effect", "summary": "kill n1"]
            return Operation(
                index: 0, time: time, process: .nemesis, kind: .info, function: "kill",
                value: .object(fields.merging(more) { $1 }))
        }
        #expect(try text([fault(1_000, [:])]).contains("In force meanwhile:\n      - kill n1 (1 µs to the end)"))
        // One that was left out never was in force; what another tool did may have lasted, and nobody knows.
        let skipped = try text([fault(1_000, ["proof": ["skipped": "nobody could be attacked"]])])
        #expect(skipped.contains("No fault was in force meanwhile.") && skipped.contains("0 injected"))
        let foreign = try text([
            Operation(index: 0, time: 1_000, process: .nemesis, kind: .info, function: "start", value: "cut")
        ])
        #expect(!foreign.contains("in force") && !foreign.contains("In force"))
    }

    @Test func `sentences among the facts have a line each, and keys are in the order of their numbers`() throws {
        let (_, history) = try SyntheticRun(operations: 1, faults: false, verdict: .valid).make()
        let keys: [Value] = ["k10", "k2", "k0", "k1"]
        let tame = CheckResult(
            checker: "tame", verdict: .unknown, reason: "Too tame.",
            partitions: keys.map { PartitionResult(key: $0, verdict: .invalid, operations: 1, reason: "r") },
            facts: [
                .init("no effect", "Fault 7 (leave one) had no effect that could be measured"), .init("frontier", 3),
                .init("no effect", "Fault 8 (leave one) had no effect that could be measured"),
            ])
        let record = RunRecord(
            workload: "w", verdict: .unknown, exitCode: 2, results: [tame],
            measurements: [.init("heal", "2.87 µs"), .init("load", "431 ms"), .init("rest", "26.4 s")])
        let text = TextReport.render(record, history, colour: false)
        #expect(text.contains("\n  tame: frontier 3\n  tame: no effect: Fault 7 (leave one) had no effect"))
        #expect(text.contains("\n  tame: no effect: Fault 8 (leave one) had no effect"))
        #expect(text.contains("  heal 2.9 µs · load 431 ms · rest 26 s\n"))
        #expect(text.contains("  invalid k0: r\n  invalid k1: r\n  invalid k2: r\n  invalid k10: r\n"))
    }

    @Test func `a run that was ended early says so first`() throws {
        let (record, history) = try SyntheticRun(verdict: .valid, interrupted: true).make()
        let text = TextReport.render(record, history, colour: false)
        #expect(text.hasPrefix("VALID    Until it was ended early: "))
    }

    @Test func `a history without times has no rates`() throws {
        let history = try History([
            Operation(index: 0, time: 0, process: .client(0), kind: .invoke, function: "read", value: .null),
            Operation(index: 1, time: 1, process: .client(0), kind: .ok, function: "read", value: 1),
        ])
        let record = RunRecord(workload: "register", verdict: .valid, exitCode: 0)
        let text = TextReport.render(record, history, colour: false)
        #expect(!text.contains("/s") && !text.contains(" ns"), "\(text)")
        #expect(text.contains("no rates and no latencies"))
    }

    @Test func `facts are told in units for people, and those that say nothing are not`() throws {
        let (_, history) = try SyntheticRun(operations: 1, faults: false).make()
        let result = CheckResult(
            checker: "linearizable", verdict: .valid, reason: "it is",
            facts: [
                .init("deciding seconds", .double(0.000526222)), .init("memory limit bytes", 2_147_483_648),
                .init("largest frontier", 0), .init("keys", 20),
            ])
        var record = RunRecord(workload: "register", verdict: .valid, exitCode: 0, results: [result])
        let text = TextReport.render(record, history, colour: false)
        #expect(text.contains("linearizable: deciding 526 µs · keys 20\n"), "\(text)")
        record.results[0].verdict = .unknown
        #expect(TextReport.render(record, history, colour: false).contains("memory limit 2.147GB"))
    }

    @Test func `a command is broken so that a shell still reads one command`() {
        let terminal = Terminal(colour: false, width: 40)
        let command = "polygraph run workload --set 'name=with many words in it' --seed 12345678 --time 60s"
        let lines = terminal.wrappedCommand(command, indent: "  ")
        #expect(lines.count > 1)
        #expect(lines.dropLast().allSatisfy { $0.hasSuffix(" \\") })
        let joined = lines.map { line in
            var words = Substring(line).drop { $0 == " " }
            if words.hasSuffix(" \\") { words = words.dropLast(2) }
            return String(words)
        }.joined(separator: " ")
        #expect(joined == command)
    }

    @Test(
        arguments: [
            (0, "0 ns"), (999, "999 ns"), (84_000, "84 µs"), (4_210_000, "4.21 ms"), (999_600_000, "1 s"),
            (1_500_000_000, "1.5 s"), (125_000_000_000, "2 min 5 s"), (7_260_000_000_000, "2 h 1 min"),
            (-1_500, "-1.5 µs"),
        ] as [(Int64, String)])
    func `durations are short and have a unit`(nanoseconds: Int64, text: String) {
        #expect(Units.duration(nanoseconds) == text)
    }
}
