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
