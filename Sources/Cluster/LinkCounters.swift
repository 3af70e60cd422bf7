/// What a directed link has done since the lab began. Every frame that came in has been forwarded, cut, lost, dropped
/// by a queue or ended by a reset, or still waits; duplicates are forwarded in addition.
public struct LinkCounters: Hashable, Sendable {
    public var link: Link
    public var forwardedFrames: UInt64
    public var forwardedBytes: UInt64
    /// Frames that a cut, or a flapping link, has swallowed.
    public var cutFrames: UInt64
    public var lostFrames: UInt64 = 0
    /// Frames that found a queue full.
    public var queueDrops: UInt64 = 0
    /// Copies made of frames.
    public var duplicatedFrames: UInt64 = 0
    /// Frames of which bits were inverted.
    public var corruptedFrames: UInt64 = 0
    /// Frames that left after a later one, among those that met a policy.
    public var reorderedFrames: UInt64 = 0
    /// Frames that waited.
    public var delayedFrames: UInt64 = 0
    /// Nanoseconds that all of them together waited.
    public var delay: UInt64 = 0
    /// Resets of TCP connections.
    public var resets: UInt64 = 0

    public init(link: Link, forwardedFrames: UInt64, forwardedBytes: UInt64, cutFrames: UInt64) {
        self.link = link
        self.forwardedFrames = forwardedFrames
        self.forwardedBytes = forwardedBytes
        self.cutFrames = cutFrames
    }

    /// What has been done since `earlier`.
    public func since(_ earlier: LinkCounters) -> LinkCounters {
        var difference = self
        for counter in LinkCounters.all { difference[keyPath: counter] &-= earlier[keyPath: counter] }
        return difference
    }

    static var all: [WritableKeyPath<LinkCounters, UInt64>] {
        [
            \.forwardedFrames, \.forwardedBytes, \.cutFrames, \.lostFrames, \.queueDrops, \.duplicatedFrames,
            \.corruptedFrames, \.reorderedFrames, \.delayedFrames, \.delay, \.resets,
        ]
    }
}
