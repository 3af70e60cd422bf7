/// The folder of one node of one run on its host, and what is where in it.
struct HostFolder: Hashable, Sendable {
    let path: String

    /// Of all nodes of the run.
    var run: String { String(path[..<(path.lastIndex(of: "/") ?? path.endIndex)]) }
    /// Of all runs on the host.
    var allRuns: String { String(run[..<(run.lastIndex(of: "/") ?? run.endIndex)]) }
    /// The node's data directory.
    var data: String { path + "/data" }
    /// Where archives are unpacked; relative paths of programs are relative to it.
    var system: String { path + "/system" }
    /// Where logs wait to be fetched.
    var collected: String { path + "/collected" }
    /// Where the helper listens; only root may reach it.
    var socket: String { path + "/socket" }
    /// Of those who start a helper, one at a time.
    var lock: String { path + "/lock" }
    /// What the helper is about to change.
    var journal: String { path + "/journal" }
    /// What the helper complains about.
    var log: String { path + "/helper.log" }
    /// Outputs of the node's program.
    var outputs: [String] { [path + "/stderr.log", path + "/stdout.log"] }
}
