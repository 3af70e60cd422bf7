import Glibc
import PolygraphSSH

/// The end of a run on one host: logs come here, everything is undone there, and the node's folder goes.
struct HostEnding: Sendable {
    let handle: HostHandle
    let configuration: HostsConfiguration
    /// Where the logs are put on this machine.
    let target: String
    let keepsFolder: Bool

    private static let short: Int64 = 20_000_000_000
    private static let long: Int64 = 120_000_000_000

    /// - Returns: what went wrong, one sentence each.
    func carryOut() -> [String] {
        defer { handle.close() }
        var missing: [String] = []
        do throws(ClusterError) {
            // No node may go on writing while its logs are packed, and no fault may stand in the way of others.
            _ = try handle.ask(.agent(NodeRequest.kill.words), reconnectFor: HostEnding.short)
            missing = collect()
            _ = try handle.ask(.end, reconnectFor: HostEnding.short)
        } catch {
            let seconds = configuration.lease / 1_000_000_000
            return missing + [
                "\(error.description) The helper there undoes what it can by itself within \(seconds) s of silence; "
                    + "`polygraph heal` with the run's folder makes sure of it."
            ]
        }
        if !missing.isEmpty {
            return missing + [
                "\(handle.node): \(handle.folder.path) stays on the host, because of the logs in it; `polygraph heal` with the "
                    + "run's folder fetches what the node wrote, and removes it"
            ]
        }
        return keepsFolder ? [] : wipe()
    }

    /// - Returns: which logs are not here, and why.
    private func collect() -> [String] {
        let code = makeFolders(target)
        if code != 0 { return [ClusterError("create \(target)", errorText(code)).description] }
        // One at a time: one that is too large keeps no other.
        return (handle.folder.outputs + configuration.logs).flatMap { pattern -> [String] in
            do throws(ClusterError) {
                let packed = try handle.ask(.collect(patterns: [pattern], limit: configuration.logLimit)).dropFirst()
                for name in packed { try fetch(name) }
                return []
            } catch {
                return [error.description]
            }
        }
    }

    private func fetch(_ name: String) throws(ClusterError) {
        let isPacked = !name.hasPrefix("/")
        let local = "\(target)/\(isPacked ? name : HostLogs.name(of: name, in: handle.folder))"
        do throws(RemoteError) {
            try handle.remote.download(
                isPacked ? "\(handle.folder.collected)/\(name)" : name, to: local, timeout: HostEnding.long)
        } catch {
            throw error.during("collect the logs of", handle.node)
        }
        // They are read more often than they are kept.
        if isPacked { _ = try? HostPrograms().run(["gzip", "-df", local]) }
    }

    private func wipe() -> [String] {
        do throws(RemoteError) {
            let folder = ShellQuoting.quote(handle.folder.path)
            let run = ShellQuoting.quote(handle.folder.run)
            // The helper closes its socket last.
            let script = """
                for i in 1 2 3 4 5 6 7 8 9 10; do
                  rm -rf \(folder) && [ ! -e \(folder) ] && break
                  sleep 0.1
                done
                [ ! -e \(folder) ] || exit 1
                rmdir \(run) 2>/dev/null || true
                """
            let outcome = try handle.remote.run(
                script, step: "remove the folder", asRoot: true, timeout: HostEnding.long)
            return outcome.status == 0
                ? [] : ["\(handle.node): the folder \(handle.folder.path) could not be removed: \(outcome.words)"]
        } catch {
            return ["\(handle.node): the folder \(handle.folder.path) is still there: \(error.message)"]
        }
    }
}
