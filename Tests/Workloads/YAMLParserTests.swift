import PolygraphWorkloads
import Testing

@Suite struct YAMLParserTests {
    private func parse(_ text: String) throws -> YAMLNode { try YAMLParser.parse(Array(text.utf8), source: "f.yaml") }

    private func mistake(_ text: String) -> String {
        do throws(WorkloadFileError) {
            _ = try YAMLParser.parse(Array(text.utf8), source: "f.yaml")
            return "none"
        } catch {
            return error.description
        }
    }

    @Test func `every node and every key has its place`() throws {
        let root = try parse("a: 1\nb:\n  - 'x'\n  - {c: \"yé\", d: ~}\n")
        guard case .mapping(let entries) = root.content else {
            Issue.record("no mapping")
            return
        }
        #expect(entries.map(\.key) == ["a", "b"])
        #expect(entries.map(\.keyMark.line) == [1, 2])
        #expect(entries[0].value.content == .scalar("1", isPlain: true))
        #expect(entries[0].value.mark == SourceMark(source: "f.yaml", line: 1, column: 4))
        guard case .sequence(let elements) = entries[1].value.content else {
            Issue.record("no list")
            return
        }
        #expect(elements[0].content == .scalar("x", isPlain: false))
        #expect(elements[0].mark == SourceMark(source: "f.yaml", line: 3, column: 5))
        #expect(elements[1]["c"]?.content == .scalar("yé", isPlain: false))
        #expect(elements[1]["c"]?.mark == SourceMark(source: "f.yaml", line: 4, column: 9))
        #expect(elements[1]["d"]?.mark == SourceMark(source: "f.yaml", line: 4, column: 18))
    }

    @Test func `an alias repeats its anchor`() throws {
        let root = try parse("a: &x {k: [1, 2]}\nb: *x\n")
        #expect(root["a"]?.content == root["b"]?.content)
    }

    @Test(arguments: [
        ("", "f.yaml:1:1: the file is empty"), ("# nothing\n", "f.yaml:1:1: the file is empty"),
        ("a: 1\nb: 2\na: 3\n", "f.yaml:3:1: the key `a` stands here again (first on line 1)"),
        ("a:\n\t- x\n", "f.yaml:2:1: YAML: found character that cannot start any token"),
        ("a:\n\t- x\n", "indent with spaces"), ("a: [1, 2\nb: 3\n", "f.yaml:2:"),
        ("a: [1, 2\nb: 3\n", "that began on line 1"),
        ("a: {{x}}\n", "f.yaml:1:5: a key must be a word; a text with `{{placeholders}}` goes in quotes"),
        ("a: *x\n", "f.yaml:1:4: there is no anchor `&x` before this alias"),
        ("a: *\n", "f.yaml:1:"), ("a: !!int 3\n", "f.yaml:1:4: tags (`tag:yaml.org,2002:int`) are not understood"),
        ("a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document begins here"),
        ("a: \"x\n", "found unexpected end of stream"),
        ("a: b: c\n", "f.yaml:1:5: YAML: mapping values are not allowed"),
    ])
    func `mistakes have words and a place`(text: String, expected: String) {
        #expect(mistake(text).contains(expected), "\(mistake(text))")
    }

    @Test func `bytes that are no text have a place`() {
        do throws(WorkloadFileError) {
            _ = try YAMLParser.parse(Array("a: 1\nb: ".utf8) + [0xFF, 0xFE], source: "f.yaml")
            Issue.record("no error")
        } catch {
            #expect(error.description.hasPrefix("f.yaml:2:4: "))
            #expect(error.description.contains("UTF-8"))
        }
    }

    @Test func `a bomb of aliases is refused`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...9 {
            text +=
                "a\(level): &a\(level) [" + [String](repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
                + "]\n"
        }
        #expect(mistake(text).contains("more than 20000 values"))
    }

    @Test func `an abyss is refused, and so is a book`() {
        #expect(
            mistake(String(repeating: "[", count: 60) + String(repeating: "]", count: 60)).contains("nested too deeply")
        )
        #expect(mistake("a: " + String(repeating: "x", count: 2_000_000)).contains("larger than 1 MiB"))
    }

    @Test func `every prefix of a file is read or refused, never a crash`() {
        let bytes = Array(exampleText.utf8)
        for count in 0...bytes.count { _ = try? YAMLParser.parse(Array(bytes[..<count]), source: "f.yaml") }
    }
}
