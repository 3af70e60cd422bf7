/// Who the members are, and since which entry. An entry that names the members counts from the moment a node has it in
/// its log, committed or not (Ongaro's dissertation, 4.1); if it is taken back, the members before it count again.
struct MemberHistory: Equatable, Sendable {
    private struct Change: Equatable, Sendable {
        var index: LogIndex
        var members: [NodeID]
    }

    private var base: [NodeID]
    private var changes: [Change] = []

    init(base: [NodeID]) { self.base = base }

    var current: [NodeID] { changes.last?.members ?? base }

    /// The latest entry that names members; 0 where it is part of a snapshot or there is none.
    var lastChange: LogIndex { changes.last?.index ?? 0 }

    /// The members as of an entry that is not in a snapshot yet.
    func members(at index: LogIndex) -> [NodeID] { changes.last { $0.index <= index }?.members ?? base }

    /// Takes note of entries that follow the others in the log. Returns whether any names members.
    @discardableResult mutating func record(_ entries: ArraySlice<LogEntry>, from firstIndex: LogIndex) -> Bool {
        let before = changes.count
        for (offset, entry) in entries.enumerated() {
            if let members = entry.members {
                changes.append(Change(index: firstIndex + LogIndex(offset), members: members))
            }
        }
        return changes.count > before
    }

    /// Forgets the entries from `index` on.
    mutating func truncate(from index: LogIndex) { changes.removeAll { $0.index >= index } }

    /// A snapshot covers everything up to `index`.
    mutating func compact(to index: LogIndex) {
        base = members(at: index)
        changes.removeAll { $0.index <= index }
    }
}

/// One member more or less.
enum MemberChange: Equatable, Sendable {
    case add(NodeID)
    case remove(NodeID)

    func applied(to members: [NodeID]) -> [NodeID] {
        switch self {
        case .add(let node): members.contains(node) ? members : (members + [node]).sorted()
        case .remove(let node): members.filter { $0 != node }
        }
    }
}

extension LogEntry {
    /// Distinguishes entries that name members from the store's commands.
    static let membersKind: UInt8 = 3

    init(term: Term, members: [NodeID]) {
        self.init(term: term, command: [Self.membersKind] + members)
    }

    /// The members that the entry names, if it is one that does.
    var members: [NodeID]? {
        guard command.first == Self.membersKind, command.count > 1, !command.contains(0) else { return nil }
        return Array(command.dropFirst())
    }
}
