import Glibc

/// The services that steer a host's clock by other machines' clocks, and would undo what is done to it.
struct TimeServices: Sendable {
    private static let names = ["systemd-timesyncd", "chrony", "chronyd", "ntp", "ntpd", "ntpsec", "openntpd"]
    /// As the kernel shows them: fifteen characters.
    private static let processes: Set<String> = ["systemd-timesyn", "chronyd", "ntpd", "openntpd"]

    let programs: HostPrograms
    /// Exists where systemd runs.
    var systemFolder = "/run/systemd/system"
    var scriptFolder = "/etc/init.d"
    /// Command names of running processes with their numbers.
    var running: @Sendable () -> [(name: String, process: Int32)] = TimeServices.runningProcesses

    /// Stops those that run.
    /// - Returns: their names.
    func stop() throws(ClusterError) -> [String] {
        var stopped: [String] = []
        for name in TimeServices.names where isActive(name) {
            let outcome = try programs.run(command("stop", name))
            guard outcome.isSuccess else {
                for earlier in stopped { try? start(earlier) }
                throw ClusterError("stop \(name), which would set the clock right", outcome.complaint)
            }
            stopped.append(name)
        }
        if let left = running().first(where: { TimeServices.processes.contains($0.name) }) {
            for earlier in stopped { try? start(earlier) }
            throw ClusterError(
                "change the clock",
                "process \(left.process) (\(left.name)) steers it and belongs to no service that can be stopped; "
                    + "stop it, or use clocks: processes")
        }
        return stopped
    }

    func start(_ name: String) throws(ClusterError) {
        let outcome = try programs.run(command("start", name))
        guard outcome.isSuccess else { throw ClusterError("start \(name) again", outcome.complaint) }
    }

    private var hasSystemd: Bool { isFolder(systemFolder) && programs.find("systemctl") != nil }

    private func isActive(_ name: String) -> Bool {
        if hasSystemd {
            return (try? programs.run(["systemctl", "is-active", "--quiet", name]).isSuccess) ?? false
        }
        guard access("\(scriptFolder)/\(name)", X_OK) == 0, programs.find("service") != nil else { return false }
        return (try? programs.run(["service", name, "status"]).isSuccess) ?? false
    }

    private func command(_ verb: String, _ name: String) -> [String] {
        hasSystemd ? ["systemctl", verb, name] : ["service", name, verb]
    }

    private static let runningProcesses: @Sendable () -> [(name: String, process: Int32)] = {
        var found: [(name: String, process: Int32)] = []
        guard let stream = opendir("/proc") else { return [] }
        defer { closedir(stream) }
        while let entry = Glibc.readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            guard let process = Int32(name), let bytes = readFile("/proc/\(name)/comm") else { continue }
            found.append((String(decoding: bytes.prefix { $0 != 10 }, as: UTF8.self), process))
        }
        return found
    }
}
