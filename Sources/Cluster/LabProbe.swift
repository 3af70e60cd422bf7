import CLinux
import Glibc

/// Finds out what of the lab this machine can do, by doing it in short-lived processes that leave nothing.
public enum LabProbe {
    /// One ability.
    public struct Result: Hashable, Sendable {
        public var name: String
        public var works: Bool
        /// What cannot be done without it.
        public var cost: String
        /// Why it does not work and what enables it; empty where it works.
        public var remedy: String
    }

    struct Ability {
        var name: String
        var cost: String
        /// What enables it, where no known setting is in the way.
        var remedy: String
        /// 0, or an errno.
        var attempt: () -> Int32
    }

    /// Tries everything. Takes some hundredths of a second.
    public static func run() -> [Result] {
        abilities.map { ability in
            let code = inOtherProcess(ability.name)
            return Result(
                name: ability.name, works: code == 0, cost: ability.cost,
                remedy: code == 0
                    ? "" : errorText(code) + "; " + (NamespaceRemedy.find() ?? ability.remedy))
        }
    }

    /// Tries one thing, in this process, which is to end afterwards.
    /// - Returns: 0, or an errno.
    static func attempt(_ name: String) -> Int32 {
        name == insideWord ? 0 : abilities.first { $0.name == name }?.attempt() ?? ENOSYS
    }

    /// What the program is told that proves a world: to get there is all.
    private static let insideWord = "inside"

    private static func inOtherProcess(_ name: String) -> Int32 {
        let process = NodeInit.spawn(title: "polygraph", ["probe", name])
        if process < 0 { return -process }
        var status: Int32 = 0
        _ = retrying { Int(waitpid(process, &status, 0)) }
        return status & 0x7f == 0 ? (status >> 8) & 0xff : EIO
    }

    private static let asRoot =
        "run as root, or with a kernel that allows user namespaces; in a container, start it with --privileged"

    /// Namespaces need a user namespace around them where the user is not root.
    private static func unshare(_ namespaces: lab_namespace...) -> Int32 {
        let user = geteuid() == 0 ? 0 : lab_namespace_user.rawValue
        return lab_unshare(Int32(namespaces.reduce(user) { $0 | $1.rawValue }))
    }

    private static var abilities: [Ability] {
        [
            Ability(
                name: "user namespaces", cost: "local nodes need root", remedy: "run as root",
                attempt: { lab_unshare(Int32(lab_namespace_user.rawValue)) }),
            Ability(
                name: "network namespaces", cost: "no local nodes", remedy: asRoot,
                attempt: { unshare(lab_namespace_network) }),
            Ability(
                name: "process namespaces", cost: "no local nodes", remedy: asRoot,
                attempt: { unshare(lab_namespace_process) }),
            Ability(name: "mounts", cost: "no local nodes", remedy: asRoot, attempt: mounts),
            Ability(
                name: "virtual cables", cost: "no local nodes",
                remedy: "use a kernel with CONFIG_VETH (sudo modprobe veth)", attempt: cable),
            Ability(
                name: "packet sockets", cost: "no local nodes",
                remedy: "use a kernel with CONFIG_PACKET (sudo modprobe af_packet)", attempt: packetSocket),
            Ability(name: "isolated world", cost: "no local nodes", remedy: asRoot, attempt: world),
            Ability(
                name: "tracing of processes", cost: "no clock faults on local nodes",
                remedy: "sudo sysctl kernel.yama.ptrace_scope=1; in a container, add --cap-add SYS_PTRACE",
                attempt: tracing),
            Ability(
                name: "bending of clocks", cost: "no clock faults on local nodes",
                remedy: "use x86-64 or arm64, and a kernel that lets debuggers write to code", attempt: clock),
            DiskProbe.supervision,
        ]
    }

    private static func mounts() -> Int32 {
        let code = unshare(lab_namespace_mount)
        if code != 0 { return code }
        let privacy = lab_mount(lab_mount_private, nil, "/", nil)
        return privacy != 0 ? privacy : lab_mount(lab_mount_memory, nil, "/tmp", "size=64k")
    }

    private static func cable() -> Int32 {
        let code = unshare(lab_namespace_network)
        if code != 0 { return code }
        guard let socket = try? LinkSocket() else { return errno }
        return socket.createPair(
            name: "probe0", group: 1, peer: "probe1", address: [2, 0, 0, 0, 0, 1], process: getpid())
    }

    private static func packetSocket() -> Int32 {
        let code = cable()
        if code != 0 { return code }
        var socket = lab_packet_socket()
        return lab_packet_open(lab_interface_index("probe0"), 1, &socket)
    }

    private static func world() -> Int32 {
        var failure = lab_failure()
        let words = ["polygraph", NodeInit.word, "probe", insideWord]
        let status = withArguments(words) { lab_world_enter(geteuid() != 0, $0, &failure) }
        return status >= 0 ? status : failure.error
    }

    private static func tracing() -> Int32 {
        withIdleProcess { process in
            do throws(StoppedProcess.Failure) {
                var stopped = try StoppedProcess(process, Stragglers())
                stopped.release()
                return 0
            } catch {
                return EPERM
            }
        }
    }

    private static func clock() -> Int32 {
        withIdleProcess { process in
            var bender = ClockBender()
            let skew = ClockSkew(offset: 3_600_000_000_000)
            do throws(ClusterError) {
                let proof = try bender.set(skew, program: process) { ProcessTree.descendants(of: getpid()) }
                return proof.measuredOffset > skew.offset / 2 ? 0 : EIO
            } catch {
                return ENOTSUP
            }
        }
    }

    private static func withIdleProcess(_ body: (Int32) -> Int32) -> Int32 {
        let process = lab_fork_idle()
        if process < 0 { return -process }
        defer { kill(process, SIGKILL) }
        return body(process)
    }
}
