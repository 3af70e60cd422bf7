import PolygraphCluster

/// The end of a node's program that no fault of the nemesis brought about.
struct NodeEnd: Hashable {
    /// For the history: `by signal 11`.
    let how: String
    /// For the report, without the node and the time: `ended by itself by signal 11`; nil where a fault explains it.
    let warning: String?

    /// - Parameter cause: who wanted it; nil: the transport does not know.
    /// - Returns: nil where the nemesis was at work.
    init?(_ cause: EndCause?, status: Int32?, signal: Int32?) {
        let words = signal.map { "by signal \($0)" } ?? "with status \(status ?? 0)"
        switch cause {
        case .requested?, .crashPoint?: return nil
        case .outOfMemory?:
            how = "for want of memory, under a limit"
            warning = nil
        case .machineOutOfMemory?:
            how = "by the kernel, for want of memory on this machine"
            warning = "was killed by the kernel, because this machine ran out of memory,"
        case .itself? where signal == 9:
            how = "by signal 9, of the node's own or from elsewhere"
            warning = "was killed by signal 9, which no fault sent, nor the kernel for want of memory,"
        case .itself?:
            how = words
            warning = "ended by itself \(words)"
        case nil:
            // The signal of the nemesis.
            if signal == 9 { return nil }
            how = words
            warning = "ended by itself \(words)"
        }
    }
}
