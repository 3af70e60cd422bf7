import PolygraphHistory
import PolygraphRunner

extension NodeReader {
    /// `limits: {rate: 200/s, operations: 100000, bytes: 50MB}`
    /// - Parameter standard: what is meant by what the file does not say.
    func loadLimits(standard: LoadLimits) -> LoadLimits? {
        let form = "how much a run may ask of the cluster"
        guard let fields = mapping(form, known: ["rate", "operations", "bytes"]) else { return nil }
        var limits = standard
        if let field = fields["rate"] {
            if field.word == "unlimited" {
                limits.rate = nil
            } else if let rate = field.word.flatMap(Quantity.parseRate) {
                limits.rate = rate
            } else {
                field.expected("a rate above 0 such as 200/s, or `unlimited`")
            }
        }
        if let field = fields["operations"] { limits.operations = field.integer(1...Int.max, "a number of operations") }
        if let field = fields["bytes"] { limits.bytes = field.size(atLeast: 1) }
        return limits
    }

    /// What the keys of a run begin with; its own number follows.
    func keyPrefix() -> String? {
        guard let text = string("what keys begin with, such as polygraph-") else { return nil }
        let isFine = text.utf8.allSatisfy {
            (0x30...0x39).contains($0) || (0x61...0x7A).contains($0 | 0x20) || "-_.~/:".utf8.contains($0)
        }
        if isFine, text.utf8.count <= 100 { return text }
        fail("keys begin with letters, digits, `-`, `_`, `.`, `~`, `/` and `:`, at most 100; found `\(text)`")
        return nil
    }
}
