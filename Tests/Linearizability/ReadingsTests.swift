import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels
import Testing

/// The sentence that says how a history was read speaks of what the history has, and of nothing else.
@Suite struct ReadingsTests {
    private func reading(_ script: HistoryScript, _ model: any Model, _ options: LinearizabilityOptions = .init())
        -> String?
    {
        Linearizable(model: model, options: options).check(script.history).facts
            .first { $0.name == "read with" }?.value.stringValue
    }

    @Test func nothingSpecialIsOneClause() {
        var script = HistoryScript()
        script.run(0, "write", 1)
        script.run(1, "read", gets: 1)
        #expect(reading(script, CASRegister()) == "initial value null")
    }

    @Test func eachKindOfOperationAddsItsClause() {
        var script = HistoryScript()
        script.run(0, "read", gets: .null)
        #expect(reading(script, CASRegister()) == "initial value null; a read of null shows that there was nothing")
        script.run(0, "write", 1)
        script.run(1, "cas", [5, 6], .fail, error: "mismatch")
        #expect(reading(script, CASRegister())?.contains("the error mismatch shows that the value was another") == true)
        #expect(reading(script, CASRegister())?.contains("operation") == false)
        script.run(1, "write", 7, .fail)
        #expect(reading(script, CASRegister())?.contains("any other failed operation did not happen") == true)
        script.invoke(2, "write", 8)
        #expect(reading(script, CASRegister())?.hasSuffix("or never") == true)
    }

    @Test func objectsWithoutComparisonsHearNothingOfThem() throws {
        var script = HistoryScript()
        script.run(0, "acquire")
        script.run(1, "acquire", .null, .fail)
        script.run(0, "release")
        let said = reading(script, try #require(ModelCatalog.model(named: "mutex")))
        #expect(said?.contains("a failed operation did not happen") == true, "\(said ?? "")")
        #expect(said?.contains("cas") == false && said?.contains("null") == false, "\(said ?? "")")
    }

    @Test func noFactRepeatsTheReading() {
        var script = HistoryScript()
        script.run(1, "cas", [5, 6], .fail, error: "mismatch")
        let facts = Linearizable(model: CASRegister()).check(script.history).facts
        #expect(!facts.contains { $0.name.hasSuffix("mismatch") })
    }
}
