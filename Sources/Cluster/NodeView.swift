import CLinux
import Glibc

/// The file system as a node sees it: the machine's, with folders of its own for what programs share by accident
/// (/tmp, /run, /dev/shm), and with its own name and the names of the others.
///
/// What a node is meant to see may lie in the very folders that it gets new ones for, its program or its data in
/// /tmp for instance. Such a path is mounted back at its place: `keep`.
struct NodeView {
    /// A folder that is hidden by a new one, and a descriptor that still leads to the old one.
    private struct Hidden {
        var path: String
        var descriptor: Int32
    }

    private var hidden: [Hidden] = []
    private var kept: Set<String> = []

    private static let privateFolders = [("/tmp", "mode=1777"), ("/run", "mode=755"), ("/dev/shm", "mode=1777")]

    /// Enters new mount and UTS namespaces, and hides the folders.
    /// - Parameter resolver: the contents of /etc/resolv.conf; empty: the machine's.
    init(hostName: String, hosts: String, resolver: String) throws(ClusterError) {
        try NodeView.check(lab_set_host_name(hostName), "set the host name of")
        try NodeView.check(lab_mount(lab_mount_private, nil, "/", nil), "make the mounts private for")
        for (name, _) in NodeView.privateFolders {
            // A machine may lack one, or have a symbolic link in its place.
            guard let path = resolvedPath(name), !hidden.contains(where: { $0.path == path }) else { continue }
            let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
            guard descriptor >= 0 else { throw ClusterError("open \(path) for", errorText(errno)) }
            hidden.append(Hidden(path: path, descriptor: descriptor))
        }
        var replacements = NodeView.replaceableFiles(hostName: hostName, hosts: hosts)
        if !resolver.isEmpty { replacements.append((try NodeView.resolverFile(), resolver)) }
        for (name, options) in NodeView.privateFolders {
            guard let path = resolvedPath(name), hidden.contains(where: { $0.path == path }) else { continue }
            try NodeView.check(lab_mount(lab_mount_memory, nil, path, options), "mount a new \(path) for")
        }
        for (path, text) in replacements { try replace(path, text) }
    }

    /// /etc/hosts and /etc/hostname, where the machine has them: without a file there is nothing to mount over, and
    /// the nodes' addresses do without names.
    private static func replaceableFiles(hostName: String, hosts: String) -> [(String, String)] {
        [("/etc/hosts", hosts), ("/etc/hostname", hostName + "\n")].compactMap { path, text in
            resolvedPath(path).map { ($0, text) }
        }
    }

    /// Where /etc/resolv.conf is; often it is a link into /run.
    private static func resolverFile() throws(ClusterError) -> String {
        guard let path = resolvedPath("/etc/resolv.conf") else {
            throw ClusterError(
                "name a name server to", "this machine has no /etc/resolv.conf; an empty one is enough")
        }
        return path
    }

    /// Shows a file with other contents.
    private func replace(_ path: String, _ text: String) throws(ClusterError) {
        if isHidden(path), let slash = path.lastIndex(of: "/") {
            // Its folder is the node's own.
            try NodeView.check(makeFolders(String(path[..<slash])), "write \(path) for")
            try NodeView.check(writeFile(path, text), "write \(path) for")
            return
        }
        // In memory, so that nothing is left on the disk, and in a file system that nobody sees again.
        guard let folder = hidden.first?.path else { return }
        try NodeView.check(lab_mount(lab_mount_memory, nil, folder, "size=1m"), "write \(path) for")
        defer { _ = lab_unmount(folder) }
        let source = folder + "/replacement"
        try NodeView.check(writeFile(source, text), "write \(path) for")
        try NodeView.check(lab_mount(lab_mount_bind, source, path, nil), "replace \(path) for")
    }

    private func isHidden(_ path: String) -> Bool {
        hidden.contains { path == $0.path || path.hasPrefix($0.path + "/") }
    }

    /// Lets the node see an existing file or folder that a private folder hides, at its own place. Harmless for any
    /// other path, and when called again.
    mutating func keep(_ path: String) throws(ClusterError) {
        try keep(path, links: 16)
    }

    private mutating func keep(_ path: String, links: Int) throws(ClusterError) {
        guard path.hasPrefix("/"), links > 0 else { return }
        guard let root = hidden.filter({ path.hasPrefix($0.path + "/") }).max(by: { $0.path.count < $1.path.count })
        else { return }
        let parts = path.dropFirst(root.path.count + 1).split(separator: "/").map(String.init)
        guard !parts.contains("..") else { return }
        var relative = ""
        for (index, part) in parts.enumerated() where part != "." {
            relative += relative.isEmpty ? part : "/" + part
            let place = root.path + "/" + relative
            if kept.contains(place) { return }
            let original = "/proc/self/fd/\(root.descriptor)/\(relative)"
            var information = stat()
            guard lstat(original, &information) == 0 else { return }
            let rest = parts[(index + 1)...]
            switch information.st_mode & S_IFMT {
            case S_IFLNK:
                try keepLink(original, place, rest: rest, links: links)
                return
            case S_IFDIR where !rest.isEmpty:
                if mkdir(place, 0o755) != 0 && errno != EEXIST {
                    throw ClusterError("show \(path) to", errorText(errno))
                }
            default:
                try bind(original, place, isFolder: information.st_mode & S_IFMT == S_IFDIR)
                return
            }
        }
    }

    private mutating func keepLink(
        _ original: String, _ place: String, rest: ArraySlice<String>, links: Int
    ) throws(ClusterError) {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink(original, &target, Int(PATH_MAX))
        guard length > 0 else { return }
        let text = String(decoding: target[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        if symlink(text, place) != 0 && errno != EEXIST { throw ClusterError("show \(place) to", errorText(errno)) }
        let folder = String(place[..<place.lastIndex(of: "/")!])
        try keep(([absolutePath(text, in: folder)] + rest).joined(separator: "/"), links: links - 1)
    }

    private mutating func bind(_ original: String, _ place: String, isFolder: Bool) throws(ClusterError) {
        if isFolder {
            try NodeView.check(makeFolders(place), "show \(place) to")
        } else {
            let descriptor = open(place, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644)
            guard descriptor >= 0 else { throw ClusterError("show \(place) to", errorText(errno)) }
            close(descriptor)
        }
        try NodeView.check(lab_mount(lab_mount_bind, original, place, nil), "show \(place) to")
        kept.insert(place)
    }

    private static func check(_ code: Int32, _ step: String) throws(ClusterError) {
        if code != 0 { throw ClusterError(step, errorText(code)) }
    }
}
