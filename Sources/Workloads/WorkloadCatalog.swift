import Glibc
import PolygraphClients

/// Finds and reads workload files, those that the program brings along included.
public enum WorkloadCatalog {
    /// A workload that the program brings along.
    public struct Entry: Hashable, Sendable {
        public let name: String
        /// One line.
        public let description: String
        /// The file.
        public let text: String
    }

    /// The folder `Workloads` of the repository, compiled in.
    private static let embedded: [(name: String, bytes: [UInt8])] = [
        ("raft-register", PackageResources.raft_register_yaml),
        ("raft-register-ssh", PackageResources.raft_register_ssh_yaml),
        ("raft-all-faults", PackageResources.raft_all_faults_yaml),
        ("raft-network-faults", PackageResources.raft_network_faults_yaml),
        ("raft-everything", PackageResources.raft_everything_yaml),
        ("raft-stale-reads", PackageResources.raft_stale_reads_yaml),
        ("raft-lease-clock", PackageResources.raft_lease_clock_yaml),
        ("raft-lease-clock-true-clocks", PackageResources.raft_lease_clock_true_clocks_yaml),
        ("raft-ack-before-quorum", PackageResources.raft_ack_before_quorum_yaml),
        ("raft-forget-vote", PackageResources.raft_forget_vote_yaml),
        ("raft-double-apply", PackageResources.raft_double_apply_yaml),
        ("raft-dirty-reads", PackageResources.raft_dirty_reads_yaml),
        ("raft-ack-before-fsync", PackageResources.raft_ack_before_fsync_yaml),
        ("raft-torn-log", PackageResources.raft_torn_log_yaml),
        ("raft-dns-once", PackageResources.raft_dns_once_yaml),
        ("raft-split-config", PackageResources.raft_split_config_yaml),
        ("raft-members", PackageResources.raft_members_yaml),
        ("etcd-register", PackageResources.etcd_register_yaml),
        ("etcd-lost-writes", PackageResources.etcd_lost_writes_yaml),
        ("raft-trust-clock-ordering", PackageResources.raft_trust_clock_ordering_yaml),
    ]

    /// The names of the workloads that the program brings along.
    public static var names: [String] { embedded.map(\.name) }

    /// The workloads that the program brings along.
    public static func all() throws(WorkloadFileErrors) -> [Entry] {
        var entries: [Entry] = []
        for (name, bytes) in embedded {
            let root = try parse(bytes, path: "\(name).yaml")
            let description = root["description"].flatMap {
                NodeReader(node: $0, path: "description", mistakes: MistakeList()).word
            }
            entries.append(
                Entry(name: name, description: description ?? "", text: String(decoding: bytes, as: UTF8.self)))
        }
        return entries
    }

    /// Reads a workload file, changes what the command line changes, and looks whether it makes sense.
    /// - Parameter nameOrPath: a path where it has a `/` or ends in `.yaml` or `.yml`, or names a file that is there;
    ///   else a name.
    /// - Throws: all mistakes that were found, with file, line, column and key.
    public static func load(
        _ nameOrPath: String, overrides: WorkloadOverrides = WorkloadOverrides()
    ) throws(WorkloadFileErrors) -> WorkloadFile {
        let isPath = nameOrPath.contains("/") || nameOrPath.hasSuffix(".yaml") || nameOrPath.hasSuffix(".yml")
        if !isPath, let found = embedded.first(where: { $0.name == nameOrPath }) {
            return try load(found.bytes, path: "\(found.name).yaml", overrides: overrides)
        }
        if !isPath, access(nameOrPath, F_OK) != 0 {
            throw WorkloadFileErrors([
                WorkloadFileError(
                    SourceMark(source: nameOrPath),
                    "there is no built-in workload of this name\(Spelling.suggestion(for: nameOrPath, among: names)) "
                        + "(built in: \(names.joined(separator: ", "))); the path of a file of your own ends in .yaml")
            ])
        }
        return try load(try read(nameOrPath), path: nameOrPath, overrides: overrides)
    }

    /// Reads a workload from memory.
    /// - Parameters:
    ///   - path: where it came from, for messages.
    ///   - cluster: where the nodes of the recorded run were that is run again. Paths in the text may mean something
    ///     else by now, so that this counts; nil: where the text says.
    public static func load(
        _ bytes: [UInt8], path: String, overrides: WorkloadOverrides = WorkloadOverrides(),
        cluster: ClusterSpec? = nil
    ) throws(WorkloadFileErrors) -> WorkloadFile {
        var root = try parse(bytes, path: path)
        try overrides.apply(to: &root)
        return try WorkloadReading(
            root: root, path: path, text: String(decoding: bytes, as: UTF8.self), program: ownPath(),
            recorded: cluster
        ).read()
    }

    private static func parse(_ bytes: [UInt8], path: String) throws(WorkloadFileErrors) -> YAMLNode {
        do throws(WorkloadFileError) {
            return try YAMLParser.parse(bytes, source: path)
        } catch {
            throw WorkloadFileErrors([error])
        }
    }

    private static func read(_ path: String) throws(WorkloadFileErrors) -> [UInt8] {
        func failure() -> WorkloadFileErrors {
            WorkloadFileErrors([
                WorkloadFileError(SourceMark(source: path), "cannot be read: \(String(cString: strerror(errno)))")
            ])
        }
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure() }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while bytes.count <= YAMLParser.sizeLimit {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count == 0 { break }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure()
            }
            bytes.append(contentsOf: chunk[..<count])
        }
        return bytes
    }

    /// The path of this program, which is a sample system too.
    private static func ownPath() -> String {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes {
            readlink("/proc/self/exe", $0.baseAddress!.assumingMemoryBound(to: CChar.self), $0.count)
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : "polygraph"
    }
}
