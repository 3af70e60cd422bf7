import PolygraphHistory

/// The models that users can name.
public enum ModelCatalog {
    /// A model with one line for `polygraph list models`.
    public struct Entry: Sendable {
        public let name: String
        /// One line on what it is and which functions it has.
        public let summary: String
        /// Makes the model with an initial value; null means absent.
        public let make: @Sendable (_ initial: Value) -> any Model
    }

    public static let entries: [Entry] = [
        Entry(name: "register", summary: "one value per key: read, write", make: { Register(initial: $0) }),
        Entry(
            name: "cas-register", summary: "one value per key: read, write, cas [from, to]",
            make: { CASRegister(initial: $0) }),
    ]

    /// The model of a name as in a workload file, or nil where there is none.
    /// - Parameter initial: the value before any operation; null means absent.
    public static func model(named name: String, initial: Value = .null) -> (any Model)? {
        entries.first { $0.name == name }?.make(initial)
    }
}
