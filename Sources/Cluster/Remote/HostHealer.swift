import CLinux
import Glibc
import PolygraphSSH

/// Undoes on the hosts of a run what a controller that is gone has left: from any machine that reaches them.
public enum HostHealer {
    /// What was found on one host.
    public struct Outcome: Hashable, Sendable {
        /// n1, n2, …
        public var node: String
        /// As the user names it.
        public var host: String
        /// What was done, one sentence each; none where nothing was left.
        public var done: [String]
        /// Why the host may still be disturbed; nil where it is not.
        public var failure: String?
    }

    /// Heals all hosts at once.
    /// - Parameters:
    ///   - logs: where logs that were not collected are put on this machine, by node; nil: they go.
    ///   - keepsFolders: whether the nodes' folders stay on the hosts.
    ///   - isForced: whether hosts are healed whose controller still works.
    /// - Throws: `ClusterError` when the hosts cannot be told from the configuration.
    public static func heal(
        _ configuration: HostsConfiguration, _ record: HostsRecord, logs: String?, keepsFolders: Bool, isForced: Bool
    ) throws(ClusterError) -> [Outcome] {
        let remotes = try HostTransport.remotes(configuration)
        guard remotes.count == record.hosts.count else {
            throw ClusterError(
                "find the hosts", "the plan has \(remotes.count), and the record of the run \(record.hosts.count)")
        }
        let work = zip(remotes, record.hosts).map { remote, host in
            OneHost(
                remote: remote, host: host, record: record, configuration: configuration,
                logs: logs.map { "\($0)/\(host.node)" }, keepsFolder: keepsFolders, isForced: isForced)
        }
        return OnThreads.run(work) { $0.heal() }
    }

    private struct OneHost: Sendable {
        let remote: any Remote
        let host: HostsRecord.Host
        let record: HostsRecord
        let configuration: HostsConfiguration
        let logs: String?
        let keepsFolder: Bool
        let isForced: Bool

        private static let patience: Int64 = 60_000_000_000

        func heal() -> Outcome {
            defer { remote.close() }
            var outcome = Outcome(node: host.node, host: remote.name, done: [])
            do throws(RemoteError) {
                let folder = HostFolder(path: "\(record.folder)/runs/\(record.run)/\(host.node)")
                let place = ShellQuoting.quote(folder.path)
                let there = try run("if [ -d \(place) ]; then echo there; fi", "look for the run's folder")
                guard there.contains("there") else { return outcome }
                let helper = try helper()
                // The host's own record is exact, but does not outlive a reboot.
                var words = [helper, "host", "heal", "--folder", folder.path]
                // Without it, the run had not come so far that it could have bent a clock.
                if !host.boot.isEmpty { words += ["--true-start", String(try trueStart())] }
                if isForced { words.append("--force") }
                let said = try run("exec " + ShellQuoting.join(words), "undo what is left")
                outcome.done = said.split(separator: "\n").map(String.init)
                if outcome.done.isEmpty { outcome.done = ["its helper had undone everything by itself"] }
                let isFetched = fetchLogs(folder, &outcome)
                if !isFetched {
                    outcome.done.append("\(folder.path) stays, because of the logs in it")
                } else if !keepsFolder {
                    _ = try run(
                        "rm -rf \(place); rmdir \(ShellQuoting.quote(folder.run)) 2>/dev/null || true",
                        "remove the run's folder")
                    outcome.done.append("removed \(folder.path)")
                }
            } catch {
                outcome.failure = error.message
            }
            return outcome
        }

        /// When the host was started last, by its true time in nanoseconds since 1970: over the shortest of several ways
        /// there and back.
        private func trueStart() throws(RemoteError) -> Int64 {
            var best: (elapsed: Int64, start: Int64)?
            for _ in 0..<3 {
                let before = lab_real_time()
                let said = try run("cat \(HostUptime.file)", "read how long the host has been running")
                let elapsed = lab_real_time() - before
                guard let uptime = HostUptime.parse(said) else {
                    throw RemoteError(message: "host \(remote.name): \(HostUptime.file) says \(said)")
                }
                if let best, best.elapsed <= elapsed { continue }
                best = (elapsed, before + elapsed / 2 + host.clockOffset - uptime)
            }
            return best!.start
        }

        /// The helper of the run, or this program, where that is gone.
        private func helper() throws(RemoteError) -> String {
            let there =
                host.helper.isEmpty
                ? ""
                : try run(
                    "if [ -x \(ShellQuoting.quote(host.helper)) ]; then echo there; fi", "look for the helper")
            if there.contains("there") { return host.helper }
            let preparation = HostPreparation(
                configuration: configuration, run: record.run, node: host.node, remote: remote)
            return try preparation.prepareHelper()
        }

        private func run(_ script: String, _ step: String) throws(RemoteError) -> String {
            let outcome = try remote.run(script, step: step, asRoot: true, timeout: OneHost.patience)
            guard outcome.status == 0 else {
                throw RemoteError(message: "host \(remote.name): \(step): it \(outcome.words)")
            }
            return outcome.output
        }

        /// - Returns: whether nothing is left to be fetched.
        private func fetchLogs(_ folder: HostFolder, _ outcome: inout Outcome) -> Bool {
            guard let logs else { return true }
            guard makeFolders(logs) == 0 else {
                outcome.done.append("\(logs) cannot be made: \(errorText(errno))")
                return false
            }
            var isComplete = true
            for file in folder.outputs {
                let name = String(file.dropFirst(folder.path.utf8.count + 1))
                if access("\(logs)/\(name)", F_OK) == 0 { continue }
                do throws(RemoteError) {
                    let there = try run(
                        "if [ -f \(ShellQuoting.quote(file)) ]; then echo there; fi", "look for \(name)")
                    guard there.contains("there") else { continue }
                    try remote.download(file, to: "\(logs)/\(name)", timeout: OneHost.patience)
                    outcome.done.append("fetched \(name)")
                } catch {
                    outcome.done.append("\(name) could not be fetched: \(error.message)")
                    isComplete = false
                }
            }
            return isComplete
        }
    }
}
