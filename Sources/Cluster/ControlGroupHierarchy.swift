/// A mounted hierarchy of control groups, and this process's place in it.
struct ControlGroupHierarchy: Hashable {
    /// 1 or 2.
    var version: Int
    /// Of version 1: what it controls (`cpu`, `memory`, …). Version 2 says so in a file of each group.
    var controllers: Set<String>
    var mountPoint: String
    /// The folder of the group that this process is in; the mount point where that lies outside of what is mounted.
    var ownFolder: String

    /// - Parameters:
    ///   - mounts: /proc/self/mountinfo.
    ///   - groups: /proc/self/cgroup.
    static func all(mounts: String, groups: String) -> [ControlGroupHierarchy] {
        var paths: [(controllers: Set<String>, path: String)] = []
        for line in groups.split(separator: "\n") {
            // Number, names of controllers (none for version 2), path; only the path may hold a colon.
            let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3 else { continue }
            paths.append((Set(parts[1].split(separator: ",").map(String.init)), String(parts[2])))
        }
        return mounts.split(separator: "\n").compactMap { line in
            let fields = line.split(separator: " ").map(String.init)
            guard let dash = fields.firstIndex(of: "-"), dash > 5, fields.count > dash + 3 else { return nil }
            let root = fields[3]
            let mountPoint = fields[4]
            switch fields[dash + 1] {
            case "cgroup2":
                let path = paths.first { $0.controllers.isEmpty }?.path
                return ControlGroupHierarchy(
                    version: 2, controllers: [], mountPoint: mountPoint,
                    ownFolder: folder(path, root: root, mountPoint: mountPoint))
            case "cgroup":
                let options = Set(fields[dash + 3].split(separator: ",").map(String.init))
                guard let own = paths.first(where: { !$0.controllers.isDisjoint(with: options) }) else { return nil }
                return ControlGroupHierarchy(
                    version: 1, controllers: own.controllers.intersection(options), mountPoint: mountPoint,
                    ownFolder: folder(own.path, root: root, mountPoint: mountPoint))
            default: return nil
            }
        }
    }

    private static func folder(_ path: String?, root: String, mountPoint: String) -> String {
        guard let path else { return mountPoint }
        let base = root == "/" ? "" : root
        guard path == base || path.hasPrefix(base + "/") else { return mountPoint }
        let rest = path.dropFirst(base.count)
        return rest == "/" ? mountPoint : mountPoint + rest
    }

    /// The own folder and those above it, up to the mount point.
    var ancestors: [String] {
        var folders = [ownFolder]
        while let last = folders.last, last != mountPoint, let slash = last.lastIndex(of: "/"),
            last.hasPrefix(mountPoint + "/")
        {
            folders.append(String(last[..<slash]))
        }
        return folders
    }
}
