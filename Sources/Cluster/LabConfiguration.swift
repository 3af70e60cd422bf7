/// What a lab looks like.
public struct LabConfiguration: Hashable, Sendable {
    /// How many nodes there are, 1 to 200: n1, n2, …
    public var nodeCount: Int
    /// Where every node has a folder of its own (`n1`, `n2`, …) with `stdout.log`, `stderr.log` and `data`. Created
    /// where it does not exist; existing logs are appended to.
    public var folder: String
    /// The first three numbers of all addresses: node n_i is `.i`, the controller `.254`.
    public var network: (UInt8, UInt8, UInt8) {
        get { (networkBytes[0], networkBytes[1], networkBytes[2]) }
        set { networkBytes = [newValue.0, newValue.1, newValue.2] }
    }
    private var networkBytes: [UInt8] = [10, 77, 0]

    /// Of everything that links leave to chance.
    public var seed: UInt64 = 1
    /// Where all packets are recorded, in the pcapng format; nil: nowhere.
    public var packetFile: String?
    /// Whether the nodes find each other's names by asking a name server, whose answers faults can change, and not in
    /// their /etc/hosts.
    public var asksNameServer = false

    public init(nodeCount: Int, folder: String) {
        self.nodeCount = nodeCount
        self.folder = folder
    }

    static let largestNodeCount = 200
    static let controllerNumber: UInt8 = 254

    func address(_ number: UInt8) -> String {
        (networkBytes + [number]).map { String($0) }.joined(separator: ".")
    }

    /// In network byte order.
    func binaryAddress(_ number: UInt8) -> UInt32 {
        (networkBytes + [number]).enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * UInt32($1.offset)) }
            .littleEndian
    }

    /// Of 24 bits, in network byte order.
    static let binaryMask = UInt32(0x00ff_ffff).littleEndian
}
