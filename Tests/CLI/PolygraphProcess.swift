import Foundation
import Testing

/// The built `polygraph`, run as a user runs it.
struct PolygraphProcess {
    /// What a finished command left.
    struct Result {
        var status: Int32
        var output: String
        var error: String
    }

    /// The binary beside the test bundle.
    static let binary: URL = {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath()
        for bundle in Bundle.allBundles where bundle.bundlePath.hasSuffix(".xctest") { folder = bundle.bundleURL }
        while folder.path != "/" {
            let candidate = folder.appendingPathComponent("polygraph")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        return URL(fileURLWithPath: "polygraph")
    }()

    let process = Process()
    private let output: URL
    private let error: URL

    /// Starts it in the folder.
    init(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:], prefix: [String] = [],
        program: URL = Self.binary
    ) throws {
        let command = prefix + [program.path] + arguments
        let name = UUID().uuidString
        output = folder.appendingPathComponent("\(name).out")
        error = folder.appendingPathComponent("\(name).err")
        for file in [output, error] { try Data().write(to: file) }
        process.executableURL = URL(fileURLWithPath: prefix.isEmpty ? command[0] : "/usr/bin/env")
        process.arguments = prefix.isEmpty ? Array(command.dropFirst()) : command
        process.currentDirectoryURL = folder
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: error)
        try process.run()
    }

    /// Waits for its end; one that does not end within the time is killed, which fails the test by its status.
    func finish(within seconds: Double = 120) async -> Result {
        let deadline = Date().addingTimeInterval(seconds)
        while process.isRunning, Date() < deadline { try? await Task.sleep(for: .milliseconds(20)) }
        if process.isRunning {
            kill(process.processIdentifier, SIGKILL)
            Issue.record("\(process.arguments ?? []) did not end within \(seconds) s")
        }
        process.waitUntilExit()
        return Result(status: process.terminationStatus, output: text, error: errorText)
    }

    /// Standard output so far.
    var text: String { (try? String(decoding: Data(contentsOf: output), as: UTF8.self)) ?? "" }

    /// Standard error so far.
    var errorText: String { (try? String(decoding: Data(contentsOf: error), as: UTF8.self)) ?? "" }

    /// Runs a command to its end.
    static func run(
        _ arguments: [String], in folder: URL, environment: [String: String] = [:], prefix: [String] = [],
        within seconds: Double = 120
    ) async throws -> Result {
        try await PolygraphProcess(arguments, in: folder, environment: environment, prefix: prefix)
            .finish(within: seconds)
    }
}

/// A folder that is gone when the test is over; what test processes left that were killed goes with the next one.
final class TemporaryFolder: Sendable {
    private static let parent = URL(fileURLWithPath: NSTemporaryDirectory())
    private static let prefix = "polygraph-cli-"
    /// Removes the folders of processes that are gone, once a process. A process of another container may bear any
    /// number, so that they must be an hour old as well.
    private static let swept: Void = {
        let files = FileManager.default
        for name in (try? files.contentsOfDirectory(atPath: parent.path)) ?? [] where name.hasPrefix(prefix) {
            let folder = parent.appendingPathComponent(name)
            let touched = (try? files.attributesOfItem(atPath: folder.path))?[.modificationDate] as? Date
            guard let owner = pid_t(name.dropFirst(prefix.count).prefix { $0 != "-" }), kill(owner, 0) != 0,
                errno == ESRCH, touched.map({ $0.timeIntervalSinceNow < -3_600 }) ?? false
            else { continue }
            try? files.removeItem(at: folder)
        }
    }()

    let url: URL

    init() throws {
        _ = Self.swept
        url = Self.parent.appendingPathComponent("\(Self.prefix)\(getpid())-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func write(_ name: String, _ text: String) throws {
        try Data(text.utf8).write(to: url.appendingPathComponent(name))
    }

    /// The newest run below `Reports/`.
    var latest: URL { url.appendingPathComponent("Reports/latest") }

    func read(_ name: String) throws -> String {
        try String(decoding: Data(contentsOf: url.appendingPathComponent(name)), as: UTF8.self)
    }
}

/// Processes whose command line holds the text.
func processes(holding text: String) -> [Int32] {
    let entries = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return entries.compactMap(Int32.init).filter { pid in
        guard let data = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(pid)/cmdline")) else { return false }
        return pid != getpid() && String(decoding: data, as: UTF8.self).contains(text)
    }
}
