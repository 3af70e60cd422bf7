import Foundation
import PolygraphNemesis
import Testing

@Suite struct FaultTableTests {
    private let document: String = {
        var folder = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { folder.deleteLastPathComponent() }
        return (try? String(contentsOf: folder.appendingPathComponent("Documentation/faults.md"), encoding: .utf8))
            ?? ""
    }()

    @Test func `the document has the table that the code prints`() {
        #expect(
            document.contains(FaultTable.markdown),
            "Documentation/faults.md is behind the code; `make documentation` puts the table in anew")
    }

    @Test func `every kind has a row of seven cells, and every parameter is told`() {
        let rows = FaultTable.markdown.split(separator: "\n").filter { $0.hasPrefix("| `") }
        #expect(rows.count == FaultCatalog.names.count)
        for description in FaultCatalog.descriptions {
            let row = rows.first { $0.hasPrefix("| `\(description.name)` |") }
            #expect(row?.replacing("\\|", with: "").split(separator: "|").count == 7, "\(description.name)")
            for parameter in description.parameters { #expect(row?.contains("`\(parameter.name)`: ") == true) }
        }
    }
}
