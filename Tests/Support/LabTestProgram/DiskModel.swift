import Glibc

/// Random changes of files, and what a power failure leaves of them: by a model that keeps whole contents, and knows
/// nothing of ranges, copies and descriptors.
struct DiskModel {
    enum Step {
        case create(String)
        case write(String, offset: Int, byte: UInt8, count: Int)
        case append(String, byte: UInt8, count: Int)
        case appendSynchronously(String, byte: UInt8, count: Int)
        case writeMapped(String, offset: Int, byte: UInt8, synced: Bool)
        case truncate(String, Int)
        case empty(String)
        case sync(String)
        case syncFolder
        case rename(String, String)
        case remove(String)
    }

    private final class File {
        var now: [UInt8] = []
        var synced: [UInt8] = []
    }

    private static let names = ["a", "b", "sub/c", "sub/d", "e"]

    private var files: [String: File] = [:]
    private var synced: [String: File] = [:]
    /// Only the fsync of a folder makes names durable, and of one folder only.
    private let strict: Bool

    init(strict: Bool) { self.strict = strict }

    /// Steps that are possible one after the other. The folder `sub` is there and durable.
    /// - Parameter acrossFolders: whether files may be renamed from one folder into another one.
    static func steps(seed: UInt64, count: Int, acrossFolders: Bool) -> [Step] {
        var state = seed &* 2_862_933_555_777_941_757 &+ 3_037_000_493
        func draw(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var sizes: [String: Int] = [:]
        return (0..<count).map { _ in
            let name = names[draw(names.count)]
            guard let size = sizes[name] else {
                sizes[name] = 0
                return .create(name)
            }
            let byte = UInt8(1 + draw(255))
            switch draw(16) {
            case 0...2:
                let offset = draw(size + 5000)
                let count = 1 + draw(3000)
                sizes[name] = max(size, offset + count)
                return .write(name, offset: offset, byte: byte, count: count)
            case 3...5:
                let count = 1 + draw(3000)
                sizes[name] = size + count
                return .append(name, byte: byte, count: count)
            case 6:
                let count = 1 + draw(3000)
                sizes[name] = size + count
                return .appendSynchronously(name, byte: byte, count: count)
            case 7 where size > 0:
                return .writeMapped(name, offset: draw(size), byte: byte, synced: draw(2) == 0)
            case 8:
                let length = draw(size + 2000)
                sizes[name] = length
                return .truncate(name, length)
            case 9:
                sizes[name] = 0
                return .empty(name)
            case 10: return .syncFolder
            case 11:
                let other = names[draw(names.count)]
                let crosses = other.contains("/") != name.contains("/")
                if other == name || crosses && !acrossFolders { return .sync(name) }
                sizes[other] = size
                sizes[name] = nil
                return .rename(name, other)
            case 12:
                sizes[name] = nil
                return .remove(name)
            default: return .sync(name)
            }
        }
    }

    mutating func apply(_ step: Step) {
        func fill(_ file: File, _ offset: Int, _ byte: UInt8, _ count: Int) {
            while file.now.count < offset + count { file.now.append(0) }
            for index in offset..<(offset + count) { file.now[index] = byte }
        }
        switch step {
        case .create(let name): files[name] = File()
        case .write(let name, let offset, let byte, let count): fill(files[name]!, offset, byte, count)
        case .append(let name, let byte, let count): fill(files[name]!, files[name]!.now.count, byte, count)
        case .appendSynchronously(let name, let byte, let count):
            fill(files[name]!, files[name]!.now.count, byte, count)
            sync(name)
        case .writeMapped(let name, let offset, let byte, let isSynced):
            files[name]!.now[offset] = byte
            if isSynced { sync(name) }
        case .truncate(let name, let length):
            let file = files[name]!
            file.now = Array(file.now.prefix(length)) + [UInt8](repeating: 0, count: max(0, length - file.now.count))
        case .empty(let name): files[name]!.now = []
        case .sync(let name): sync(name)
        case .syncFolder:
            // The data directory itself.
            if strict { syncNames { !$0.contains("/") } } else { synced = files }
        case .rename(let name, let other):
            files[other] = files.removeValue(forKey: name)
        case .remove(let name): files[name] = nil
        }
    }

    private mutating func sync(_ name: String) {
        files[name]!.synced = files[name]!.now
        if !strict { synced = files }
    }

    private mutating func syncNames(_ chosen: (String) -> Bool) {
        for name in DiskModel.names where chosen(name) { synced[name] = files[name] }
    }

    /// Contents by name, after the power has failed.
    var left: [String: [UInt8]] { synced.mapValues(\.synced) }
}
