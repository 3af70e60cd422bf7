import PolygraphHistory

/// A seed as it stands in `plan.json`: a number, or from 2⁶³ on its digits as text, because the numbers of a `Value`
/// end there.
public enum PlanSeed {
    public static func value(_ seed: UInt64) -> Value {
        Int64(exactly: seed).map(Value.integer) ?? .string(String(seed))
    }

    /// - Returns: nil where the value is no seed.
    public static func seed(_ value: Value) -> UInt64? {
        if let text = value.stringValue { return UInt64(text) }
        // A negative number is the same 64 bits.
        return value.integerValue.map(UInt64.init(bitPattern:))
    }
}
