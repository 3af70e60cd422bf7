import CLinux
import Glibc

/// The isolated world on this machine in which local nodes live: network, mount and PID namespaces, and a user
/// namespace for users who are not root. Whatever happens to the controller, the kernel ends everything in it.
public enum LabWorld {
    static let variable = LAB_WORLD_VARIABLE

    /// Whether this process is the controller of a world of its own.
    public static var isInside: Bool {
        guard let value = getenv(variable) else { return false }
        var mark = [CChar](repeating: 0, count: 128)
        lab_world_mark(&mark, mark.count)
        return strcmp(value, mark) == 0
    }

    /// Starts this program again inside a new world, waits for it, and exits as it does: with its status, or with 128 +
    /// the number of the signal that ended it. Signals reach the program inside once, whether they are sent to this
    /// process or to its process group.
    ///
    /// Must be called before there is a second thread. Inside, `isInside` is true.
    /// - Parameter arguments: of the program, its name first.
    /// - Throws: what the machine lacks, and how to enable it.
    public static func enter(_ arguments: [String] = CommandLine.arguments) throws(ClusterError) -> Never {
        fflush(nil)
        var failure = lab_failure()
        let isRoot = geteuid() == 0
        var status = withArguments(arguments) { lab_world_enter(!isRoot, $0, &failure) }
        if status < 0 && isRoot && failure.error == EPERM {
            // Root without the right to create namespaces, as in many containers: as an ordinary user, perhaps.
            status = withArguments(arguments) { lab_world_enter(true, $0, &failure) }
        }
        if status >= 0 { exit(status) }
        let step = withUnsafeBytes(of: failure.step) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        throw ClusterError("enter an isolated world", explain(failure.error, step))
    }

    static func explain(_ code: Int32, _ step: String) -> String {
        let reason = "could not \(step): \(errorText(code))"
        guard let remedy = NamespaceRemedy.find() else {
            return reason + (code == EPERM ? "; in a container, run it with --privileged" : "")
        }
        return reason + "; " + remedy
    }
}
