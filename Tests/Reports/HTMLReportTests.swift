import Foundation
import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

@Suite struct HTMLReportTests {
    private func page(_ run: SyntheticRun) throws -> String {
        let (record, history) = try run.make()
        return String(decoding: HTMLReport.render(record, history), as: UTF8.self)
    }

    @Test(arguments: shapes.map(\.name))
    func `the page is one file that fetches nothing`(shape: String) throws {
        let html = try page(try #require(shapes.first { $0.name == shape }).run)
        for pattern in ["http://", "https://", "src=", "@import", "url(", "<link", "fetch(", "XMLHttpRequest"] {
            let isThere = html.contains(pattern)
            #expect(!isThere, "\(pattern)")
        }
        let isSealed = html.contains("default-src &#39;none&#39;")
        #expect(isSealed)
    }

    @Test func `nothing of the system under test becomes markup`() throws {
        let clean = try page(SyntheticRun())
        let html = try page(SyntheticRun(hostile: hostileText))
        #expect(html.contains("&lt;/script&gt;&lt;script&gt;document.title=&#39;owned&#39;"))
        for tag in ["<script", "</script"] {
            #expect(html.components(separatedBy: tag).count == clean.components(separatedBy: tag).count)
        }
        let forbidden = html.unicodeScalars.filter {
            ($0.value < 32 && $0 != "\n" && $0 != "\t") || $0.value == 0x202E
        }
        // Direction marks may stand inside the embedded data, where nothing shows them; control characters may not.
        #expect(forbidden.allSatisfy { $0.value == 0x202E })
    }

    @Test func `text and attributes are escaped alike`() {
        var bytes: [UInt8] = []
        element("p", .init("title", hostileText)) { hostileText }.append(to: &bytes)
        let html = String(decoding: bytes, as: UTF8.self)
        #expect(html.count { $0 == "<" } == 2)
        #expect(html.count { $0 == ">" } == 2)
        #expect(html.count { $0 == "\"" } == 2)
        #expect(html.contains("␀␛") && html.contains("⟨U+202E⟩"))
    }

    /// Reads a packed column back, as the script of the page does.
    private func column(_ wanted: String, _ data: TimelineData) -> [UInt64] {
        var start = 0
        for (name, length) in data.columns {
            defer { start += length }
            guard name == wanted else { continue }
            var numbers: [UInt64] = []
            var (number, shift) = (UInt64(0), UInt64(0))
            for byte in data.packed[start..<start + length] {
                number |= UInt64(byte & 127) << shift
                shift += 7
                if byte < 128 {
                    numbers.append(number)
                    (number, shift) = (0, 0)
                }
            }
            return numbers
        }
        return []
    }

    private func signed(_ number: UInt64) -> Int64 { Int64(bitPattern: number >> 1) ^ -Int64(bitPattern: number & 1) }

    @Test(arguments: shapes.map(\.name))
    func `packed operations are those of the history`(shape: String) throws {
        let run = try #require(shapes.first { $0.name == shape }).run
        let (record, history) = try run.make()
        let data = TimelineData(history, workers: record.workers)
        let calls = history.invocations
        #expect(data.count == calls.count)
        let (indices, times) = (column("index", data), column("time", data))
        let (durations, outcomes) = (column("duration", data), column("outcome", data))
        let (processes, waited) = (column("process", data), column("waited", data))
        var (index, time) = (Int64(0), Int64(0))
        for (number, position) in calls.enumerated() {
            let operation = history.operations[position]
            let completion = history.completion(of: position)
            index += signed(indices[number])
            time += signed(times[number])
            #expect(index == operation.index && time == operation.time)
            #expect(signed(durations[number]) == (completion?.time ?? operation.time) - operation.time)
            #expect(outcomes[number] == [.ok: 0, .fail: 1, .info: 2][completion?.kind] ?? 3)
            #expect(data.rows.processes[Int(processes[number])] == operation.process.number)
            #expect(waited[number] == 0 || signed(waited[number] - 1) == operation.time - (operation.intended ?? 0))
        }
    }

    @Test func `rows are workers where that is known, and few where it is not`() throws {
        let (_, history) = try SyntheticRun(operations: 20_000, workers: 8).make()
        let known = ProcessRows(history, workers: 8)
        #expect(known.names.count == 8)
        for (process, row) in zip(known.processes, known.row) { #expect(process % 8 == row) }
        let unknown = ProcessRows(history, workers: nil)
        #expect(unknown.processes.count > 64)
        #expect(unknown.names.count <= 64)
    }

    @Test func `base64 is that of Foundation`() {
        var random = SeededGenerator(seed: 1)
        for length in 0..<40 {
            let bytes = (0..<length).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            #expect(String(decoding: Base64.encode(bytes), as: UTF8.self) == Data(bytes).base64EncodedString())
        }
    }

    @Test func `an elastic scale keeps the order and gives every gap room`() {
        var random = SeededGenerator(seed: 3)
        for _ in 0..<50 {
            let moments = (0..<12).map { _ in Int64.random(in: 0..<60_000_000_000, using: &random) }.sorted()
            let scale = ElasticScale(moments, from: 100, to: 1_000)
            let positions = moments.map { scale.position($0) }
            for (earlier, later) in zip(positions, positions.dropFirst()) { #expect(later - earlier > 10) }
            #expect(abs((positions.first ?? 0) - 100) < 0.001 && abs((positions.last ?? 0) - 1_000) < 0.001)
        }
    }

    @Test func `a proof links its operations wherever a sentence names them`() throws {
        let html = try page(SyntheticRun())
        let anomaly = try #require(try SyntheticRun().make().record.results.first?.anomalies.first)
        let numbers = anomaly.operations
        let link = { (index: Int) in "<a href=\"#op-\(index)\">\(index)</a>" }
        #expect(html.contains("operations \(link(numbers[0])), \(link(numbers[1])) and \(link(numbers[2]))"))
        #expect(html.contains("<svg"))
    }
}
