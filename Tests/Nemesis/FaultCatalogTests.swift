import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct FaultCatalogTests {
    @Test func `every kind has a name of its own, and parameters with names of their own`() {
        #expect(Set(FaultCatalog.names).count == FaultCatalog.kinds.count)
        for description in FaultCatalog.descriptions {
            #expect(Set(description.parameters.map(\.name)).count == description.parameters.count)
            if let shorthand = description.shorthand { #expect(description.parameter(shorthand) != nil) }
        }
    }

    @Test func `nothing is left unsaid`() {
        for description in FaultCatalog.descriptions {
            for text in [description.summary, description.needs, description.proof, description.undo] {
                #expect(!text.isEmpty && !text.contains("\n") && !text.contains("|"), "\(description.name)")
            }
            for parameter in description.parameters {
                #expect(!parameter.summary.isEmpty, "\(description.name) \(parameter.name)")
            }
        }
    }
}
