/// What a node's processes may use. Everything is nil where there is no limit.
public struct ResourceLimits: Hashable, Sendable {
    /// Millionths of one processor's time that all processes together get: 250,000 is a quarter of one processor.
    public var processorShare: Int64?
    /// Bytes of memory that all processes together may have; the largest process is killed when they want more.
    public var memory: Int64?
    /// How many file descriptors each process may have open. What is open beyond it stays open.
    public var fileDescriptors: Int64?
    /// Stops all processes again and again.
    public var slowdown: Slowdown?

    public init(
        processorShare: Int64? = nil, memory: Int64? = nil, fileDescriptors: Int64? = nil, slowdown: Slowdown? = nil
    ) {
        self.processorShare = processorShare
        self.memory = memory
        self.fileDescriptors = fileDescriptors
        self.slowdown = slowdown
    }

    public static let none = ResourceLimits()

    /// The stricter of the two in everything.
    public func combined(with other: ResourceLimits) -> ResourceLimits {
        func stricter(_ left: Int64?, _ right: Int64?) -> Int64? {
            guard let left, let right else { return left ?? right }
            return min(left, right)
        }
        var both = ResourceLimits(
            processorShare: stricter(processorShare, other.processorShare), memory: stricter(memory, other.memory),
            fileDescriptors: stricter(fileDescriptors, other.fileDescriptors), slowdown: slowdown ?? other.slowdown)
        if let mine = slowdown, let its = other.slowdown { both.slowdown = mine.share <= its.share ? mine : its }
        return both
    }
}

/// A duty cycle: all processes run for a while, and are stopped for a while.
public struct Slowdown: Hashable, Sendable {
    /// Nanoseconds.
    public var running: Int64
    /// Nanoseconds.
    public var stopped: Int64

    public init(running: Int64, stopped: Int64) {
        self.running = running
        self.stopped = stopped
    }

    /// The part of the time in which processes run.
    public var share: Double { Double(running) / Double(max(1, running + stopped)) }
}

/// What a change of limits did.
public struct LimitProof: Hashable, Sendable {
    /// Processes that the limits hold for now.
    public var processes: Int
    /// Nanoseconds that the change took.
    public var elapsed: Int64
    /// By resource (`processor`, `memory`, `file descriptors`, `slow-down`): what enforces the limit, as a sentence's
    /// part.
    public var mechanisms: [String: String]
    /// By resource, what was read back after the change: millionths of a processor, bytes, descriptors.
    public var inForce: [String: Int64]

    public init(processes: Int, elapsed: Int64, mechanisms: [String: String], inForce: [String: Int64]) {
        self.processes = processes
        self.elapsed = elapsed
        self.mechanisms = mechanisms
        self.inForce = inForce
    }
}

/// What a node's processes use.
public struct ResourceUse: Hashable, Sendable {
    public var processes: Int
    /// Nanoseconds of processor time that the living processes have had in their lives.
    public var processorTime: Int64
    /// Bytes of memory that they have now: as the control group counts them, or the sum of what is resident.
    public var memory: Int64
    /// The largest number of descriptors that one process has open.
    public var fileDescriptors: Int64
    /// The smallest limit of open descriptors among them; 0 without processes.
    public var fileDescriptorLimit: Int64
    /// How often limits have held the processes up since the node's first start.
    public var stops: Int64
    /// Nanoseconds of those.
    public var stoppedTime: Int64
    /// Processes killed because of a memory limit since the node's first start.
    public var outOfMemoryKills: Int64

    public init(
        processes: Int = 0, processorTime: Int64 = 0, memory: Int64 = 0, fileDescriptors: Int64 = 0,
        fileDescriptorLimit: Int64 = 0, stops: Int64 = 0, stoppedTime: Int64 = 0, outOfMemoryKills: Int64 = 0
    ) {
        self.processes = processes
        self.processorTime = processorTime
        self.memory = memory
        self.fileDescriptors = fileDescriptors
        self.fileDescriptorLimit = fileDescriptorLimit
        self.stops = stops
        self.stoppedTime = stoppedTime
        self.outOfMemoryKills = outOfMemoryKills
    }
}
