/// One mistake in a workload file or in an option that changes it.
public struct WorkloadFileError: Error, Hashable, CustomStringConvertible {
    public var mark: SourceMark
    /// The key that it is about, from the root: `faults[1].clock.bump`; empty for the file as a whole.
    public var keyPath: String
    /// What is wrong, and what was expected.
    public var message: String

    public init(_ mark: SourceMark, keyPath: String = "", _ message: String) {
        self.mark = mark
        self.keyPath = keyPath
        self.message = message
    }

    /// `my-kv.yaml:12:3: faults[1]: unknown key …`
    public var description: String {
        var text = mark.source
        if let line = mark.line { text += ":\(line)" }
        if let column = mark.column { text += ":\(column)" }
        if !keyPath.isEmpty { text += ": \(keyPath)" }
        return "\(text): \(message)"
    }
}

/// All mistakes that were found in a workload file.
public struct WorkloadFileErrors: Error, Hashable, CustomStringConvertible {
    /// More are not reported together: by then one mistake has caused the next.
    public static let limit = 20

    /// In the order of the file; at least one.
    public let errors: [WorkloadFileError]
    /// How many more there were.
    public let omitted: Int

    public init(_ errors: [WorkloadFileError]) {
        let sorted = errors.enumerated().sorted {
            let (left, right) = ($0.element.mark, $1.element.mark)
            return (left.line ?? 0, left.column ?? 0, $0.offset) < (right.line ?? 0, right.column ?? 0, $1.offset)
        }
        self.errors = sorted.prefix(Self.limit).map(\.element)
        omitted = max(0, errors.count - Self.limit)
    }

    /// One mistake a line.
    public var description: String {
        let lines = errors.map(\.description) + (omitted > 0 ? ["… and \(omitted) more"] : [])
        return lines.joined(separator: "\n")
    }
}
