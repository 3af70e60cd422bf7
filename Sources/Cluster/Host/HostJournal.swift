import CLinux
import Glibc

/// What a helper is about to change on its host, written down before: whoever comes after it can undo it.
struct HostJournal {
    enum Entry: Equatable {
        /// Rules of the packet filter and queues, under this name.
        case links(id: String)
        /// The host's clock, with what it takes to know the true time.
        case clock([String])
        /// A control group.
        case group(String)
        /// A process of ours: its number, and when it began, in the kernel's ticks.
        case process(Int32, began: UInt64)
        /// Everything before this has been undone.
        case undone

        var words: [String] {
            switch self {
            case .links(let id): ["links", id]
            case .clock(let record): ["clock"] + record
            case .group(let folder): ["group", folder]
            case .process(let number, let began): ["process", String(number), String(began)]
            case .undone: ["undone"]
            }
        }

        init?(words: [String]) {
            switch words.first {
            case "links" where words.count == 2: self = .links(id: words[1])
            case "clock": self = .clock(Array(words.dropFirst()))
            case "group" where words.count == 2: self = .group(words[1])
            case "process" where words.count == 3:
                guard let number = Int32(words[1]), let began = UInt64(words[2]) else { return nil }
                self = .process(number, began: began)
            case "undone": self = .undone
            default: return nil
            }
        }
    }

    private let path: String

    init(_ folder: HostFolder) { path = folder.journal }

    /// Adds entries, and returns when they are safe.
    func append(_ entries: [Entry]) throws(ClusterError) {
        let descriptor = Glibc.open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw ClusterError("write \(path) of", errorText(errno)) }
        defer { close(descriptor) }
        // A line before that a full disk has torn must not take this one with it.
        var bytes: [UInt8] = [UInt8(ascii: "\n")]
        for entry in entries {
            // Words hold no tabs: names of ours, numbers, and what the clock's record says.
            bytes += Array(entry.words.joined(separator: "\t").utf8) + [UInt8(ascii: "\n")]
        }
        let count = bytes.withUnsafeBytes { room in retrying { write(descriptor, room.baseAddress!, room.count) } }
        guard count == bytes.count, fsync(descriptor) == 0 else {
            throw ClusterError("write \(path) of", count < 0 ? errorText(Int32(-count)) : errorText(errno))
        }
    }

    /// What has not been undone, oldest first.
    func unfinished() -> [Entry] {
        guard let bytes = readFile(path, limit: 1 << 24) else { return [] }
        var entries: [Entry] = []
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            let words = String(decoding: line, as: UTF8.self).split(separator: "\t", omittingEmptySubsequences: false)
            guard let entry = Entry(words: words.map(String.init)) else { continue }
            if entry == .undone { entries.removeAll() } else { entries.append(entry) }
        }
        return entries
    }
}
