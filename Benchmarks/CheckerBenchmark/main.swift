import Glibc
import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels

// Prints one line a history: what it is, its size, and what deciding it cost. Figures only; nothing fails.

func padded(_ text: String, _ width: Int) -> String {
    text.count >= width ? text : String(repeating: " ", count: width - text.count) + text
}

func measure(_ title: String, _ generator: HistoryGenerator) {
    let history = generator.make()
    let options = LinearizabilityOptions(timeLimitSeconds: 10)
    let clock = ContinuousClock()
    var result: CheckResult?
    let elapsed = clock.measure {
        result = Linearizable(model: CASRegister(), options: options).check(history)
    }
    guard let result else { return }
    func fact(_ name: String) -> String {
        result.facts.first { $0.name == name }.map { "\($0.value)" } ?? "-"
    }
    let crashed = history.operations.count { $0.kind == .info }
    let search = result.partitions.reduce(0) { $0 + $1.elapsed }
    print(
        title + String(repeating: " ", count: max(1, 58 - title.count)),
        padded(fact("operations"), 8), padded("\(crashed)", 7), padded(result.verdict.rawValue, 8),
        padded(fact("configurations visited"), 12), padded(fact("largest frontier"), 8),
        padded("\(search / 1_000_000)", 9),
        padded("\(elapsed.components.seconds * 1000 + elapsed.components.attoseconds / 1_000_000_000_000_000)", 9))
    for anomaly in result.anomalies { print("    \(anomaly.name): \(anomaly.operations.count) operations cited") }
    if result.verdict == .unknown { print("    \(result.reason)") }
}

if CommandLine.arguments.contains("dev") { dev(); exit(0) }
print(
    "history" + String(repeating: " ", count: 51), padded("ops", 8), padded("info", 7), padded("verdict", 8),
    padded("visited", 12), padded("frontier", 8), padded("search ms", 9), padded("check ms", 9))
for keys in [5, 20] {
    for clients in [10, 20] {
        measure(
            "60 s x 1000/s, \(keys) keys, \(clients) clients, distinct",
            HistoryGenerator(
                seed: 1, operations: 60_000, clients: clients, keys: keys, domain: nil, crashesPerSecond: 60))
    }
}
// Some 100 operations of unknown outcome on each key.
measure(
    "the same, 5 keys, 50 clients",
    HistoryGenerator(seed: 1, operations: 60_000, clients: 50, keys: 5, domain: nil, crashesPerSecond: 40))
measure(
    "the same, 5 keys, 20 clients, every info takes effect",
    HistoryGenerator(
        seed: 2, operations: 60_000, clients: 20, keys: 5, domain: nil, crashesPerSecond: 60, effective: 1))
measure(
    "the same, 5 keys, 20 clients, read and write only",
    HistoryGenerator(
        seed: 3, operations: 60_000, clients: 20, keys: 5, domain: nil, hasCAS: false, crashesPerSecond: 60))
measure(
    "the same, 5 keys, 20 clients, last read stale",
    HistoryGenerator(
        seed: 4, operations: 60_000, clients: 20, keys: 5, domain: nil, crashesPerSecond: 60, endsInvalid: true))
measure(
    "the same, values 0...4, 5 keys, 10 clients, few info",
    HistoryGenerator(seed: 5, operations: 60_000, clients: 10, keys: 5, domain: 5, crashesPerSecond: 2))
for (operations, clients) in [(800, 20), (8_000, 10), (80_000, 10), (8_000, 30), (8_000, 60)] {
    measure(
        "one key, values 0...4, \(clients) clients, no info",
        HistoryGenerator(seed: 6, operations: operations, clients: clients, keys: 1, domain: 5, rate: 1e6))
}
measure(
    "one key, distinct, 10 clients, no info",
    HistoryGenerator(seed: 7, operations: 100_000, clients: 10, keys: 1, domain: nil, rate: 1e6))
measure(
    "one key, distinct, 60 clients, no cas, no info",
    HistoryGenerator(seed: 8, operations: 100_000, clients: 60, keys: 1, domain: nil, hasCAS: false, rate: 1e6))
measure(
    "one key, distinct, 200 clients, no info",
    HistoryGenerator(seed: 9, operations: 20_000, clients: 200, keys: 1, domain: nil, rate: 1e6))
