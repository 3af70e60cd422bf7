import Foundation
import PolygraphChecking
import PolygraphHistory
import Testing

@testable import PolygraphReports

@Suite struct FaultFamilyTests {
    /// The kinds of fault of `Documentation/faults.md`, which `polygraph list faults --markdown` writes, by heading.
    private static func documented() throws -> [(group: String, function: String)] {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent("Documentation/faults.md"), encoding: .utf8)
        var group = ""
        var found: [(group: String, function: String)] = []
        for line in text.split(separator: "\n").drop(while: { !$0.hasPrefix("<!-- What follows") }) {
            if line.hasPrefix("### ") { group = String(line.dropFirst(4)) }
            if line.hasPrefix("| `") { found.append((group, String(line.dropFirst(3).prefix { $0 != "`" }))) }
        }
        return found
    }

    @Test func `every kind of fault has the colour of its family`() throws {
        let families: [String: FaultFamily] = [
            "Network": .network, "Processes": .process, "Resources": .resource, "Clocks": .clock, "Disks": .disk,
            "Membership": .membership,
        ]
        let kinds = try Self.documented()
        #expect(kinds.count >= 39)
        for kind in kinds {
            let expected = kind.function == "dns" ? .name : families[kind.group]
            #expect(FaultFamily(function: kind.function) == expected, "\(kind)")
        }
        #expect(FaultFamily(function: "start-partition") == .other)
    }

    @Test func `the style sheet has each colour in light and in dark, by day and by choice`() throws {
        let (record, history) = try SyntheticRun().make()
        let page = String(decoding: HTMLReport.render(record, history), as: UTF8.self)
        for family in FaultFamily.allCases {
            #expect(page.components(separatedBy: "--\(family.rawValue): #").count == 4, "\(family)")
            #expect(page.contains(".fault-\(family.rawValue) { --tint: var(--\(family.rawValue)); }"))
        }
        for line in 0..<HTMLPage.lineColours {
            #expect(page.components(separatedBy: "--line-\(line): #").count == 4)
        }
    }

    @Test func `the legend names the faults of the run by family`() throws {
        let (record, history) = try SyntheticRun().make()
        let page = String(decoding: HTMLReport.render(record, history), as: UTF8.self)
        for words in ["network: partition", "process: kill, pause", "clock: clock"] {
            #expect(page.contains(words), "\(words)")
        }
    }
}
