import CLinux
import Glibc

/// Names a file for as long as somebody holds it.
struct DiskFileKey: Hashable {
    var device: UInt64
    var inode: UInt64
}

/// Bytes of a file that may differ from what is on the disk.
struct DirtyRange {
    var start: Int64
    /// `Int64.max`: to the end of the file, wherever that will be.
    var end: Int64
    /// The threads that write it, and their calls: until a thread is known to have done its call, the range stays dirty
    /// over a sync.
    var writers: [(thread: Int32, call: UInt64)]
}

/// A file of a node's data directory: what a power failure would leave of it is in `synced`.
struct DiskFile {
    /// Relative to the data directory.
    var path: String
    /// The supervisor's own way to it; keeps the inode from being used again.
    let descriptor: Int32
    /// Holds what is on the disk; nil while that is the file itself.
    var synced: Int32?
    /// How much of it there is on the disk; known where there is a copy, and where somebody appends unseen.
    var syncedSize: Int64
    private(set) var dirty: [DirtyRange] = []
    /// Somebody writes without the supervisor's seeing it, through a mapping or a descriptor that it does not watch.
    var isWrittenUnseen = false
    /// Somebody has opened it for appending, and does so without the supervisor's seeing it: what is behind
    /// `syncedSize` is not on the disk.
    private(set) var isAppendedUnseen = false
    /// Somebody has opened it with O_APPEND, or with O_SYNC or O_DSYNC.
    var hasSpecialWriters = false

    private static let mostRanges = 256

    /// Notes that somebody will append. Nobody must have done so yet.
    mutating func willBeAppendedUnseen() {
        if synced == nil, !isAppendedUnseen { syncedSize = size }
        isAppendedUnseen = true
    }

    /// Notes that a call is about to write.
    mutating func mark(_ start: Int64, _ end: Int64, thread: Int32, call: UInt64) {
        if var last = dirty.last, start <= last.end, last.start <= end {
            last.start = min(last.start, start)
            last.end = max(last.end, end)
            last.add(thread, call)
            dirty[dirty.count - 1] = last
            return
        }
        dirty.append(DirtyRange(start: start, end: end, writers: [(thread, call)]))
        if dirty.count > DiskFile.mostRanges { collapse() }
    }

    private mutating func collapse() {
        var whole = dirty[0]
        for range in dirty.dropFirst() {
            whole.start = min(whole.start, range.start)
            whole.end = max(whole.end, range.end)
            for writer in range.writers { whole.add(writer.thread, writer.call) }
        }
        dirty = [whole]
    }

    /// Keeps only ranges for which `remains` holds.
    mutating func clean(_ remains: (DirtyRange) -> Bool) { dirty.removeAll { !remains($0) } }

    /// The dirty bytes of a file of that size, in order and without overlaps.
    func extents(size: Int64) -> [Range<Int64>] {
        if isWrittenUnseen { return size > 0 ? [0..<size] : [] }
        var result: [Range<Int64>] = []
        var dirty = dirty
        if isAppendedUnseen { dirty.append(DirtyRange(start: syncedSize, end: .max, writers: [])) }
        for range in dirty.sorted(by: { $0.start < $1.start }) {
            let end = min(range.end, size)
            guard range.start < end else { continue }
            if let last = result.last, range.start <= last.upperBound {
                result[result.count - 1] = last.lowerBound..<max(last.upperBound, end)
            } else {
                result.append(range.start..<end)
            }
        }
        return result
    }

    var size: Int64 { DiskFile.size(descriptor) }

    static func size(_ descriptor: Int32) -> Int64 {
        var information = stat()
        return fstat(descriptor, &information) == 0 ? Int64(information.st_size) : 0
    }

    /// Gives `synced` a copy of its own, while the file still holds what is on the disk.
    /// - Returns: 0, or an errno.
    mutating func separate(folder: String) -> Int32 {
        guard synced == nil else { return 0 }
        let copy = lab_nameless_file(folder)
        guard copy >= 0 else { return -copy }
        let size = isAppendedUnseen ? min(size, syncedSize) : size
        let code = FileCopy.copyData(from: descriptor, to: copy, in: 0..<size)
        guard code == 0, ftruncate(copy, off_t(size)) == 0 else {
            close(copy)
            return code == 0 ? EIO : code
        }
        synced = copy
        syncedSize = size
        return 0
    }

    /// Everything is on the disk: the file itself is what a copy would hold.
    mutating func dropCopy() {
        if let synced { close(synced) }
        synced = nil
    }

    /// No process is left.
    mutating func comeToRest() {
        clean { _ in false }
        isWrittenUnseen = false
        isAppendedUnseen = false
    }

    func release() {
        close(descriptor)
        if let synced { close(synced) }
    }
}

extension DirtyRange {
    fileprivate mutating func add(_ thread: Int32, _ call: UInt64) {
        if let index = writers.firstIndex(where: { $0.thread == thread }) {
            writers[index].call = max(writers[index].call, call)
        } else {
            writers.append((thread, call))
        }
    }
}
