import ArgumentParser
import FoundationEssentials
import Glibc
import PolygraphHistory
import PolygraphNemesis
import PolygraphReports
import PolygraphRunner
import PolygraphWorkloads

/// What the folder of a run says of how to run the same again.
struct RecordedRun {
    /// The folder by its own name, also where the user wrote `Reports/latest`: what that means changes with each run.
    let path: String
    /// What the command line of the run changed in its workload file.
    var arguments: WorkloadArguments
    let seed: UInt64
    /// As it was planned.
    let schedule: Schedule
    /// The workload file as it was.
    private let workloadText: String
    /// Where its nodes were.
    let cluster: ClusterSpec
    /// What may keep the run from being the same again, one sentence each.
    private(set) var warnings: [String] = []

    /// - Parameter path: the folder of a run, or its `plan.json`.
    /// - Throws: `CommandFailure` when it is none, or one that this Polygraph cannot read.
    init(_ path: String) throws {
        var path = path
        if path.hasSuffix("/plan.json") { path = String(path.dropLast("/plan.json".count)) }
        while path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let file = path + "/plan.json"
        guard access(path, F_OK) == 0 else {
            throw CommandFailure.wrongUse("there is no folder \(path); the last run is Reports/latest")
        }
        guard access(file, F_OK) == 0 else {
            throw CommandFailure.wrongUse(
                "\(path) is not the folder of a run: it has no plan.json; the last run is Reports/latest")
        }
        self.path = Self.resolved(path)
        let document = try Self.document(file)
        func wrong(_ what: String) -> CommandFailure { CommandFailure.wrongUse("\(file): \(what)") }
        guard let format = document["format"]?.stringValue else {
            throw wrong("this is no plan of a run: the field `format` is missing (expected \"\(Plan.format)\")")
        }
        guard format == Plan.format else {
            throw wrong("its format is \"\(format)\"; this Polygraph reads \"\(Plan.format)\"")
        }
        guard let text = document["workload_file"]?.stringValue, let seed = document["seed"].flatMap(PlanSeed.seed),
            let nodes = document["nodes"]?.integerValue, let time = document["time_ns"]?.integerValue,
            let scheduled = document["schedule"],
            let words = document["arguments"]?.elements?.map(\.stringValue), !words.contains(nil)
        else {
            throw wrong("`workload_file`, `seed`, `nodes`, `time_ns`, `schedule` or `arguments` is missing or wrong")
        }
        workloadText = text
        // Plans of Polygraphs that knew of no other place do not say it.
        guard let cluster = document["cluster"].map({ ClusterSpec($0) }) ?? ClusterSpec.local else {
            throw wrong("`cluster` is wrong: it does not say where the nodes were")
        }
        self.cluster = cluster
        self.seed = seed
        do throws(ScheduleError) {
            schedule = try Schedule(scheduled, nodes: Int(nodes), duration: time)
        } catch {
            throw wrong(error.description)
        }
        do {
            arguments = try WorkloadArguments.parse(words.compactMap { $0 })
        } catch {
            throw wrong("`arguments`: \(WorkloadArguments.message(for: error))")
        }
        let version = document["version"]?.stringValue ?? "?"
        if version != PolygraphCommand.version {
            warnings.append(
                "the run was made by Polygraph \(version), this is \(PolygraphCommand.version): operations may be drawn "
                    + "in another way")
        }
    }

    /// Without symbolic links, and relative to the working directory where that is shorter.
    private static func resolved(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        let whole = String(cString: resolved)
        let current = FileManager.default.currentDirectoryPath + "/"
        return whole.hasPrefix(current) ? String(whole.dropFirst(current.count)) : whole
    }

    private static func document(_ file: String) throws -> Value {
        let bytes = try WholeFile.read(file)
        do throws(HistoryError) {
            return try JSONParser.parse(bytes)
        } catch {
            throw CommandFailure.wrongUse("\(file): \(error)")
        }
    }

    /// The workload file as it was, with what `arguments` changes.
    func file() throws -> WorkloadFile {
        do throws(WorkloadFileErrors) {
            var path = arguments.file
            if WorkloadCatalog.names.contains(path) { path += ".yaml" }
            return try WorkloadCatalog.load(
                Array(workloadText.utf8), path: path, overrides: arguments.overrides, cluster: cluster)
        } catch {
            throw CommandFailure.wrongUse(error.description)
        }
    }

    /// The plan with another schedule, which may be replayed itself.
    func plan(_ file: WorkloadFile, schedule: Schedule, seed: UInt64) -> Plan {
        var plan = file.plan(seed: seed, schedule: schedule)
        plan.add(arguments: arguments.words)
        var fields = plan.document.fields ?? [:]
        fields["replay_of"] = .string(path)
        plan.document = .object(fields)
        return plan
    }

    /// What happened in the run.
    func history() throws -> History {
        let file = path + "/history.jsonl"
        guard access(file, F_OK) == 0 else {
            throw CommandFailure.wrongUse("\(path) has no history.jsonl: only a run knows what really happened")
        }
        do throws(HistoryError) {
            return try HistoryFile.read(file)
        } catch {
            throw CommandFailure.wrongUse(error.description)
        }
    }

    /// What was found out about the run.
    func record() throws -> RunRecord {
        let file = path + "/results.json"
        guard access(file, F_OK) == 0 else {
            throw CommandFailure.wrongUse("\(path) has no results.json: the run did not come to a verdict")
        }
        let document = try Self.document(file)
        do throws(RunRecordError) {
            return try RunRecord(document)
        } catch {
            throw CommandFailure.wrongUse("\(path): \(error)")
        }
    }
}
