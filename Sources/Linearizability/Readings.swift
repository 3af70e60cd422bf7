extension LinearizabilityOptions {
    /// How a history is read, in one sentence without a full stop; the readings of different tools differ, and decide
    /// verdicts.
    /// - Parameters:
    ///   - initial: the state before any operation, as text.
    ///   - nullReadsConstrain: whether a read that returned null says that there was nothing.
    func readings(initial: String, nullReadsConstrain: Bool = true) -> String {
        let refused =
            switch failedCAS {
            case .mismatch: "a cas refused for a mismatch shows that the value was another"
            case .observes: "a failed cas shows that the value was another"
            case .ignored: "a refused cas shows nothing"
            }
        let nullRead =
            nullReadsConstrain ? "a read of null shows that there was nothing" : "a read of null shows nothing"
        return "initial value \(initial); \(refused); \(nullRead); any other failed operation did not happen; one of "
            + "unknown outcome took effect at any time after its invocation, or never"
    }
}
