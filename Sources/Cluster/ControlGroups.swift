import CLinux
import Glibc
import Synchronization

/// The control groups of a lab's nodes: made where this user may make any, when the first limit is set, and removed
/// with the lab.
///
/// Version 1: below the controller's own groups. Version 2 forbids that (a group has processes or children), so that
/// the nearest group above is taken that lets its children control processor and memory.
final class ControlGroups: Sendable {
    /// A group, and the rules of which version it follows.
    struct Place: Hashable {
        var version: Int
        var folder: String
    }

    /// Where a node's processes are limited; nil where no group can do it.
    struct Places: Hashable {
        var processor: Place?
        var memory: Place?

        /// Every group once.
        var folders: [String] {
            [processor, memory].compactMap(\.?.folder).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }

        var words: [String] {
            [processor, memory].flatMap { [String($0?.version ?? 0), $0?.folder ?? ""] }
        }

        init(processor: Place? = nil, memory: Place? = nil) {
            self.processor = processor
            self.memory = memory
        }

        init?(words: [String]) {
            guard words.count == 4, let first = Int(words[0]), let second = Int(words[2]) else { return nil }
            processor = first > 0 ? Place(version: first, folder: words[1]) : nil
            memory = second > 0 ? Place(version: second, folder: words[3]) : nil
        }
    }

    private struct State {
        var places: [String: Places] = [:]
        var created: [String] = []
        var isEnded = false
    }

    private let state = Mutex(State())
    /// Tells these groups from those of others on the machine.
    private let label: String
    /// Sees to it that somebody removes a group when everybody here has been killed; false where nobody can.
    private let remember: @Sendable (_ folder: String) -> Bool

    /// Those of a lab.
    convenience init() {
        let sweeper = Sweeper()
        self.init(label: ControlGroups.worldNumber()) { sweeper?.remember($0) == true }
    }

    init(label: String, remember: @escaping @Sendable (_ folder: String) -> Bool) {
        self.label = label
        self.remember = remember
    }

    /// The groups of a node, made now where they do not exist.
    func places(of node: String) -> Places {
        state.withLock { state in
            if let known = state.places[node] { return known }
            if state.isEnded { return Places() }
            let made = ControlGroups.make("polygraph-\(label)-\(node)") { path in
                guard remember(path) else { return false }
                guard mkdir(path, 0o755) == 0 || errno == EEXIST else { return false }
                state.created.append(path)
                return true
            }
            state.places[node] = made
            return made
        }
    }

    /// Removes all groups; the processes in them must have ended.
    func remove() {
        state.withLock { state in
            state.isEnded = true
            state.places = [:]
            for folder in state.created.reversed() { ControlGroups.remove(folder) }
            state.created = []
        }
    }

    static func remove(_ folder: String) {
        // Processes that have been reaped take a moment to leave their group.
        for _ in 0..<100 where rmdir(folder) != 0 && errno == EBUSY { usleep(2000) }
    }

    /// Tells this world from any other on the machine.
    private static func worldNumber() -> String {
        var information = stat()
        return stat("/proc/self/ns/pid", &information) == 0 ? String(information.st_ino) : "0"
    }

    private static func make(_ name: String, create: (String) -> Bool) -> Places {
        func text(_ path: String) -> String { String(decoding: readFile(path, limit: 1 << 24) ?? [], as: UTF8.self) }
        let hierarchies = ControlGroupHierarchy.all(
            mounts: text("/proc/self/mountinfo"), groups: text("/proc/self/cgroup"))
        var places = Places()
        for hierarchy in hierarchies where hierarchy.version == 2 {
            for folder in hierarchy.ancestors where places.processor == nil && places.memory == nil {
                // What it lets its children control.
                let controllers = text(folder + "/cgroup.subtree_control").split { $0 == " " || $0 == "\n" }
                guard controllers.contains("cpu") || controllers.contains("memory"),
                    access(folder + "/cgroup.procs", W_OK) == 0, create(folder + "/" + name)
                else { continue }
                let place = Place(version: 2, folder: folder + "/" + name)
                if controllers.contains("cpu") { places.processor = place }
                if controllers.contains("memory") { places.memory = place }
            }
        }
        for hierarchy in hierarchies where hierarchy.version == 1 {
            let place = Place(version: 1, folder: hierarchy.ownFolder + "/" + name)
            let controls = hierarchy.controllers
            let wanted =
                controls.contains("cpu") && places.processor == nil
                || controls.contains("memory") && places.memory == nil
            guard wanted, access(hierarchy.ownFolder, W_OK) == 0, create(place.folder) else { continue }
            if controls.contains("cpu"), places.processor == nil { places.processor = place }
            if controls.contains("memory"), places.memory == nil { places.memory = place }
        }
        // A kernel may be built without bandwidth control.
        if let place = places.processor, access(place.folder + "/" + ControlGroup.shareFile(place), W_OK) != 0 {
            places.processor = nil
        }
        if let place = places.memory, access(place.folder + "/" + ControlGroup.memoryFile(place), W_OK) != 0 {
            places.memory = nil
        }
        return places
    }

    /// Makes a group and removes it again.
    /// - Returns: what groups could limit here: `processor`, `memory`.
    static func probe() -> Set<String> {
        var created: [String] = []
        let places = make("polygraph-probe-\(getpid())") { path in
            guard mkdir(path, 0o755) == 0 else { return false }
            created.append(path)
            return true
        }
        for folder in created.reversed() { remove(folder) }
        return Set(
            [("processor", places.processor), ("memory", places.memory)].compactMap { $1 == nil ? nil : $0 })
    }
}
