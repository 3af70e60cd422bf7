import Foundation
import Glibc
import PolygraphRunner
import Testing

@Suite struct RunFolderTests {
    private let root = "\(NSTemporaryDirectory())/polygraph-folders-\(UInt64.random(in: 0 ... .max))"

    @Test func `latest points to the newest run`() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        for content in ["one", "two"] {
            let folder = try RunFolder(root: root, name: "raft", seed: 1)
            try folder.write("report.txt", content.utf8)
            folder.markLatest()
            for link in ["latest", "raft/latest"] {
                let bytes = FileManager.default.contents(atPath: "\(root)/\(link)/report.txt")
                #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == content)
            }
        }
    }

    @Test func `a folder that cannot be made is an error that names it`() {
        let error = #expect(throws: RunError.self) { try RunFolder(root: "/proc/nowhere", name: "raft", seed: 1) }
        #expect(error?.description.contains("/proc/nowhere/raft/") == true)
    }

    @Test func `a full disk is an error that names the file`() throws {
        defer { try? FileManager.default.removeItem(atPath: root) }
        let folder = try RunFolder(root: root, name: "raft", seed: 1)
        #expect(symlink("/dev/full", folder.file("report.html")) == 0)
        let error = #expect(throws: RunError.self) { try folder.write("report.html", "text".utf8) }
        #expect(error?.description.contains("report.html: No space left on device") == true)
    }
}
