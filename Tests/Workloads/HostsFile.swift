import Foundation
import PolygraphCluster
import PolygraphWorkloads

/// The example on hosts, with whatever else a test wants at the top of the file and below `system`.
func hostsText(_ hosts: String = "[db1, db2, db3, db4, db5]", _ more: String = "", system: String = "") -> String {
    exampleText.replacingOccurrences(of: "nodes: 5\n", with: "hosts: \(hosts)\n" + (more.isEmpty ? "" : more + "\n"))
        .replacingOccurrences(of: "system:\n", with: "system:\n" + (system.isEmpty ? "" : "  \(system)\n"))
}

/// What a text says of hosts.
func hosts(in text: String, _ overrides: WorkloadOverrides = WorkloadOverrides()) throws -> HostsConfiguration {
    guard case .hosts(let configuration) = try load(text, overrides).cluster else {
        throw CocoaError(.featureUnsupported)
    }
    return configuration
}

/// Files that a workload file can name, gone when the test is over.
final class HostsFolder: Sendable {
    let path: String

    /// - Parameter names: of the files to make.
    init(_ names: [String]) throws {
        path = NSTemporaryDirectory() + "polygraph-hosts-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        for name in names { try Data("\(name)\n".utf8).write(to: URL(fileURLWithPath: "\(path)/\(name)")) }
    }

    deinit { try? FileManager.default.removeItem(atPath: path) }
}
