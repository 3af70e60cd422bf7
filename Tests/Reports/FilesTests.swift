import Foundation
import FoundationXML
import PolygraphChecking
import PolygraphHistory
import PolygraphReports
import Testing

/// Counts made by pairing the events once more, without the reports' own code.
struct IndependentCounts {
    var operations = 0
    var ended: [PolygraphHistory.Operation.Kind: Int] = [:]

    init(_ history: History) {
        var open: Set<Int> = []
        for event in history.operations {
            guard let process = event.process.number else { continue }
            if event.kind == .invoke {
                operations += 1
                open.insert(process)
            } else {
                ended[event.kind, default: 0] += 1
                open.remove(process)
            }
        }
        ended[.info, default: 0] += open.count
    }
}

@Suite struct FilesTests {
    private func object(_ run: SyntheticRun) throws -> (json: [String: Any], record: RunRecord, history: History) {
        let (record, history) = try run.make()
        let parsed = try JSONSerialization.jsonObject(with: Data(ResultsFile.render(record, history)))
        return (try #require(parsed as? [String: Any]), record, history)
    }

    @Test(arguments: shapes.map(\.name))
    func `results are JSON whose totals are those of the history`(shape: String) throws {
        let (json, record, history) = try object(try #require(shapes.first { $0.name == shape }).run)
        let counts = IndependentCounts(history)
        let statistics = try #require(json["statistics"] as? [String: Any])
        #expect(statistics["operations"] as? Int == counts.operations)
        #expect(statistics["ok"] as? Int == counts.ended[.ok] ?? 0)
        #expect(statistics["fail"] as? Int == counts.ended[.fail] ?? 0)
        #expect(statistics["info"] as? Int == counts.ended[.info] ?? 0)
        let functions = try #require(statistics["functions"] as? [String: [String: Any]])
        for kind in ["ok", "fail", "info"] {
            #expect(functions.values.reduce(0) { $0 + ($1[kind] as? Int ?? 0) } == statistics[kind] as? Int)
        }
        #expect(json["verdict"] as? String == record.verdict.rawValue)
        #expect(json["seed"] as? String == "18446744073709551557")
        #expect(json["workload"] as? String == record.workload)
    }

    @Test func `what still holds is in every report, and comes back from the file`() throws {
        let (json, record, history) = try object(SyntheticRun())
        let results = try #require(json["results"] as? [[String: Any]])
        let levels = try #require(results.first?["levels"] as? [[String: Any]])
        #expect(levels.compactMap { $0["verdict"] as? String } == ["holds", "unknown", "holds", "holds", "fails"])
        #expect(levels.first?["staleness"] as? Int == 339_500_000)
        #expect(try RunRecord(record.value).results == record.results)
        let summary = "Causal holds; reads are at most 340 ms stale; not decided: sequential."
        let text = TextReport.render(record, history, width: 120, colour: false)
        #expect(text.contains("What still holds"))
        #expect(text.contains(summary))
        #expect(text.contains("Read with: initial value null"))
        let page = String(decoding: HTMLReport.render(record, history), as: UTF8.self)
        #expect(page.contains("What still holds"))
        #expect(page.contains(summary))
        #expect(page.contains("Read with: initial value null"))
        var older = record.value.fields ?? [:]
        older["results"] = .list(
            (older["results"]?.elements ?? []).map { result in
                var fields = result.fields ?? [:]
                fields["levels"] = nil
                return .object(fields)
            })
        #expect(try RunRecord(.object(older)).results.allSatisfy { $0.levels.isEmpty })
    }

    @Test func `quantiles are latencies that occurred, and divide them as they say`() throws {
        let (json, _, history) = try object(SyntheticRun())
        var latencies: [Int] = []
        for position in history.invocations {
            guard let completion = history.completion(of: position), completion.kind == .ok else { continue }
            latencies.append(Int(completion.time - history.operations[position].time))
        }
        let latency = try #require((json["statistics"] as? [String: Any])?["latency"] as? [String: Int])
        for (name, fraction) in [("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)] {
            let quantile = try #require(latency[name])
            #expect(latencies.contains(quantile))
            #expect(Double(latencies.count { $0 <= quantile }) >= fraction * Double(latencies.count))
            #expect(Double(latencies.count { $0 < quantile }) < fraction * Double(latencies.count))
        }
    }

    @Test(arguments: shapes.map(\.name))
    func `a record survives being written and read`(shape: String) throws {
        let (record, _) = try #require(shapes.first { $0.name == shape }).run.make()
        #expect(try RunRecord(record.value) == record)
    }

    @Test func `a wrong field is named`() throws {
        var fields = try #require(try SyntheticRun().make().record.value.fields)
        fields["results"] = [["checker": "linearizable", "verdict": "maybe"]]
        let error = #expect(throws: RunRecordError.self) { try RunRecord(.object(fields)) }
        #expect(error?.description == "results.json: results[0].verdict: expected valid, invalid or unknown")
        #expect(throws: RunRecordError.self) { try RunRecord(["format": "something else"]) }
    }

    /// Collects what a reader of `junit.xml` cares for.
    private final class JUnitReader: NSObject, XMLParserDelegate {
        var attributes: [String: [[String: String]]] = [:]

        func parser(
            _ parser: XMLParser, didStartElement elementName: String, namespaceURI: String?,
            qualifiedName: String?, attributes found: [String: String] = [:]
        ) { attributes[elementName, default: []].append(found) }
    }

    @Test(arguments: shapes.map(\.name))
    func `junit is well-formed, and only valid passes`(shape: String) throws {
        let (record, history) = try #require(shapes.first { $0.name == shape }).run.make()
        let reader = JUnitReader()
        let parser = XMLParser(data: Data(JUnitReport.render(record, history)))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        let suite = try #require(reader.attributes["testsuite"]?.first)
        #expect(suite["tests"] == String(reader.attributes["testcase"]?.count ?? 0))
        #expect(suite["failures"] == String(reader.attributes["failure"]?.count ?? 0))
        #expect(suite["errors"] == String(reader.attributes["error"]?.count ?? 0))
        #expect((reader.attributes["failure"] != nil) == (record.verdict == .invalid))
        #expect((reader.attributes["error"] != nil) == (record.verdict == .unknown))
    }

    @Test func `a run without any result is an error, and so is a valid one that proves nothing`() throws {
        let history = try History([])
        for record in [
            RunRecord(workload: "w", verdict: .unknown, exitCode: 255),
            RunRecord(workload: "w", verdict: .valid, exitCode: 2, warnings: ["no fault took effect"]),
        ] {
            let xml = String(decoding: JUnitReport.render(record, history), as: UTF8.self)
            #expect(xml.contains("<error "))
        }
    }
}
