import CLinux
import Glibc
import PolygraphSSH
import Synchronization

/// Puts on a host what a run needs there: folders, the helper, what the system under test consists of.
struct HostPreparation: Sendable {
    let configuration: HostsConfiguration
    /// Names the run on all hosts.
    let run: String
    let node: String
    let remote: any Remote
    private let progress = Progress()

    private final class Progress: Sendable {
        let hasReachedHost = Atomic<Bool>(false)
    }

    /// What was found out about a host, and where things are on it.
    struct Prepared: Sendable {
        var folder: HostFolder
        var helper: String
        var line: RemoteLine?
        /// As the other nodes and the clients reach it: numeric.
        var address: String
    }

    private struct Facts {
        /// As `uname -m` says.
        var machine: String
        /// The number of the user who logs in.
        var user: String
        /// What the host takes for its own address.
        var address: String
    }

    private static let short: Int64 = 20_000_000_000
    private static let long: Int64 = 300_000_000_000

    func prepare() throws(RemoteError) -> Prepared {
        let facts = try look()
        let helper = try prepareHelper(facts)
        try install(into: folder)
        let line = try remote.lineEnds()
        return Prepared(folder: folder, helper: helper, line: line, address: line?.host ?? facts.address)
    }

    private var folder: HostFolder { HostFolder(path: "\(configuration.folder)/runs/\(run)/\(node)") }

    /// Sees to it that the folders and the helper are on the host, and nothing else.
    /// - Returns: where the helper is.
    func prepareHelper() throws(RemoteError) -> String { try prepareHelper(look()) }

    private func prepareHelper(_ facts: Facts) throws(RemoteError) -> String {
        let (local, hash) = try program(for: facts.machine)
        let helper = "\(configuration.folder)/bin/polygraph-\(hash.prefix(16))"
        try makeFolders(folder, user: facts.user)
        try provide(helper, from: local, hash: hash)
        return helper
    }

    private func failure(_ step: String, _ what: String) -> RemoteError {
        RemoteError(message: "host \(remote.name): \(step): \(what)")
    }

    /// Runs a script that must succeed.
    private func succeed(
        _ script: String, step: String, remedy: String = "", asRoot: Bool = true, timeout: Int64 = short
    ) throws(RemoteError) -> String {
        let outcome = try remote.run("export LC_ALL=C\n" + script, step: step, asRoot: asRoot, timeout: timeout)
        guard outcome.status == 0 else {
            throw failure(step, "\(outcome.words).\(remedy.isEmpty ? "" : " " + remedy)")
        }
        return outcome.output
    }

    private func look() throws(RemoteError) -> Facts {
        let said = try succeed(
            "uname -sm && id -u && (hostname -i 2>/dev/null || hostname -I 2>/dev/null || echo)",
            step: "look at the host", asRoot: false)
        progress.hasReachedHost.store(true, ordering: .relaxed)
        let lines = said.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let system = lines.first?.split(separator: " ").map(String.init) ?? []
        guard lines.count >= 3, system.count == 2, system[0] == "Linux" else {
            throw failure("look at the host", "it is no Linux machine: \(said)")
        }
        if lines[1] != "0" {
            // Who the commands run as that need the rights of root.
            let root: String
            do throws(RemoteError) {
                root = try succeed("id -u", step: "become root").filter(\.isNumber)
            } catch {
                var error = error
                if !error.isLineBroken {
                    error.message +=
                        " Log in as root, or let the user run sudo: access: {sudo: true}, or "
                        + "access: {sudo: {password: {env: SUDO_PASSWORD}}} where it asks."
                }
                throw error
            }
            guard root == "0" else {
                throw failure(
                    "become root",
                    "the user's number there is \(lines[1]), and faults need the rights of root. Log in as root, or say "
                        + "`access: {sudo: true}` where the user may run sudo.")
            }
        }
        let addresses = lines[2].split(separator: " ").map(String.init)
        return Facts(
            machine: system[1], user: lines[1],
            address: addresses.first { !$0.hasPrefix("127.") && $0 != "::1" } ?? "")
    }

    /// The program that a machine of this kind can run, and its hash.
    private func program(for machine: String) throws(RemoteError) -> (path: String, hash: String) {
        var own = utsname()
        uname(&own)
        let ownMachine = withUnsafeBytes(of: own.machine) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let path: String
        if let given = configuration.helpers[machine] {
            path = given
        } else if machine == ownMachine {
            path = resolvedPath("/proc/self/exe") ?? "/proc/self/exe"
        } else {
            throw failure(
                "choose a helper",
                "it is a machine of the kind \(machine), and this one is \(ownMachine). Build a static binary for it "
                    + "(`make release` there) and name it: access: {helper: {\(machine): FILE}}.")
        }
        guard let hash = LocalHash.ofFile(path) else {
            throw failure("read the helper \(path)", errorText(errno))
        }
        return (path, hash)
    }

    private func makeFolders(_ folder: HostFolder, user: String) throws(RemoteError) {
        let base = ShellQuoting.quote(configuration.folder)
        let own = ShellQuoting.quote(folder.path)
        let remedy = "Name another folder: access: {folder: …}."
        _ = try succeed(
            """
            set -e
            [ -e \(base) ] || { mkdir -p \(base) && chmod 755 \(base); }
            for folder in \(base) \(base)/bin \(base)/runs; do
              [ -e "$folder" ] || { mkdir "$folder" && chmod 711 "$folder"; }
              owner=$(stat -c %u "$folder")
              if [ "$owner" != 0 ] || [ -L "$folder" ]; then
                echo "$folder belongs to user $owner or is a link: somebody could replace what runs as root"; exit 1
              fi
            done
            case $(stat -c %A \(base)/bin) in
              ?????w*|????????w*) echo "others may write to its folder bin, and replace what runs as root"; exit 1 ;;
            esac
            mkdir -p \(own)/data \(own)/system \(own)/upload \(own)/collected
            chmod 711 \(base)/runs/\(ShellQuoting.quote(run)) \(own)
            chmod 700 \(own)/upload \(own)/collected
            chown \(user) \(own)/upload \(own)/collected
            touch \(own)/upload/.probe && rm \(own)/upload/.probe
            """, step: "make the folder \(configuration.folder)", remedy: remedy)
    }

    /// Ends a helper of this run and removes its folder, as far as there are any.
    func undo() {
        guard progress.hasReachedHost.load(ordering: .relaxed) else { return }
        let path = "\(configuration.folder)/runs/\(run)/\(node)"
        let own = ShellQuoting.quote(path)
        // The helper may be any of those that are there: they all know how to end one.
        let script = """
            [ -d \(own) ] || exit 0
            for helper in \(ShellQuoting.quote(configuration.folder))/bin/polygraph-*; do
              [ -S \(ShellQuoting.quote(HostFolder(path: path).socket)) ] || break
              "$helper" host heal --folder \(own) --force
            done
            rm -rf \(own)
            rmdir \(ShellQuoting.quote(String(path.dropLast(node.utf8.count + 1)))) 2>/dev/null || true
            """
        _ = try? remote.run(script, step: "undo the preparation", asRoot: true, timeout: HostPreparation.short)
    }

    /// Uploads the helper where it is missing or another one, and sees that it runs.
    func provide(_ helper: String, from local: String, hash: String) throws(RemoteError) {
        let path = ShellQuoting.quote(helper)
        let there = try succeed(
            "if [ -x \(path) ]; then sha256sum \(path) | cut -c1-64; fi", step: "look for the helper")
        if there.trimmed != hash {
            let folder = "\(configuration.folder)/runs/\(run)/\(node)/upload"
            _ = try succeed("mkdir -p \(ShellQuoting.quote(folder))", step: "make the folder \(folder)")
            let upload = "\(folder)/helper"
            try remote.upload(local, to: upload, permissions: 0o755, timeout: HostPreparation.long)
            // Another controller may bring the same one at this moment: a rename replaces it whole.
            let partial = "\(helper).\(node).\(run.suffix(8))"
            _ = try succeed(
                """
                set -e
                cp \(ShellQuoting.quote(upload)) \(ShellQuoting.quote(partial))
                chown 0:0 \(ShellQuoting.quote(partial)); chmod 755 \(ShellQuoting.quote(partial))
                mv -f \(ShellQuoting.quote(partial)) \(path)
                rm -f \(ShellQuoting.quote(upload))
                """, step: "put the helper in its place",
                remedy: "See that there is room on the disk, or name another folder: access: {folder: …}.")
        }
        _ = try succeed(
            "\(path) --version", step: "run the helper",
            remedy:
                "Hosts need a static binary: `make release` makes one; start that one as the controller, or name it: "
                + "access: {helper: {x86_64: FILE}}. A folder on a file system mounted noexec will not do either.")
    }

    private func install(into folder: HostFolder) throws(RemoteError) {
        if !configuration.install.packages.isEmpty {
            let packages = ShellQuoting.join(configuration.install.packages)
            _ = try succeed(
                HostPreparation.packageScript(packages), step: "install \(packages)",
                remedy: "Install them by hand, or see that the host reaches its package servers.",
                timeout: HostPreparation.long)
        }
        for archive in configuration.install.archives {
            let name = archive.split(separator: "/").last.map(String.init) ?? "archive"
            let upload = "\(folder.path)/upload/\(name)"
            let isExecutable = access(archive, X_OK) == 0
            try remote.upload(
                archive, to: upload, permissions: isExecutable ? 0o755 : 0o644, timeout: HostPreparation.long)
            let source = ShellQuoting.quote(upload)
            let target = ShellQuoting.quote(folder.system)
            let action =
                if name.hasSuffix(".zip") {
                    "unzip -q -o \(source) -d \(target)"
                } else if [".tar", ".tar.gz", ".tgz", ".tar.xz", ".tar.bz2", ".tar.zst"].contains(where: name.hasSuffix)
                {
                    "tar -xf \(source) -C \(target)"
                } else {
                    "cp -p \(source) \(target)/"
                }
            _ = try succeed(
                "\(action) && rm -f \(source)", step: "unpack \(name)", timeout: HostPreparation.long)
        }
    }

    /// Installs what is missing, with the package manager that there is.
    private static func packageScript(_ packages: String) -> String {
        """
        set -e
        if command -v dpkg-query >/dev/null; then
          missing=
          for package in \(packages); do
            dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing="$missing $package"
          done
          [ -z "$missing" ] && exit 0
          export DEBIAN_FRONTEND=noninteractive
          apt-get update -q >/dev/null || true
          apt-get install -q -y --no-install-recommends $missing >/dev/null
        elif command -v dnf >/dev/null; then dnf install -q -y \(packages)
        elif command -v yum >/dev/null; then yum install -q -y \(packages)
        elif command -v zypper >/dev/null; then zypper --non-interactive --quiet install \(packages)
        elif command -v apk >/dev/null; then apk add --quiet \(packages)
        else echo "no package manager that is known (apt-get, dnf, yum, zypper, apk)"; exit 1
        fi
        """
    }
}

extension String {
    fileprivate var trimmed: String { String(filter { !$0.isWhitespace }) }
}
