/// Why a kernel refuses user namespaces, and the command that changes its mind.
enum NamespaceRemedy {
    /// The settings that forbid them, and the value at which they do.
    private static let settings: [(path: String, forbidding: String, command: String)] = [
        ("/proc/sys/user/max_user_namespaces", "0", "sudo sysctl user.max_user_namespaces=15000"),
        ("/proc/sys/kernel/unprivileged_userns_clone", "0", "sudo sysctl kernel.unprivileged_userns_clone=1"),
        (
            "/proc/sys/kernel/apparmor_restrict_unprivileged_userns", "1",
            "sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0"
        ),
        ("/proc/sys/user/max_net_namespaces", "0", "sudo sysctl user.max_net_namespaces=15000"),
        ("/proc/sys/user/max_pid_namespaces", "0", "sudo sysctl user.max_pid_namespaces=15000"),
        ("/proc/sys/user/max_mnt_namespaces", "0", "sudo sysctl user.max_mnt_namespaces=15000"),
    ]

    /// What forbids namespaces on this machine and how to allow them; nil where no known setting does.
    static func find() -> String? {
        for setting in settings {
            guard let bytes = readFile(setting.path) else { continue }
            let value = String(decoding: bytes.prefix { $0 > 32 }, as: UTF8.self)
            if value == setting.forbidding {
                let name = setting.path.dropFirst("/proc/sys/".count).split(separator: "/").joined(separator: ".")
                return "\(name) is \(value); enable it with: \(setting.command)"
            }
        }
        return nil
    }
}
