import PolygraphGenerators
import PolygraphHistory
import Testing

@testable import PolygraphNemesis

@Suite struct PlannedFaultValueTests {
    private static let shape = ClusterShape(nodes: 5, hasPrimary: true, hasMembership: true)

    private static let triggers: [FaultTrigger?] = [
        nil, nil, FaultTrigger(.log("a \"line\"", node: "n2"), delay: 5, times: 3),
        FaultTrigger(.log("any", node: nil)), FaultTrigger(.operations(7, of: "write"), times: 2),
        FaultTrigger(.completion(of: nil, kind: .info)), FaultTrigger(.completion(of: "cas", kind: nil)),
        FaultTrigger(.fault("kill", begins: false)), FaultTrigger(.primaryChange),
    ]

    /// Settings as a workload file could give them, drawn at random; nil where the kind refuses them.
    private func settings(_ kind: any Fault.Type, _ random: inout RandomSource) -> FaultSettings? {
        var settings = FaultSettings()
        for parameter in kind.description.parameters {
            guard parameter.isRequired || random.next(below: 2) == 0 else {
                settings[parameter.name] = parameter.standard
                continue
            }
            settings[parameter.name] = value(parameter, &random)
        }
        return kind.problems(with: settings, in: Self.shape).isEmpty ? settings : nil
    }

    private func value(_ parameter: FaultParameter, _ random: inout RandomSource) -> Value? {
        func upTo(_ limit: Int) -> Int { Int(random.next(below: UInt64(max(1, limit)))) }
        switch parameter.form {
        case .duration(let least): return .integer(least + Int64(upTo(1_000_000_000)))
        case .share(let low, let high): return .double(low + (high - low) * Double(1 + upTo(1_000)) / 1_000)
        case .count(let range):
            return .integer(Int64(range.lowerBound + upTo(min(range.upperBound - range.lowerBound, 999) + 1)))
        case .bytes(let least): return .integer(least + Int64(upTo(1 << 30)))
        case .byteRate: return .integer(1 + Int64(upTo(1 << 30)))
        case .number(let range):
            let high = min(range.upperBound, range.lowerBound + 1_000)
            return .double(range.lowerBound + (high - range.lowerBound) * Double(upTo(1_001)) / 1_000)
        case .flag: return .bool(upTo(2) == 0)
        case .word(let words): return .string(words[upTo(words.count)])
        case .words(let words): return .list(random.shuffled(words).prefix(1 + upTo(words.count)).map(Value.string))
        case .text: return "/data/*.log \"quoted\" ä"
        case .texts: return ["one", "two"]
        case .target:
            let targets: [Target] = [
                .one, .minority, .majority, .minorityThird, .all, .primary, .nonPrimary, .primaryWithMinority,
                .count(2), .named(["n2", "n4"]), .weighted(["n1": 3, "n5": 1]),
            ]
            return targets[upTo(targets.count)].value
        case .free: return parameter.standard
        }
    }

    @Test(arguments: FaultCatalog.names) func `a planned fault survives being written down`(name: String) throws {
        let kind = try #require(FaultCatalog.kind(named: name))
        var seen = 0
        for seed in UInt64(0)..<200 {
            var random = RandomSource(seed: seed)
            guard let settings = settings(kind, &random) else { continue }
            let quorum: QuorumRule? = kind.description.takesNodesAway ? [nil, .keep, .break][Int(seed % 3)] : nil
            let entry = FaultEntry(
                name, settings, every: 2_000_000_000, duration: 700_000_000, quorum: quorum,
                trigger: Self.triggers[Int(seed) % Self.triggers.count])
            var schedule = Schedule([entry], nodes: 5, duration: 10_000_000_000, seed: seed)
            for index in schedule.faults.indices { schedule.faults[index].isPinned = (seed + UInt64(index)) % 2 == 0 }
            var text: [UInt8] = []
            JSONWriter.append(schedule.value, to: &text)
            let read = try Schedule(JSONParser.parse(text), nodes: 5, duration: schedule.duration)
            #expect(read == schedule, "\(String(decoding: text, as: UTF8.self))")
            seen += schedule.faults.count
        }
        // A kind may refuse what is drawn here for its texts and free forms.
        let isLoose = kind.description.parameters.contains { parameter in
            switch parameter.form {
            case .text, .texts, .free: true
            default: false
            }
        }
        #expect(seen > 0 || isLoose)
    }

    @Test(arguments: [
        #"{"f": "kill"}"#, #"[{"f": "no-such-fault"}]"#, #"[{"f": "kill", "fault": 0}]"#,
        #"[{"f":"kill","fault":0,"start":5,"end":4,"line":0,"settings":{},"order":["n1","n2"],"minority":1}]"#,
        #"[{"f":"kill","fault":0,"start":1,"end":4,"line":0,"settings":{},"order":["n1","n1"],"minority":1}]"#,
        #"[{"f":"kill","fault":0,"start":1,"end":4,"line":0,"settings":{},"order":["n1","n2","n3"],"minority":1}]"#,
        #"[{"f":"kill","fault":0,"start":1,"end":4,"line":0,"settings":{},"order":["n1","n2"],"minority":1,"quorum":"lose"}]"#,
    ])
    func `what is no schedule is refused with a reason`(text: String) throws {
        let value = try JSONParser.parse(text)
        let error = #expect(throws: ScheduleError.self) { try Schedule(value, nodes: 2, duration: 1) }
        #expect(error?.description.hasPrefix("schedule") == true)
    }

    @Test func `faults are numbered anew in order of their start`() {
        let entry = FaultEntry("kill", FaultSettings(["target": "one"]), every: 1_000, duration: 500)
        let schedule = Schedule([entry], nodes: 3, duration: 10_000, seed: 1)
        let some = Schedule(numbering: schedule.faults.reversed().filter { $0.id != 2 }, duration: 10_000)
        #expect(some.faults.map(\.id) == Array(some.faults.indices))
        #expect(some.faults.map(\.start) == schedule.faults.filter { $0.id != 2 }.map(\.start))
    }
}
