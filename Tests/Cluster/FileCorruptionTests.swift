import Foundation
import Testing

@testable import PolygraphCluster

/// Damage to files without any node.
@Suite struct FileCorruptionTests {
    private static let files = ["a.log", "b.log", "deep/c.log", "d.txt", "empty.log"]

    private func inFolder(_ body: (String) throws -> Void) throws {
        let folder = "/tmp/polygraph-corruption-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder + "/deep", withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for name in Self.files {
            try contents(name, name == "empty.log" ? 0 : 5000).write(to: URL(fileURLWithPath: folder + "/" + name))
        }
        try body(folder)
    }

    private func contents(_ name: String, _ count: Int) -> Data {
        Data((0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ name.utf8.count) })
    }

    private func read(_ folder: String) throws -> [String: Data] {
        try Dictionary(
            uniqueKeysWithValues: Self.files.map {
                ($0, try Data(contentsOf: URL(fileURLWithPath: folder + "/" + $0)))
            })
    }

    @Test(arguments: 0..<20)
    func `what is said to be changed is changed, and nothing else`(_ seed: UInt64) throws {
        for kind: FileCorruption.Kind in [.flip(bits: 3), .truncate(most: 100), .copy(length: 64), .zero(length: 700)] {
            try inFolder { folder in
                let before = try read(folder)
                let damage = try FileCorruption(kind, files: "*.log", limit: 2, seed: seed).apply(to: folder, of: "n1")
                let after = try read(folder)
                let paths = Set(damage.map(\.path))
                #expect(paths.count == 2 && paths.isSubset(of: ["a.log", "b.log", "deep/c.log"]))
                for name in Self.files {
                    let old = before[name]!
                    let new = after[name]!
                    let ranges = damage.filter { $0.path == name }.map { $0.offset..<($0.offset + $0.length) }
                    #expect(new.count == old.count || ranges == [Int64(new.count)..<Int64(old.count)])
                    for index in 0..<min(old.count, new.count) where old[index] != new[index] {
                        #expect(ranges.contains { $0.contains(Int64(index)) }, "\(kind) \(name) \(index)")
                    }
                    if case .flip = kind {
                        let bits = zip(old, new).reduce(0) { $0 + ($1.0 ^ $1.1).nonzeroBitCount }
                        #expect(bits == ranges.count || bits == ranges.count - 2)
                    } else if case .truncate = kind {
                        #expect(paths.contains(name) == (new.count < old.count))
                    }
                }
            }
        }
    }

    @Test func `the same seed does the same, another seed something else`() throws {
        func damage(_ seed: UInt64) throws -> [FileDamage] {
            var damage: [FileDamage] = []
            try inFolder { folder in
                damage = try FileCorruption(.flip(bits: 4), limit: 2, seed: seed).apply(to: folder, of: "n1")
            }
            return damage
        }
        #expect(try damage(7) == damage(7))
        #expect(try damage(7) != damage(8))
    }

    @Test func `a snapshot brings everything back, and says what that changed`() throws {
        try inFolder { folder in
            let before = try read(folder)
            let snapshot = try FileSnapshot(of: folder, matching: "*", node: "n1")
            #expect(snapshot.count == Self.files.count)
            #expect(try snapshot.restore(node: "n1").isEmpty)
            try Data([1, 2, 3]).write(to: URL(fileURLWithPath: folder + "/new"))
            try FileManager.default.removeItem(atPath: folder + "/deep")
            var longer = before["a.log"]!
            longer[17] ^= 1
            longer.append(contentsOf: [1, 2])
            try longer.write(to: URL(fileURLWithPath: folder + "/a.log"))
            let damage = try snapshot.restore(node: "n1")
            #expect(try read(folder) == before)
            #expect(!FileManager.default.fileExists(atPath: folder + "/new"))
            let changes = Dictionary(uniqueKeysWithValues: damage.map { ($0.path, "\($0.change) \($0.length)") })
            #expect(changes == ["new": "removed 3", "deep/c.log": "has come back 5000", "a.log": "rolled back 3"])
        }
    }
}
