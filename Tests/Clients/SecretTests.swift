import Foundation
import Testing

@testable import PolygraphClients

/// Secrets come from files and environment variables, and nobody repeats them.
@Suite struct SecretTests {
    private let folder = URL(fileURLWithPath: NSTemporaryDirectory())
        .appendingPathComponent("polygraph-secrets-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    private func file(_ text: String) throws -> SecretSource {
        let url = folder.appendingPathComponent(UUID().uuidString)
        try Data(text.utf8).write(to: url)
        return .file(url.path)
    }

    private func problem(_ source: SecretSource) -> String {
        do throws(AccessError) {
            _ = try source.read()
            return ""
        } catch {
            return error.description
        }
    }

    @Test func `a line break at the end does not belong to a secret`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        for text in ["s3cret", "s3cret\n", "s3cret\r\n"] { #expect(try file(text).read() == "s3cret") }
        #expect(try file("pass word ü\n").read() == "pass word ü")
    }

    @Test func `what is missing or no text is named, without what it holds`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        #expect(
            problem(.file(folder.path + "/none"))
                == "cannot read the file \(folder.path)/none: No such file or directory")
        #expect(problem(.environment("POLYGRAPH_NOT_SET")) == "the environment variable POLYGRAPH_NOT_SET is not set")
        #expect(problem(try file("\n")).contains("is empty"))
        for text in ["hidden\nInjected: yes", "hidden\0"] {
            let words = problem(try file(text))
            #expect(words.contains("more than one line") && !words.contains("hidden"))
        }
    }

    @Test func `they become headers`() throws {
        defer { try? FileManager.default.removeItem(at: folder) }
        let basic = HTTPAccessSpec(user: "Aladdin", password: try file("open sesame"))
        #expect(try basic.resolved(usesTLS: false).headers == "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==\r\n")
        let other = HTTPAccessSpec(bearer: try file("t0ken"), headers: ["X-Key": try file("k")])
        #expect(try other.resolved(usesTLS: false).headers == "Authorization: Bearer t0ken\r\nX-Key: k\r\n")
    }
}
