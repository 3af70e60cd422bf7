import CLinux
import Glibc
import PolygraphSSH

extension HostTransport {
    /// The way to every host, not yet gone.
    static func remotes(_ configuration: HostsConfiguration) throws(ClusterError) -> [any Remote] {
        var remotes: [any Remote] = []
        do throws(SSHError) {
            // Read once, and only where a host is reached that way.
            var settings: SSHConfiguration?
            for host in configuration.hosts {
                switch host.reach {
                case .ssh(let name, let overrides):
                    if settings == nil {
                        let file = configuration.configurationFile
                        settings = if let file { try SSHConfiguration(files: [file]) } else { try SSHConfiguration() }
                    }
                    var destination = try settings!.destination(name, overrides: overrides)
                    if let file = configuration.knownHostsFile { destination.knownHostsFiles = [file] }
                    remotes.append(SSHRemote(destination, sudo: configuration.sudo))
                case .docker(let container): remotes.append(ContainerRemote(docker: container))
                case .kubernetes(let pod, let namespace, let container):
                    remotes.append(ContainerRemote(pod: pod, namespace: namespace, container: container))
                }
            }
        } catch {
            throw ClusterError("find the hosts", error.description)
        }
        return remotes
    }

    /// Numeric addresses of the nodes, all different.
    static func addresses(
        _ configuration: HostsConfiguration, _ prepared: [HostPreparation.Prepared], _ names: [String]
    ) throws(ClusterError) -> [String] {
        var addresses: [String] = []
        for (index, host) in configuration.hosts.enumerated() {
            let wanted = host.address ?? prepared[index].address
            guard let address = LocalAddress.numeric(wanted) else {
                throw ClusterError(
                    "find the address of", node: names[index],
                    "\"\(wanted)\" has none; say where the others and the clients reach it: "
                        + "hosts: [{…, address: 10.0.0.1}]")
            }
            if let other = addresses.firstIndex(of: address) {
                throw ClusterError(
                    "find an address of its own for", node: names[index],
                    "it has \(address), as \(names[other]) has; every node needs another: "
                        + "hosts: [{…, address: …}]")
            }
            addresses.append(address)
        }
        return addresses
    }

    /// Leaves the hosts as they were, where not all can be used, and ends the lines to them.
    static func giveUp(_ preparations: [HostPreparation]) {
        _ = OnThreads.run(preparations) { preparation in
            preparation.undo()
            preparation.remote.close()
        }
    }

    /// Asks every host for its clocks, over the shortest of several ways there and back.
    static func measure(
        _ handles: [HostHandle], _ prepared: [HostPreparation.Prepared]
    ) throws(ClusterError) -> [HostsRecord.Host] {
        try onAll(Array(handles)) { handle throws(ClusterError) in
            let measured = try HostClockOffset(handle)
            return HostsRecord.Host(
                node: handle.node, helper: handle.helper, clockOffset: measured.real, boot: measured.boot)
        }
    }

    /// Clocks that several hosts share, or that a host shares with this machine, are nobody's to bend.
    static func checkClocks(_ configuration: HostsConfiguration, _ record: HostsRecord) throws(ClusterError) {
        guard configuration.clocks == .system else { return }
        let remedy = "say `access: {clocks: processes}`, which bends the clocks of the nodes' own processes only"
        let own = HostTime.now.boot
        for (index, host) in record.hosts.enumerated() {
            if host.boot == own {
                throw ClusterError(
                    "use the clock of", node: host.node,
                    "its kernel is this machine's own, so that changing its clock would change this one's: \(remedy)")
            }
            if let other = record.hosts[..<index].first(where: { $0.boot == host.boot }) {
                throw ClusterError(
                    "use the clock of", node: host.node,
                    "it has the same kernel, and so the same clock, as \(other.node): \(remedy)")
            }
        }
    }

    /// Does something on every element's own thread.
    /// - Throws: all that went wrong, a line each.
    static func onAll<Element: Sendable, Result: Sendable>(
        _ elements: [Element], _ work: @escaping @Sendable (Element) throws(ClusterError) -> Result
    ) throws(ClusterError) -> [Result] {
        let outcomes = OnThreads.run(elements) { element -> Swift.Result<Result, ClusterError> in
            do throws(ClusterError) { return .success(try work(element)) } catch { return .failure(error) }
        }
        var results: [Result] = []
        var failures: [ClusterError] = []
        for outcome in outcomes {
            switch outcome {
            case .success(let result): results.append(result)
            case .failure(let error): failures.append(error)
            }
        }
        guard let first = failures.first else { return results }
        if failures.count == 1 { throw first }
        let rest = failures.map { "\n  \($0.node ?? ""): \($0.message)" }.joined()
        throw ClusterError(first.step, "\(failures.count) of \(elements.count) hosts:\(rest)")
    }

    static func forAll<Element: Sendable>(
        _ elements: [Element], _ work: @escaping @Sendable (Element) throws(ClusterError) -> Void
    ) throws(ClusterError) {
        _ = try onAll(elements) { element throws(ClusterError) -> Bool in
            try work(element)
            return true
        }
    }
}

/// How far a host's clocks are ahead of this machine's.
struct HostClockOffset: Sendable {
    /// Nanoseconds, of the wall clocks.
    var real: Int64
    /// Nanoseconds, of the monotonic clocks.
    var monotonic: Int64
    var boot: String
    /// Nanoseconds by which they may be wrong.
    var uncertainty: Int64

    init(_ handle: HostHandle) throws(ClusterError) {
        var best: HostClockOffset?
        for _ in 0..<5 {
            let before = HostTime.now
            let words = try handle.ask(.time)
            let after = lab_monotonic_time()
            guard let there = HostTime(words: words.dropFirst()) else {
                throw ClusterError("read the clocks of", node: handle.node, "its helper answers \(words)")
            }
            let half = (after - before.monotonic) / 2
            if let best, best.uncertainty <= half { continue }
            best = HostClockOffset(
                real: there.real - before.real - half, monotonic: there.monotonic - before.monotonic - half,
                boot: there.boot, uncertainty: half)
        }
        self = best!
    }

    private init(real: Int64, monotonic: Int64, boot: String, uncertainty: Int64) {
        self.real = real
        self.monotonic = monotonic
        self.boot = boot
        self.uncertainty = uncertainty
    }
}
