import PolygraphSSH

/// Finds out what the hosts of a cluster can do, by doing it there.
public enum HostDoctor {
    /// What was found on one host.
    public struct Finding: Sendable {
        /// n1, n2, …
        public var node: String
        /// As the user names it.
        public var host: String
        /// How the others and the clients reach it; nil where that was not found out.
        public var address: String?
        public var probes: [LabProbe.Result]
        /// Why it cannot be used at all.
        public var failure: String?
    }

    /// Examines all hosts at once. A helper is put there where it is missing; nothing else stays.
    /// - Throws: `ClusterError` when the hosts cannot be told from the configuration.
    public static func examine(_ configuration: HostsConfiguration) throws(ClusterError) -> [Finding] {
        let remotes = try HostTransport.remotes(configuration)
        var bare = configuration
        bare.install = HostInstallation()
        let plain = bare
        let run = "doctor-" + String(UInt32.random(in: .min ... .max), radix: 16)
        return OnThreads.run(Array(remotes.enumerated())) { index, remote in
            let node = "n\(index + 1)"
            let preparation = HostPreparation(configuration: plain, run: run, node: node, remote: remote)
            defer {
                preparation.undo()
                remote.close()
            }
            var finding = Finding(
                node: node, host: remote.name, address: plain.hosts[index].address, probes: [])
            do throws(RemoteError) {
                let prepared = try preparation.prepare()
                if finding.address == nil { finding.address = prepared.address }
                let outcome = try remote.run(
                    "exec " + ShellQuoting.join([prepared.helper, "host", "probe"]), step: "try what the host can do",
                    asRoot: true, timeout: 60_000_000_000)
                guard outcome.status == 0 else {
                    throw RemoteError(message: "host \(remote.name): try what the host can do: it \(outcome.words)")
                }
                finding.probes = HostProbes.parse(outcome.output)
                if plain.clocks != .system { finding.probes.removeAll { $0.name == HostProbes.systemClock } }
            } catch {
                finding.failure = error.message
            }
            return finding
        }
    }
}
