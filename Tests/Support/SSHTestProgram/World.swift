import Foundation
import Glibc
import PolygraphSSH

/// A network, mounts and processes of its own, with servers that are reached by virtual cables.
final class World {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    let folder: String
    /// Only the superuser can let other users in, and has users of its own here.
    let isRoot = geteuid() == 0
    private(set) var servers: [Server] = []

    static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().path

    /// Begins this program anew inside namespaces; as an ordinary user with the rights that the namespaces give.
    static func enter(_ words: [String]) -> Never {
        var line = ["/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
        if geteuid() != 0 { line += ["--user", "--map-current-user", "--keep-caps"] }
        line += [program] + words
        var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) }
        arguments.append(nil)
        execv(line[0], arguments)
        print("{\"error\":\"no unshare\"}")
        exit(255)
    }

    /// Makes the network's own side, keys, and users where that is possible.
    init(folder: String) throws {
        self.folder = folder
        setenv("HOME", folder, 1)
        unsetenv("SSH_AUTH_SOCK")
        chmod(folder, 0o755)
        try shell(
            """
            ip link set lo up
            mount -t tmpfs tmpfs /run && mkdir -p /run/sshd /run/netns && chmod 755 /run/sshd
            cd '\(folder)' && mkdir -p .ssh keys home && chmod 700 .ssh
            for kind in ed25519 ecdsa rsa; do
                ssh-keygen -q -t $kind -N '' -C $kind -f keys/host_$kind
                ssh-keygen -q -t $kind -N '' -C $kind -f keys/$kind
            done
            ssh-keygen -q -t ed25519 -N 'battery staple' -C protected -f keys/protected
            ssh-keygen -q -t ecdsa -m PEM -N '' -C pem -f keys/pem
            ssh-keygen -q -t ed25519 -N '' -C stranger -f keys/stranger
            cat keys/ed25519.pub keys/ecdsa.pub keys/rsa.pub keys/protected.pub keys/pem.pub >keys/authorized
            chmod 644 keys/authorized
            """)
        if isRoot { try makeUsers() } else { try makeOneself() }
    }

    /// The one user there is, whose account is open and whose shell is a usual one.
    private func makeOneself() throws {
        try shell(
            """
            cd '\(folder)' && mkdir -p home/self
            (grep -v '^\(user):' /etc/passwd; echo '\(user):*:\(getuid()):\(getgid())::\(folder)/home/self:/bin/sh') >passwd
            echo '\(user):*:19000:0:99999:7:::' >shadow
            mount --bind passwd /etc/passwd; mount --bind shadow /etc/shadow
            """)
    }

    /// Users that exist inside this world only: files are laid over those of the machine.
    private func makeUsers() throws {
        try shell(
            """
            cd '\(folder)'
            hash=$(perl -e 'print crypt("right horse", "\\$6\\$polygraph\\$")')
            # Login scripts of this machine's root take their time.
            mkdir -p home/root; sed "s|^root:.*|root:x:0:0::$PWD/home/root:/bin/sh|" /etc/passwd >passwd
            cp /etc/shadow shadow; cp /etc/group group
            for user in tester free; do
                mkdir -p home/$user && chmod 755 home/$user
                number=$((4200 + ${#user}))
                echo "$user:x:$number:$number::\(folder)/home/$user:/bin/sh" >>passwd
                echo "$user:$hash:19000:0:99999:7:::" >>shadow
                echo "$user:x:$number:" >>group
                chown $number:$number home/$user
            done
            grep -q '^sshd:' passwd || echo 'sshd:x:4300:65534::/run/sshd:/usr/sbin/nologin' >>passwd
            printf 'root ALL=(ALL) ALL\\ntester ALL=(ALL) ALL\\nfree ALL=(ALL) NOPASSWD: ALL\\n' >sudoers
            chmod 440 sudoers; chmod 600 shadow
            printf 'auth required pam_unix.so\\naccount required pam_permit.so\\nsession required pam_permit.so\\n' >pam
            mount --bind passwd /etc/passwd; mount --bind shadow /etc/shadow; mount --bind group /etc/group
            mount --bind pam /etc/pam.d/sshd
            if [ -f /etc/sudoers ]; then mount --bind sudoers /etc/sudoers; mount --bind pam /etc/pam.d/sudo; fi
            """)
    }

    /// The one who logs in where it does not matter who.
    var user: String { isRoot ? "root" : NSUserName() }

    @discardableResult
    func shell(_ script: String) throws -> String {
        let (status, text) = try ChildProcess.run(script: script)
        guard status == 0 else { throw Failure(description: "\(script): \(text)") }
        return text
    }

    /// A new host with a server, reached by a cable from here.
    /// - Parameter settings: lines for `sshd_config`; they go before the usual ones.
    func addServer(_ settings: [String] = [], isReached: Bool = true) throws -> Server {
        let server = Server(number: servers.count + 1, world: self)
        servers.append(server)
        try shell("ip netns add \(server.name); ip -n \(server.name) link set lo up")
        if isReached {
            try shell(
                """
                ip link add v\(server.number) type veth peer name cable netns \(server.name)
                ip addr add 10.99.\(server.number).1/24 dev v\(server.number)
                ip link set v\(server.number) up
                ip -n \(server.name) addr add \(server.address)/24 dev cable
                ip -n \(server.name) link set cable up
                """)
        }
        try server.start(settings)
        return server
    }

    /// A cable between two hosts only.
    func connect(_ near: Server, _ far: Server) throws {
        try shell(
            """
            ip -n \(near.name) link add to\(far.number) type veth peer name cable netns \(far.name)
            ip -n \(near.name) addr add 10.99.\(far.number).1/24 dev to\(far.number)
            ip -n \(near.name) link set to\(far.number) up
            ip -n \(far.name) addr add \(far.address)/24 dev cable
            ip -n \(far.name) link set cable up
            """)
    }

    /// A destination that works: the right key and a `known_hosts` that knows the server.
    func destination(_ server: Server, user: String? = nil, key: String? = "ed25519") -> SSHDestination {
        let known = folder + "/known_\(server.name)"
        let text = "\(server.address) " + readText("keys/host_ed25519.pub")
        try? text.write(toFile: known, atomically: true, encoding: .utf8)
        var result = SSHDestination(
            name: server.name, hostName: server.address, user: user ?? self.user,
            identityFiles: key.map { [folder + "/keys/" + $0] } ?? [], knownHostsFiles: [known])
        result.identitiesOnly = true
        return result
    }

    func readText(_ name: String) -> String {
        (try? String(contentsOfFile: name.hasPrefix("/") ? name : folder + "/" + name, encoding: .utf8)) ?? ""
    }

    /// Whether a process of the world runs; those that ended and wait for their parent do not.
    static func isRunning(_ process: Int) -> Bool {
        guard let text = try? String(contentsOfFile: "/proc/\(process)/stat", encoding: .utf8),
            let end = text.lastIndex(of: ")")
        else { return false }
        return !["Z", "X"].contains(text[end...].dropFirst(2).prefix(1))
    }

    /// Looks until `condition` holds; false when it does not within twenty seconds.
    static func eventually(_ condition: () -> Bool) -> Bool {
        for _ in 0..<2_000 {
            if condition() { return true }
            usleep(10_000)
        }
        return false
    }
}
