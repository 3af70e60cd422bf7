import Glibc
import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels

/// An atomic register under random schedules.
func atomic(
    _ operations: Int, clients: Int, domain: Int64?, cas: Bool, crash: Double = 0, stale: Bool = false, seed: UInt64,
    reads: Double = 0.5, keys: Int = 1, busy: Double = 1
) -> History {
    var random = SeededGenerator(state: seed)
    var builder = HistoryBuilder()
    builder.reserve(operations * 2)
    func unit() -> Double { Double(random.next() >> 11) * 0x1p-53 }
    let (read, write, swap) = (try! builder.function("read"), try! builder.function("write"), try! builder.function("cas"))
    var state = [Int64](repeating: 0, count: keys)
    var first = [Int64](repeating: -1, count: keys)
    var fresh: Int64 = 0
    struct Client { var phase = 0; var function: UInt16 = 0; var a: Int64 = 0; var b: Int64 = 0; var ok = true; var process: Int32; var out: Int64 = 0; var key = 0 }
    var all = (0..<clients).map { Client(process: Int32($0)) }
    var nextProcess = Int32(clients)
    var issued = 0
    var open = 0
    var index: Int64 = 0
    let null = builder.intern(.null)
    var pairs: [Int64: Int32] = [:]
    func value(_ c: Client) -> Int32 {
        if c.function == read { return null }
        if c.function == write { return builder.intern(c.b) }
        if let domain { let k = c.a * domain + c.b; if let id = pairs[k] { return id }; let id = builder.intern(.list([.integer(c.a), .integer(c.b)])); pairs[k] = id; return id }
        return builder.intern(.list([.integer(c.a), .integer(c.b)]))
    }
    func add(_ c: Client, _ kind: Operation.Kind, _ v: Int32, error: Int32 = -1) {
        var e = HistoryBuilder.Event(index: index, time: index * 1000, process: c.process, kind: kind, function: c.function)
        e.value = v
        e.error = error
        if keys > 1 { e.key = builder.intern(Int64(c.key)) }
        try! builder.append(e)
        index += 1
    }
    let mismatch = builder.error("mismatch")
    // initial write
    for key in 0..<keys { var c = Client(process: 0); c.function = write; c.b = 0; c.key = key
    add(c, .invoke, value(c)); add(c, .ok, value(c)) }
    while issued < operations || open > 0 {
        let i = Int(random.next() % UInt64(clients))
        var c = all[i]
        switch c.phase {
        case 0:
            if issued >= operations { continue }
            if busy < 1 && unit() > busy { continue }
            issued += 1
            open += 1
            c.key = keys == 1 ? 0 : Int(random.next() % UInt64(keys))
            let u = unit()
            func pick() -> Int64 { if let domain { return Int64(random.next() % UInt64(domain)) }; fresh += 1; return fresh }
            if u < reads { c.function = read } else if !cas || u < reads + (1 - reads) / 2 { c.function = write; c.b = pick() } else { c.function = swap; c.a = domain == nil ? state[c.key] : pick(); c.b = pick() }
            c.phase = 1
            add(c, .invoke, value(c))
        case 1:
            if crash > 0 && unit() < crash {
                if unit() < 0.5 { if c.function == write { state[c.key] = c.b } else if c.function == swap && state[c.key] == c.a { state[c.key] = c.b } }
                add(c, .info, value(c))
                c.phase = 0; c.process = nextProcess; nextProcess += 1
                open -= 1
            } else {
                c.ok = true
                if c.function == read { c.out = state[c.key] } else if c.function == write { first[c.key] = state[c.key]; state[c.key] = c.b } else if state[c.key] == c.a { state[c.key] = c.b } else { c.ok = false }
                c.phase = 2
            }
        default:
            if c.function == read { add(c, .ok, builder.intern(c.out)) } else { add(c, c.ok ? .ok : .fail, value(c), error: c.ok ? -1 : mismatch) }
            c.phase = 0
            open -= 1
        }
        all[i] = c
    }
    if stale {
        // sequential reads of every value but the present
        var c = Client(process: nextProcess); c.function = read
        let n = domain ?? 1
        for v in 0..<max(1, n) where true { _ = v }
        for k in 0..<(domain == nil ? 1 : 3 * n) { add(c, .invoke, null); add(c, .ok, builder.intern(domain == nil ? 0 : (state[0] + k) % n)) ; c.process += 0 }
    }
    return builder.finish()
}

func cpu() -> Double { var t = timespec(); clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); return Double(t.tv_sec) + Double(t.tv_nsec) / 1e9 }

func row(_ title: String, _ make: @autoclosure () -> History, threads: Int = 1, initial: Value = .null) {
    if let f = CommandLine.arguments.dropFirst(2).first, !title.contains(f) { return }
    let history = make()
    var options = LinearizabilityOptions(timeLimitSeconds: 5)
    options.threads = threads
    options.explainedKeys = 1
    let start = cpu()
    let result = Linearizable(model: CASRegister(initial: initial), options: options).check(history)
    let total = cpu() - start
    func fact(_ n: String) -> String { result.facts.first { $0.name == n }.map { "\($0.value)" } ?? "-" }
    let deciding = Double(fact("deciding seconds")) ?? 0
    print(title + String(repeating: " ", count: max(1, 50 - title.count)), padded(fact("operations"), 9), padded("\(history.operations.count { $0.kind == .info })", 6), padded(result.verdict.rawValue, 8), padded("\(Int(deciding * 1e5) )e-2ms", 12), "all cpu \(Int(total * 1000)) ms", fact("engines"), fact("configurations visited"), fact("largest frontier"))
    for a in result.anomalies { print("   ", a.name, a.operations.count, a.explanation.last ?? "") }
    if result.verdict == .unknown { print("   ", result.reason) }
}

func dev() {
    row("register distinct 1M c10", atomic(1_000_000, clients: 10, domain: nil, cas: false, seed: 1))
    row("cas distinct 1M c10", atomic(1_000_000, clients: 10, domain: nil, cas: true, seed: 1))
    row("register distinct 1M c10 stale", atomic(1_000_000, clients: 10, domain: nil, cas: false, stale: true, seed: 1))
    row("cas 5 80k c10", atomic(80_000, clients: 10, domain: 5, cas: true, seed: 2))
    row("cas 5 8k c30", atomic(8_000, clients: 30, domain: 5, cas: true, seed: 3))
    row("cas 5 8k c60", atomic(8_000, clients: 60, domain: 5, cas: true, seed: 4))
    row("cas 5 800k c10", atomic(800_000, clients: 10, domain: 5, cas: true, seed: 5))
    row("invalid 830 c20", atomic(815, clients: 20, domain: 5, cas: true, stale: true, seed: 6))
    row("invalid 820 c10 16 crashed", atomic(805, clients: 10, domain: 5, cas: true, crash: 0.02, stale: true, seed: 7))
    row("invalid 820 c10 16 crashed", atomic(805, clients: 10, domain: 5, cas: true, crash: 0.02, stale: true, seed: 17))
    row("valid 8k c10 67 crashed", atomic(8_000, clients: 10, domain: 5, cas: true, crash: 0.0083, seed: 8))
    row("valid 8k c20 104 crashed", atomic(8_000, clients: 20, domain: 5, cas: true, crash: 0.013, seed: 9))
    row("valid 80k c10 88 crashed", atomic(80_000, clients: 10, domain: 5, cas: true, crash: 0.0011, seed: 10))
    row("stale in 1000 c20 distinct", atomic(1000, clients: 20, domain: nil, cas: false, stale: true, seed: 11))
    row("stale in 1000 c20", atomic(1000, clients: 20, domain: 5, cas: true, stale: true, seed: 11))
    row("stale in 10k c5 1% crashed", atomic(10_000, clients: 5, domain: 5, cas: true, crash: 0.01, stale: true, seed: 12))
    row("stale in 10k c5 1% crashed distinct", atomic(10_000, clients: 5, domain: nil, cas: true, crash: 0.01, stale: true, seed: 12))
}
