/// What differs where somebody else runs the nodes.
extension Transport {
    public var startsNodes: Bool { true }

    public var spoilsNodeLinks: Bool { true }

    public func admitsConnection(to node: Int, port: UInt16, by deadline: Int64) -> Bool { true }

    public func adoptConnection(_ descriptor: Int32, to node: Int, port: UInt16) -> Int32? { descriptor }
}
