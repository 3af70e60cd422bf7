/// How one node of the sample Raft server runs.
public struct RaftOptions: Sendable, Equatable {
    /// A member of the cluster and where it listens.
    public struct Member: Sendable, Equatable {
        /// Position in the list of members, from 1.
        public var id: Int
        /// Name or IPv4 address; its peers dial it, and the node listens on it, if it is an address.
        public var host: String
        /// TCP port for the other members.
        public var peerPort: UInt16
        /// TCP port for clients (HTTP).
        public var clientPort: UInt16

        public init(id: Int, host: String, peerPort: UInt16, clientPort: UInt16) {
            self.id = id
            self.host = host
            self.peerPort = peerPort
            self.clientPort = clientPort
        }
    }

    /// The member that this process is.
    public var id: Int
    /// All nodes that are or may become members, this one included.
    public var members: [Member]
    /// The ids of those that are members from the beginning; which ones are later is in the log.
    public var initialMembers: [Int]
    /// Folder for log, snapshot, term and vote; created where missing.
    public var dataDirectory: String
    /// The mistakes that are switched on.
    public var bugs: Set<RaftBug>
    /// Shortest time without a leader after which a node campaigns; the longest is twice as long.
    public var electionTimeout: Duration
    /// How long a request may wait for its answer before the client gets an error.
    public var requestTimeout: Duration
    /// A snapshot is taken, and the log cut, after so many applied entries.
    public var snapshotEvery: Int

    public init(
        id: Int, members: [Member], initialMembers: [Int]? = nil, dataDirectory: String, bugs: Set<RaftBug> = [],
        electionTimeout: Duration = .milliseconds(150), requestTimeout: Duration = .seconds(2),
        snapshotEvery: Int = 10_000
    ) {
        self.id = id
        self.members = members
        self.initialMembers = initialMembers ?? members.map(\.id)
        self.dataDirectory = dataDirectory
        self.bugs = bugs
        self.electionTimeout = electionTimeout
        self.requestTimeout = requestTimeout
        self.snapshotEvery = snapshotEvery
    }

    /// This node's own entry in the list of members.
    var ownMember: Member? { members.first { $0.id == id } }

    /// Refuses options that cannot work, with a sentence that says why.
    func validate() throws(RaftError) {
        guard ownMember != nil else {
            throw RaftError("--id \(id) is not a position in --peers, which lists \(members.count) member(s)")
        }
        guard members.count <= 64 else { throw RaftError("at most 64 members are possible, not \(members.count)") }
        guard Set(members.map(\.id)).count == members.count else { throw RaftError("two members have the same id") }
        guard !initialMembers.isEmpty, Set(initialMembers).isSubset(of: members.map(\.id)),
            Set(initialMembers).count == initialMembers.count
        else { throw RaftError("--members names positions in --peers, each once and at least one") }
        guard snapshotEvery >= 1 else { throw RaftError("--snapshot-every must be at least 1") }
        guard electionTimeout >= .milliseconds(10), electionTimeout <= .seconds(60) else {
            throw RaftError("--election-timeout must be between 10ms and 60s")
        }
        guard requestTimeout >= .milliseconds(1), requestTimeout <= .seconds(3600) else {
            throw RaftError("the request timeout must be between 1ms and 1h")
        }
    }
}

/// Why the sample server could not start or had to stop, in a sentence for people.
public struct RaftError: Error, Equatable, CustomStringConvertible {
    public let message: String
    public var description: String { message }

    init(_ message: String) { self.message = message }
}
