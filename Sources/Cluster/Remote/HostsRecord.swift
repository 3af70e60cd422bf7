/// What it takes to heal the hosts of a run whose controller is gone.
public struct HostsRecord: Hashable, Sendable {
    /// Names the run on the hosts.
    public var run: String
    /// Where the runs' folders are.
    public var folder: String
    public var hosts: [Host]

    public struct Host: Hashable, Sendable {
        public var node: String
        /// The helper's program on the host.
        public var helper: String
        /// Nanoseconds by which the host's wall clock was ahead of this machine's, before anything was bent.
        public var clockOffset: Int64
        /// Which boot of which kernel it was.
        public var boot: String

        public init(node: String, helper: String, clockOffset: Int64, boot: String) {
            self.node = node
            self.helper = helper
            self.clockOffset = clockOffset
            self.boot = boot
        }
    }

    public init(run: String, folder: String, hosts: [Host]) {
        self.run = run
        self.folder = folder
        self.hosts = hosts
    }
}
