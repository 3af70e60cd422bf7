import Glibc
import PolygraphChecking
import PolygraphHistory
import PolygraphLinearizability
import PolygraphModels
import PolygraphSynthesis

/// Makes the history of a row, checks it, and prints one line.
enum Measurement {
    static let header =
        padded("history", 48)
        + "     ops  crashed  verdict   decide ms    target   check ms  read ms   bytes/op  engine"

    /// Milliseconds of the monotonic clock.
    static func now() -> Double {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Double(time.tv_sec) * 1e3 + Double(time.tv_nsec) / 1e6
    }

    /// Bytes of memory that this process has had at most.
    private static func peak() -> Int {
        var usage = rusage()
        getrusage(Int32(RUSAGE_SELF.rawValue), &usage)
        return usage.ru_maxrss << 10
    }

    /// Bytes of memory that this process has now.
    private static func resident() -> Int {
        guard let file = fopen("/proc/self/statm", "r") else { return 0 }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
        let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        let pages = text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        return pages * sysconf(Int32(_SC_PAGESIZE))
    }

    static func run(_ row: Row) throws {
        guard let recipe = Recipes.named(row.recipe),
            let model = ModelCatalog.model(named: recipe.model)
        else { fatalError("no recipe \(row.recipe)") }
        let history = try history(recipe, row.parameters)
        let before = resident()
        let isMeasurable = before >= peak() - (8 << 20)
        let options = LinearizabilityOptions(timeLimitSeconds: 30, threads: row.threads, explainedKeys: 1)
        let start = now()
        let result = Linearizable(model: model, options: options).check(history)
        let elapsed = now() - start
        let held = peak() - before
        let reading = try reading(recipe, row.parameters)
        func fact(_ name: String) -> Value? { result.facts.first { $0.name == name }?.value }
        let operations = Int(fact("operations")?.integerValue ?? 0)
        let keys = Int(fact("keys")?.integerValue ?? 1)
        // Threads share the keys; those of one key share its time.
        let deciding = (fact("deciding seconds")?.doubleValue ?? 0) * 1e3 / Double(max(1, min(row.threads, keys)))
        let crashed = history.columns.kinds.count { $0 == .info }
        let isExpected = recipe.expectation == .unknown || recipe.expectation.rawValue == result.verdict.rawValue
        print(
            padded(row.title, 48) + right("\(operations)", 8) + right("\(crashed)", 9) + "  "
                + padded(result.verdict.rawValue + (isExpected ? "" : "!"), 9) + right(figure(deciding), 10)
                + right(row.target.map { figure($0) } ?? "", 10) + right(figure(elapsed), 11)
                + right(reading.map { figure($0) } ?? "-", 9)
                + right(isMeasurable && operations > 50_000 ? "\(held / operations)" : "-", 11) + "  "
                + (fact("engines")?.stringValue ?? ""))
        if !isExpected || result.verdict == .unknown { print("    \(result.reason)") }
    }

    private static func history(_ recipe: HistoryRecipe, _ parameters: HistoryParameters) throws -> History {
        var builder = HistoryBuilder()
        builder.reserve(parameters.operations * 2 + 64)
        var failure: HistoryError?
        recipe.generate(parameters) { operation in
            do throws(HistoryError) { try builder.append(operation) } catch { failure = failure ?? error }
        }
        if let failure { throw failure }
        return builder.finish()
    }

    /// Milliseconds to read the history from JSON Lines; nil for very long ones.
    private static func reading(_ recipe: HistoryRecipe, _ parameters: HistoryParameters) throws -> Double? {
        if parameters.operations > 1_000_000 { return nil }
        var bytes: [UInt8] = []
        recipe.generate(parameters) { JSONLines.append($0, to: &bytes) }
        let start = now()
        _ = try bytes.withUnsafeBytes { (bytes) throws(HistoryError) in try HistoryFile.parse(bytes) }
        return now() - start
    }

    private static func figure(_ number: Double) -> String {
        if number >= 100 { return "\(Int(number.rounded()))" }
        let hundredths = Int((number * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    /// Arguments for a new process.
    static func words(_ texts: [String]) -> [UnsafeMutablePointer<CChar>?] {
        var words = texts.map { text -> UnsafeMutablePointer<CChar>? in strdup(text) }
        words.append(nil)
        return words
    }

    static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(1, width - text.count))
    }

    private static func right(_ text: String, _ width: Int) -> String {
        String(repeating: " ", count: max(0, width - text.count)) + text
    }
}
