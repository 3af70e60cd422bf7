import PolygraphChecking
import PolygraphHistory
import PolygraphModels
import Testing

@testable import PolygraphLinearizability

/// Certificates are accepted when they are right and rejected when they are changed; cores are invalid by themselves.
@Suite struct EvidenceTests {
    /// A valid order of the operations of each key, found by trying all; nil where there is none.
    private func orders(_ history: History) -> [(key: Value?, order: [Int])]? {
        var result: [(key: Value?, order: [Int])] = []
        for key in Set(history.invocations.map { history.operations[$0].key }) {
            let accesses = Access.all(of: key, in: history, model: CASRegister(), failedCAS: .mismatch)
                .filter { !$0.hasFailed && ($0.invocation.function != "read" || $0.isOK) }
            guard let order = extend([], accesses, .null) else { return nil }
            result.append((key, order))
        }
        return result
    }

    private func extend(_ order: [Int], _ left: [Access], _ state: Value) -> [Int]? {
        if left.allSatisfy(\.isOpen) { return order }
        for (place, access) in left.enumerated() where !left.contains(where: { $0.precedes(access) }) {
            if let observed = access.observed, observed != state { continue }
            if access.isOpen, access.isCAS, access.invocation.value.elements?.first != state { continue }
            if access.excluded == .some(state) { continue }
            var rest = left
            rest.remove(at: place)
            if let found = extend(order + [access.position], rest, access.written ?? state) { return found }
        }
        return nil
    }

    @Test func certificatesStandAndFall() throws {
        var random = SeededGenerator(5)
        var accepted = 0
        var rejected = 0
        for seed in 0..<UInt64(4000) {
            let history = RandomHistory(seed: seed, hasCAS: true, keys: 2).make()
            guard let orders = orders(history) else { continue }
            let certificate = CertificateFile(
                model: "cas-register", options: ModelOptions(initial: .null), failedCAS: .mismatch, orders: orders,
                of: history)
            let bytes = certificate.render()
            #expect(try CertificateFile(bytes) == certificate)
            #expect(try CertificateFile.verify(bytes, against: history, model: CASRegister()) == nil, "seed \(seed)")
            accepted += 1
            // Left out, doubled, or not there at all.
            var broken = certificate
            let key = Int.random(in: broken.orders.indices, using: &random)
            guard let last = broken.orders[key].indices.last else { continue }
            switch seed % 3 {
            case 0:
                broken.orders[key].indices = []
                let isNeeded = Access.all(
                    of: broken.orders[key].key, in: history, model: CASRegister(), failedCAS: .mismatch
                ).contains { $0.isOK || $0.excluded != .none }
                if !isNeeded { continue }
            case 1: broken.orders[key].indices.append(last)
            default: broken.orders[key].indices.append(1_000_000)
            }
            #expect(broken.fault(of: history, model: CASRegister()) != nil, "seed \(seed)")
            rejected += 1
        }
        #expect(accepted > 1000 && rejected > 700, "\(accepted) \(rejected)")
    }

    @Test func ordersOfPartsAreMerged() throws {
        // Two registers in one object: what the one does says nothing of the other.
        struct Pair: Model {
            let name = "pair"
            let initial: [String: Value] = [:]
            func step(_ state: [String: Value], _ call: Call) -> [String: Value]? {
                let name = String(call.function.prefix(1))
                if call.function.hasSuffix("read") { return state[name] ?? .null == call.output ? state : nil }
                return state.merging([name: call.input]) { $1 }
            }
        }
        var script = HistoryScript()
        let first = script.run(1, "a-write", 1, key: nil)
        let second = script.run(1, "b-write", 2, key: nil)
        let third = script.run(2, "a-read", gets: 1, key: nil)
        let fourth = script.run(2, "b-read", gets: 2, key: nil)
        let history = script.history
        let certificate = CertificateFile(
            model: "pair", options: ModelOptions(initial: .null), failedCAS: .ignored,
            orders: [(nil, [first, third]), (nil, [second, fourth])], of: history)
        #expect(certificate.fault(of: history, model: Pair()) == nil)
        let wrong = CertificateFile(
            model: "pair", options: ModelOptions(initial: .null), failedCAS: .ignored,
            orders: [(nil, [third, first]), (nil, [second, fourth])], of: history)
        #expect(wrong.fault(of: history, model: Pair()) != nil)
    }

    @Test func aCertificateKeepsItsReadings() throws {
        let options = ModelOptions(initial: [1, "a"], nilRead: .any, permits: 3)
        let file = CertificateFile(
            model: "register", options: options, failedCAS: .observes, orders: [], of: HistoryScript().history)
        let bytes = file.render()
        let read = try CertificateFile(bytes)
        #expect(read == file && read.modelOptions == options && read.initial == [1, "a"])
        let text = String(decoding: bytes, as: UTF8.self)
        for field in ["nilRead", "permits", "failedCAS", "model"] {
            let without = text.split(separator: "\"\(field)\"").joined(separator: "\"other\"")
            #expect(throws: HistoryError.self, "\(field)") { try CertificateFile(Array(without.utf8)) }
        }
    }

    @Test(arguments: ["", "{}", "{\"format\":\"polygraph-certificate\",\"version\":2}", "nonsense"])
    func otherFilesAreRefused(text: String) {
        #expect(throws: HistoryError.self) { try CertificateFile(Array(text.utf8)) }
    }

    @Test func coresAreInvalidByThemselves() throws {
        var cores = 0
        var smaller = 0
        for seed in 0..<UInt64(4500) {
            let history = RandomHistory(seed: seed, hasCAS: true, keys: 2).make()
            let options = LinearizabilityOptions(threads: 1)
            let result = Linearizable(model: CASRegister(), options: options).check(history)
            for anomaly in result.anomalies {
                let bytes = try #require(
                    CoreFile.render(anomaly, in: history, model: CASRegister(), options: options), "seed \(seed)")
                let core = try bytes.withUnsafeBytes { try HistoryFile.parse($0) }
                #expect(!ExhaustiveOracle().isLinearizable(core), "seed \(seed)")
                #expect(Set(core.invocations.map { core.operations[$0].key }) == [anomaly.key])
                // What is cited is there as it was.
                for index in anomaly.operations {
                    let old = try #require(history.operations.firstIndex { $0.index == index })
                    let new = try #require(core.operations.firstIndex { $0.index == index }, "seed \(seed)")
                    #expect(history.completion(of: old) == core.completion(of: new) || history.partner[old] < 0)
                }
                cores += 1
                if core.operations.count(where: { $0.kind == .ok })
                    < history.operations.count(where: { $0.kind == .ok })
                {
                    smaller += 1
                }
            }
        }
        #expect(cores > 500 && smaller * 2 > cores, "\(cores) \(smaller)")
    }

    /// A queue's core, from its explanation to a history of its own.
    @Test func queueFromHistoryToCore() throws {
        var script = HistoryScript()
        script.run(1, "enqueue", 1)
        script.run(1, "enqueue", 2)
        script.run(2, "dequeue", gets: 1)
        let second = script.run(3, "dequeue", gets: 1, node: "n2")
        script.run(2, "dequeue", gets: 2)
        let history = script.history
        let options = LinearizabilityOptions()
        let result = Linearizable(model: TinyQueue(), options: options).check(history)
        let anomaly = try #require(result.anomalies.first)
        #expect(anomaly.name == "duplicate delivery")
        #expect(anomaly.failedAt == second)
        for index in anomaly.operations {
            #expect(anomaly.explanation.contains { $0.contains("(operation \(index))") }, "\(anomaly)")
        }
        let core = try #require(CoreFile.core(of: anomaly, in: history, model: TinyQueue(), options: options))
        #expect(Linearizable(model: TinyQueue()).check(core).verdict == .invalid)
        #expect(result.levels.isEmpty)
    }

    private struct TinyQueue: Model {
        let name = "fifo-queue"
        let family = ModelFamily.fifoQueue
        let initial: [Value] = []
        func step(_ state: [Value], _ call: Call) -> [Value]? {
            if call.function == "enqueue" { return state + [call.input] }
            guard let output = call.output else { return Array(state.dropFirst()) }
            if state.isEmpty { return output == .null ? state : nil }
            return output == state[0] ? Array(state.dropFirst()) : nil
        }
    }
}
