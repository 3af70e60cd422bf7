/// `workload: {register: …}`: independent registers that clients read, write and compare-and-set.
public struct RegisterSpec: Hashable, Sendable {
    /// What is written.
    public enum Values: Hashable, Sendable {
        /// Every write of a key writes a value of its own, which makes checking nearly linear.
        case distinct
        /// One of so many values.
        case small(Int)
    }

    /// How often each function comes, relative to the others.
    public struct Mix: Hashable, Sendable {
        public var read: Double
        public var write: Double
        public var cas: Double

        public init(read: Double, write: Double, cas: Double) {
            self.read = read
            self.write = write
            self.cas = cas
        }
    }

    /// How many registers there are.
    public var keys: Int
    /// Whether there are compare-and-set operations.
    public var cas: Bool
    public var values: Values
    public var mix: Mix
    /// Whether every key is read again after the last fault has healed.
    public var finalReads: Bool

    public init(
        keys: Int = 20, cas: Bool = false, values: Values = .distinct, mix: Mix? = nil, finalReads: Bool = true
    ) {
        self.keys = keys
        self.cas = cas
        self.values = values
        self.mix = mix ?? Mix(read: 4, write: 3, cas: cas ? 3 : 0)
        self.finalReads = finalReads
    }
}
