// Prints the figures of the path that every operation takes: generator, journal, and reading the history back.

// With a path as argument, reads that history again and again and prints how fast, for a profiler.

import Glibc
import PolygraphGenerators
import PolygraphHistory

func nanoseconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// The best of several runs, in nanoseconds for one of `count`: other programs can only make it slower.
func best(of runs: Int = 5, count: Int, _ body: () -> Void) -> Double {
    (0..<runs).map { _ in
        let start = nanoseconds()
        body()
        return (nanoseconds() - start) / Double(count)
    }.min()!
}

func show(_ name: String, nanoseconds: Double, _ unit: String) {
    let rate = Int(1e9 / nanoseconds)
    print("\(name): \(Int(nanoseconds.rounded())) ns, \(rate) \(unit)/s")
}

/// Takes `count` operations from a generator with 20 workers: `next` and two updates each, all in virtual time.
func drive(_ generator: any Generator, count: Int, workers: Int = 20) {
    var generator = generator
    var context = Context(workers: workers)
    var running = 0
    var oldest = 0
    var open: [Operation] = []
    open.reserveCapacity(count)
    var taken = 0
    while taken < count {
        switch generator.next(context) {
        case .invoke(let invocation):
            taken += 1
            context.setFree(invocation.worker, false)
            let operation = Operation(
                index: taken, time: context.time, process: .client(context.processes[invocation.worker]),
                kind: .invoke, function: invocation.call.function, key: invocation.call.key,
                value: invocation.call.value, intended: invocation.time)
            generator.update(operation, context)
            open.append(operation)
            running += 1
            if running < workers { continue }
        case .pending(let until): context.time = max(context.time + 1, min(until, context.time + 1_000_000))
        case .exhausted: fatalError("the generator ended early")
        }
        while running > workers / 2 {
            var operation = open[oldest]
            oldest += 1
            operation.kind = .ok
            context.setFree(context.worker(of: operation.process.number!), true)
            generator.update(operation, context)
            running -= 1
        }
    }
}

if CommandLine.arguments.count > 1 {
    try measureReading(CommandLine.arguments[1])
    exit(0)
}

let count = 500_000
let calls = ["read", "write", "cas"].map { name in
    Generators.function(seed: 1) { random, number in
        Call(name, key: .string("k1"), .integer(Int64(number)))
    } as any Generator
}
let mixed = Generators.mix(calls, seed: 1).stagger(rate: 1_000_000, seed: 2).limit(count).timeLimit(.seconds(3_600))
show(
    "generator (mix, stagger, limit, time limit)", nanoseconds: best(count: count) { drive(mixed, count: count) },
    "operations")
let register = Generators.register(keys: 20, cas: true, seed: 1).stagger(rate: 1_000_000, seed: 2).timeLimit(
    .seconds(3_600))
show(
    "generator (register, stagger, time limit)", nanoseconds: best(count: count) { drive(register, count: count) },
    "operations")
let reserved = Generators.reserve([(10, register), (5, register)], rest: register)
show(
    "generator (reserve of three registers)", nanoseconds: best(count: count) { drive(reserved, count: count) },
    "operations")

let events = Simulator(workers: 20, seed: 3).run(
    Generators.register(keys: 20, cas: true, seed: 1).stagger(rate: 5_000, seed: 2).limit(count / 2)
).operations.map { operation in
    var operation = operation
    operation.node = "n\(operation.process.number! % 5 + 1)"
    return operation
}

var bytes: [UInt8] = []
bytes.reserveCapacity(events.count * 160)
show(
    "encode",
    nanoseconds: best(count: events.count) {
        bytes.removeAll(keepingCapacity: true)
        for event in events { JSONLines.append(event, to: &bytes) }
    }, "events")
print("  \(bytes.count / events.count) bytes an event")

var template = Array("/tmp/polygraph-benchmark-XXXXXX".utf8CString)
let folder = String(cString: mkdtemp(&template)!)
let path = folder + "/history.jsonl"
var worst = 0.0
show(
    "journal, append",
    nanoseconds: best(count: events.count) {
        unlink(path)
        guard let journal = try? Journal(path: path) else { fatalError("cannot write to \(path)") }
        var last = nanoseconds()
        for event in events {
            journal.append(event)
            let now = nanoseconds()
            worst = max(worst, now - last)
            last = now
        }
        journal.flush()
    }, "events")
print("  including the clock, the last flush and fdatasync; slowest single append \(Int(worst / 1_000)) µs")

let perEvent = best(count: events.count) { _ = try! HistoryFile.read(path) }
show("read a history file", nanoseconds: perEvent, "events")
print("  \(Int(Double(bytes.count) / Double(events.count) * 1e3 / perEvent)) MB/s")
var document: [UInt8] = [UInt8(ascii: "[")]
document += bytes.dropLast().map { $0 == 0x0A ? UInt8(ascii: ",") : $0 } + [UInt8(ascii: "]")]
let perByte = best(count: document.count) { _ = try! JSONParser.parse(document) }
print("parse JSON into values: \(Int(1e3 / perByte)) MB/s")
unlink(path)
rmdir(folder)
try measureReading(operations: 500_000)
