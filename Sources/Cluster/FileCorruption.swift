import CLinux
import Glibc

/// Damage to files, as disks and their firmware do it.
public struct FileCorruption: Hashable, Sendable {
    public enum Kind: Hashable, Sendable {
        /// So many drawn bits are flipped in each chosen file.
        case flip(bits: Int)
        /// The last bytes of each chosen file are cut off, a drawn number up to `most`.
        case truncate(most: Int64)
        /// A drawn piece of the file, of so many bytes, is copied over another one of it: a misdirected write.
        case copy(length: Int64)
        /// A drawn piece of so many bytes becomes zero: a write that was lost.
        case zero(length: Int64)
    }

    public var kind: Kind
    /// A pattern of fnmatch(3) for paths relative to the data directory; `*` matches slashes too.
    public var files: String
    /// At most so many of the fitting files are damaged, drawn; files without contents are never chosen.
    public var limit: Int
    /// Of the draws.
    public var seed: UInt64

    public init(_ kind: Kind, files: String = "*", limit: Int = 1, seed: UInt64 = 0) {
        self.kind = kind
        self.files = files
        self.limit = limit
        self.seed = seed
    }
}

/// A change of a file that its owner did not make.
public struct FileDamage: Hashable, Sendable {
    /// Relative to the data directory.
    public var path: String
    /// In bytes.
    public var offset: Int64
    public var length: Int64
    /// In words: `bit 3 flipped`, `7 bytes cut off`.
    public var change: String

    public init(path: String, offset: Int64, length: Int64, change: String) {
        self.path = path
        self.offset = offset
        self.length = length
        self.change = change
    }
}

extension FileCorruption {
    /// Damages files below a folder.
    func apply(to folder: String, of node: String) throws(ClusterError) -> [FileDamage] {
        let random = DrawnNumbers(seed: seed)
        var chosen = DataFolder.files(in: folder, matching: files).filter { $0.size > 0 }
        // By draws that depend on the names only, so that other files do not change the choice among these.
        chosen.sort { (random.key($0.path), $0.path) < (random.key($1.path), $1.path) }
        var damage: [FileDamage] = []
        for file in chosen.prefix(max(0, limit)) {
            let descriptor = open(folder + "/" + file.path, O_RDWR | O_CLOEXEC | O_NOFOLLOW)
            guard descriptor >= 0 else {
                throw ClusterError("corrupt \(file.path) of", node: node, errorText(errno))
            }
            defer { close(descriptor) }
            var drawn = random.derived(file.path)
            damage += try damageOne(file.path, descriptor, &drawn, node)
        }
        return damage
    }

    private func damageOne(
        _ path: String, _ descriptor: Int32, _ random: inout DrawnNumbers, _ node: String
    ) throws(ClusterError) -> [FileDamage] {
        let size = DiskFile.size(descriptor)
        guard size > 0 else { return [] }
        func check(_ code: Int32) throws(ClusterError) {
            if code != 0 { throw ClusterError("corrupt \(path) of", node: node, errorText(code)) }
        }
        switch kind {
        case .flip(let bits):
            var damage: [FileDamage] = []
            for _ in 0..<bits {
                let offset = Int64(random.next(below: UInt64(size)))
                let bit = random.next(below: 8)
                var byte: UInt8 = 0
                guard pread(descriptor, &byte, 1, off_t(offset)) == 1 else { continue }
                byte ^= 1 << UInt8(bit)
                try check(FileCopy.write(&byte, 1, to: descriptor, at: offset))
                damage.append(FileDamage(path: path, offset: offset, length: 1, change: "bit \(bit) flipped"))
            }
            return damage
        case .truncate(let most):
            let cut = 1 + Int64(random.next(below: UInt64(max(1, min(most, size)))))
            try check(ftruncate(descriptor, off_t(size - cut)) == 0 ? 0 : errno)
            return [FileDamage(path: path, offset: size - cut, length: cut, change: "\(cut) bytes cut off")]
        case .copy(let length):
            let count = min(max(1, length), size)
            let source = Int64(random.next(below: UInt64(size - count + 1)))
            let target = Int64(random.next(below: UInt64(size - count + 1)))
            var bytes = [UInt8](repeating: 0, count: Int(count))
            guard pread(descriptor, &bytes, bytes.count, off_t(source)) == bytes.count else { return [] }
            try check(FileCopy.write(&bytes, bytes.count, to: descriptor, at: target))
            let change = "overwritten with the \(count) bytes at \(source)"
            return [FileDamage(path: path, offset: target, length: count, change: change)]
        case .zero(let length):
            let count = min(max(1, length), size)
            let target = Int64(random.next(below: UInt64(size - count + 1)))
            let bytes = [UInt8](repeating: 0, count: Int(count))
            try check(FileCopy.write(bytes, bytes.count, to: descriptor, at: target))
            return [FileDamage(path: path, offset: target, length: count, change: "overwritten with zeros")]
        }
    }
}

extension DrawnNumbers {
    /// A drawn place for a name in an order.
    fileprivate func key(_ name: String) -> UInt64 {
        var drawn = derived(name)
        return drawn.next()
    }
}
