import Foundation
import Testing

/// Runs scenarios of `SSHTestProgram`, each in a world of its own.
enum SSHTestProcess {
    /// Why nothing can be tried on this machine; nil when it can.
    static let obstacle: String? = {
        for program in ["/usr/sbin/sshd", "/usr/bin/ssh-keygen", "/usr/bin/unshare", "/usr/bin/nsenter"]
        where !FileManager.default.isExecutableFile(atPath: program) {
            return "\(program) is missing (apt-get install openssh-server iproute2)"
        }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
        let user = geteuid() == 0 ? [] : ["--user", "--map-current-user", "--keep-caps"]
        process.arguments = ["--net", "--mount", "--pid", "--fork", "--mount-proc"] + user + ["/bin/true"]
        process.standardError = FileHandle.nullDevice
        do { try process.run() } catch { return "\(error)" }
        process.waitUntilExit()
        return process.terminationStatus == 0 ? nil : "this machine gives no namespaces"
    }()

    /// The findings of a scenario; nil, with a word about it, where nothing can be tried.
    static func findings(_ scenario: String) throws -> [String: String]? {
        if let obstacle {
            print("SKIPPED: the tests of SSH against real servers: \(obstacle)")
            return nil
        }
        let folder = "/tmp/polygraph-ssh-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appendingPathComponent("SSHTestProgram")
        process.arguments = ["scenario", scenario, folder]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        let findings = try #require(
            try? JSONDecoder().decode([String: String].self, from: data), "\(String(decoding: data, as: UTF8.self))")
        if let reason = findings["skipped"] {
            print("SKIPPED: \(scenario): \(reason)")
            return nil
        }
        #expect(findings["error"] == nil)
        #expect(process.terminationStatus == 0)
        return findings
    }
}

/// Expects the words of a finding, and names the finding.
func expect(
    _ findings: [String: String], _ name: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
) {
    #expect(findings[name] == expected, "\(name)", sourceLocation: sourceLocation)
}

/// Expects an error of a kind whose text has all the words.
func expect(
    _ findings: [String: String], _ name: String, fails kind: String, with words: [String] = [],
    sourceLocation: SourceLocation = #_sourceLocation
) {
    let text = findings[name] ?? "(nothing)"
    #expect(text.hasPrefix(kind + ": "), "\(name): \(text)", sourceLocation: sourceLocation)
    for word in words {
        #expect(text.contains(word), "\(name): \(text) lacks \"\(word)\"", sourceLocation: sourceLocation)
    }
}
