import Glibc

/// Finds out what keeps limits of processor and memory on this machine.
public enum ResourceProbe {
    /// Makes a control group and removes it again.
    public static func run() -> LabProbe.Result {
        let found = ControlGroups.probe()
        let missing = ["processor", "memory"].filter { !found.contains($0) }
        let remedy =
            geteuid() == 0
            ? "mount control groups so that they can be written to; in a container, start it with --privileged; with "
                + "version 2, echo +cpu +memory > /sys/fs/cgroup/cgroup.subtree_control"
            : "run as root, or in a group of your own: systemd-run --user --scope polygraph run …"
        return LabProbe.Result(
            name: "control groups", works: missing.isEmpty,
            cost: missing.isEmpty
                ? "limits are kept by signals and by looking"
                : "limits of \(missing.joined(separator: " and ")) are kept by signals and by looking, which is coarser",
            remedy: missing.isEmpty ? "" : remedy)
    }
}
