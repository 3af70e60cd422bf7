import Foundation
import Glibc
import Testing

/// Runs scenarios of `LabTestProgram`, as this user and, where this is root, as an ordinary one.
struct TestProgram {
    /// Who runs the scenario.
    enum User: String, CaseIterable, CustomTestStringConvertible {
        case current, nobody

        var testDescription: String { rawValue }

        static var available: [User] { geteuid() == 0 ? [.current, .nobody] : [.current] }
    }

    struct Run {
        var status: Int32
        var findings: [String: String]
        var output: String
    }

    let user: User
    let folder: URL
    private let program: URL

    /// Makes a folder for one scenario, which `remove` takes away.
    init(_ user: User = .current) throws {
        self.user = user
        folder = URL(fileURLWithPath: "/tmp/polygraph-lab-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The checkout may be in a folder that other users cannot enter.
        let built = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appendingPathComponent("LabTestProgram")
        program = user == .current ? built : folder.appendingPathComponent("LabTestProgram")
        if user == .nobody {
            try FileManager.default.copyItem(at: built, to: program)
            chmod(program.path, 0o755)
            chown(folder.path, 65_534, 65_534)
        }
    }

    var path: String { program.path }

    func remove() { try? FileManager.default.removeItem(at: folder) }

    var mark: String { "mark-" + folder.path }

    /// A scenario that is not waited for, in a process group of its own. Its output is in `output`.
    func start(_ scenario: String) throws -> (process: Process, output: Pipe) {
        let process = Process()
        let arguments = [program.path, "scenario", scenario, folder.path]
        let output = Pipe()
        var words = arguments
        if user == .nobody {
            words = ["/usr/bin/setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups"] + words
        }
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        process.standardOutput = output
        try process.run()
        return (process, output)
    }

    func run(_ scenario: String) throws -> Run {
        let (process, output) = try start(scenario)
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        let findings = (try? JSONDecoder().decode([String: String].self, from: Data(text.utf8))) ?? [:]
        return Run(status: process.terminationStatus, findings: findings, output: text)
    }

    /// How many processes of this machine have `word` among their arguments.
    static func processes(with word: String) -> Int {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        return names.filter { name in
            guard Int32(name) != nil, let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
                return false
            }
            return data.split(separator: 0).contains { String(decoding: $0, as: UTF8.self) == word }
        }.count
    }

    /// Looks until `condition` holds; false when it does not within half a minute.
    static func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<3000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }
}
