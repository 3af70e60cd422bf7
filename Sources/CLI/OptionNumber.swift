import ArgumentParser

/// Reads the numbers of the command line; a mistake says what was expected. Options that take them are parsed
/// `.unconditional`, so that a negative number is a wrong value and not another option.
enum OptionNumber {
    /// A whole number within limits.
    static func whole(_ range: ClosedRange<Int>) -> @Sendable (String) throws -> Int {
        { text in
            if let number = Int(text), range.contains(number) { return number }
            let limits =
                range.upperBound == .max ? "\(range.lowerBound) or more" : "\(range.lowerBound) to \(range.upperBound)"
            throw ValidationError("expected a whole number, \(limits)")
        }
    }

    /// The seed of a run.
    static func seed(_ text: String) throws -> UInt64 {
        if let seed = UInt64(text) { return seed }
        throw ValidationError("expected a whole number, 0 to \(UInt64.max)")
    }
}
