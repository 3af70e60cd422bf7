// How fast histories are read from a file, by format and by the kind of their values.

import Glibc
import PolygraphHistory

/// The processor's time, which other programs do not lengthen.
func processorTime() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) * 1e9 + Double(time.tv_nsec)
}

/// What operations carry.
enum Content: String, CaseIterable {
    case small = "integers 0 to 9, compare-and-sets of them"
    case distinct = "integers, all different, compare-and-sets of them"
    case strings = "strings, 1,000 different"
    case distinctStrings = "strings, all different"
    case lists = "lists of three, all different"
}

/// Invocations and completions of `count` operations by ten processes.
func generatedHistory(_ count: Int, _ content: Content) -> [Operation] {
    var events: [Operation] = []
    events.reserveCapacity(count * 2)
    var state: UInt64 = 7
    func random(_ below: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % below
    }
    func value(_ number: Int) -> Value {
        switch content {
        case .small: .integer(Int64(random(10)))
        case .distinct: .integer(Int64(number))
        case .strings: .string("value \(random(1_000))")
        case .distinctStrings: .string("value \(number)")
        case .lists: [.integer(Int64(number)), "x", .integer(Int64(number / 2))]
        }
    }
    var open = [Operation?](repeating: nil, count: 10)
    var begun = 0
    while events.count < count * 2 {
        let process = random(10)
        if var operation = open[process] {
            open[process] = nil
            operation.kind = .ok
            operation.index = events.count
            operation.time = Int64(events.count) * 51_234
            operation.intended = nil
            if operation.function == "read" { operation.value = value(begun) }
            events.append(operation)
        } else if begun < count {
            begun += 1
            let function = ["read", "write", "cas"][random(3)]
            let value: Value =
                function == "read" ? .null : function == "write" ? value(begun) : [value(begun), value(begun + 1)]
            let operation = Operation(
                index: events.count, time: Int64(events.count) * 51_234, process: .client(process), kind: .invoke,
                function: function, key: .string("k\(random(20))"), value: value, node: "n\(process % 5 + 1)",
                intended: Int64(events.count) * 51_234)
            open[process] = operation
            events.append(operation)
        }
    }
    return events
}

func writeFile(_ bytes: [UInt8], to path: String) {
    guard let file = fopen(path, "w") else { fatalError("cannot write to \(path)") }
    fwrite(bytes, 1, bytes.count, file)
    fclose(file)
}

/// The best of three readings.
func measureReading(_ name: String, _ path: String, bytes: Int, events: Int) throws {
    var best = Double.infinity
    for _ in 0..<3 {
        let start = processorTime()
        let history = try HistoryFile.read(path)
        best = min(best, processorTime() - start)
        guard history.columns.count == events else { fatalError("\(history.columns.count) of \(events) events") }
    }
    showReading(name, best, bytes: bytes, events: events)
}

func showReading(_ name: String, _ best: Double, bytes: Int, events: Int) {
    let rate = (Double(events) / best * 1e4).rounded() / 10
    print(
        "\(name): \(rate) M events/s, \(Int(best / Double(events))) ns an event, \(Int(Double(bytes) / best * 1e3)) MB/s"
    )
}

/// Reads a file of any format again and again, for a profiler.
func measureReading(_ path: String) throws {
    var status = stat()
    stat(path, &status)
    for _ in 0..<10 {
        let start = processorTime()
        let history = try HistoryFile.read(path)
        showReading(path, processorTime() - start, bytes: Int(status.st_size), events: history.columns.count)
    }
}

/// Generates histories of `operations` operations in all forms and prints how fast they are read.
func measureReading(operations: Int) throws {
    var template = Array("/tmp/polygraph-benchmark-XXXXXX".utf8CString)
    guard let made = mkdtemp(&template) else { fatalError("cannot make a folder in /tmp") }
    let folder = String(cString: made)
    for format in [HistoryFormat.jsonLines, .edn] {
        for content in Content.allCases {
            let events = generatedHistory(operations, content)
            var bytes: [UInt8] = []
            for event in events {
                if format == .edn { EDNWriter.append(event, to: &bytes) } else { JSONLines.append(event, to: &bytes) }
            }
            let path = folder + "/history"
            writeFile(bytes, to: path)
            try measureReading(
                "\(format.rawValue), \(content.rawValue)", path, bytes: bytes.count, events: events.count)
            unlink(path)
        }
    }
    rmdir(folder)
}
