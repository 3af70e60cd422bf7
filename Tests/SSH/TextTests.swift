import Foundation
import Testing

@testable import PolygraphSSH

/// What needs no server: quoting, hashes, patterns, outputs that are cut.
struct TextTests {
    private static func run(_ words: [String], input: Data = Data()) throws -> Data {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: words[0])
        process.arguments = Array(words.dropFirst())
        let output = Pipe()
        let feed = Pipe()
        process.standardOutput = output
        process.standardInput = feed
        try process.run()
        try feed.fileHandleForWriting.write(contentsOf: input)
        try feed.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return data
    }

    @Test func `the shell takes quoted words as they are`() throws {
        var random = SystemRandomNumberGenerator()
        let alphabet = Array("'\"\\$`!*?[]{}()<>|&;#~ \t\nab=-%äß😀^")
        let words = (0..<300).map { _ in
            String((0..<Int.random(in: 0...8, using: &random)).map { _ in alphabet.randomElement(using: &random)! })
        }
        let script = "printf '%s\\0' " + ShellQuoting.join(words)
        let data = try TextTests.run(["/bin/sh", "-c", script])
        #expect(data == Data(words.flatMap { Array($0.utf8) + [0] }))
    }

    @Test func `hashes are those of sha256sum`() throws {
        for size in [0, 1, 55, 56, 63, 64, 65, 127, 128, 1_000, 100_003] {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255) }
            var sum = SHA256()
            var position = 0
            while position < size {
                let count = min(Int.random(in: 1...200), size - position)
                bytes[position..<position + count].withUnsafeBytes { sum.add($0) }
                position += count
            }
            let other = try TextTests.run(["/usr/bin/sha256sum"], input: Data(bytes)).prefix(64)
            #expect(Data(sum.finish().utf8) == other, "\(size)")
        }
    }

    @Test func `Base64 is Foundation's`() {
        for size in 0..<100 {
            let bytes = (0..<size).map { _ in UInt8.random(in: 0...255) }
            let text = Data(bytes).base64EncodedString()
            #expect(Base64.encode(bytes) == text)
            #expect(Base64.encode(bytes, padded: false) == text.replacingOccurrences(of: "=", with: ""))
            #expect(Base64.decode(text.utf8) == bytes)
        }
        #expect(Base64.decode("ab*d".utf8) == nil)
    }

    @Test func `patterns are those of fnmatch`() {
        var matches = 0
        for _ in 0..<20_000 {
            let name = String((0..<Int.random(in: 0...6)).map { _ in "ab.".randomElement()! })
            let pattern = String((0..<Int.random(in: 0...6)).map { _ in "ab.*?*".randomElement()! })
            let expected = fnmatch(pattern, name, 0) == 0
            if expected { matches += 1 }
            #expect(HostPattern.matches(name, pattern) == expected, "\(name) \(pattern)")
        }
        #expect(matches > 100)
    }

    @Test func `an output that is cut keeps its beginning and its end`() {
        for _ in 0..<200 {
            let limit = 2 * Int.random(in: 1...50)
            var collector = OutputCollector(limit: limit)
            var all: [UInt8] = []
            for _ in 0..<Int.random(in: 0...20) {
                let piece = (0..<Int.random(in: 0...30)).map { _ in UInt8.random(in: 97...122) }
                collector.add(piece)
                all += piece
            }
            let output = collector.output
            #expect(output.cutCount == max(0, all.count - limit))
            if output.cutCount == 0 {
                #expect(output.bytes == all)
            } else {
                #expect(output.bytes.starts(with: all.prefix(limit / 2)))
                #expect(output.bytes.suffix(limit / 2) == all.suffix(limit / 2))
                #expect(output.text.contains("\(output.cutCount) bytes are cut"))
            }
        }
    }

    @Test func `a preamble in any pieces is told from the command's own output`() {
        let text = Array("a login script\n\u{1}polygraph-group=4711\nfirst\n\u{1}polygraph-group=1\n".utf8)
        for _ in 0..<300 {
            var preamble = CommandPreamble(sudo: nil, password: [])
            var rest: [UInt8] = []
            var position = 0
            while position < text.count {
                let count = min(Int.random(in: 1...20), text.count - position)
                rest += preamble.take(output: text[position..<position + count])
                position += count
            }
            #expect(preamble.group == 4711)
            #expect(rest == Array("first\n\u{1}polygraph-group=1\n".utf8))
        }
    }
}
