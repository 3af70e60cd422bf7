/// Who stands between a client and its node, where somebody does: links are spoilt there.
public struct ConnectionRoute: Sendable {
    /// Waits until a connection to the port can be made; false where none can until the deadline, which is given in
    /// nanoseconds of `CLOCK_MONOTONIC`.
    public var admits: @Sendable (_ port: UInt16, _ deadline: Int64) -> Bool
    /// Takes over a connected, non-blocking descriptor, and gives the one that the client uses in its place; nil where
    /// there is none.
    public var adopts: @Sendable (_ descriptor: Int32, _ port: UInt16) -> Int32?

    public init(
        admits: @escaping @Sendable (_ port: UInt16, _ deadline: Int64) -> Bool,
        adopts: @escaping @Sendable (_ descriptor: Int32, _ port: UInt16) -> Int32?
    ) {
        self.admits = admits
        self.adopts = adopts
    }
}
