/// A cluster that somebody else runs, of which only the addresses are known.
public struct ExternalConfiguration: Hashable, Sendable {
    /// Host names or addresses, without a port: n1, n2, … in this order.
    public var endpoints: [String]

    public init(endpoints: [String]) { self.endpoints = endpoints }
}
