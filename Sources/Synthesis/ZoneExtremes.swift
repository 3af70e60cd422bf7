import PolygraphHistory

/// Histories of a register at the edges of the zone conditions (Gibbons and Korach, "Testing shared memories", 1997):
/// a value's zone reaches from the first end to the last begin of the operations that wrote or read it.
///
/// The history is a sequence of blocks, each over before the next begins.
enum ZoneExtremes {
    private static let operationsOfBlock = 4

    static func write(_ parameters: HistoryParameters, _ sink: inout EventSink, isBroken: Bool) {
        var random = SeededRandom(parameters.seed)
        var value: Int64 = 0
        let blocks = max(1, parameters.operations / operationsOfBlock)
        let broken = isBroken ? blocks - 1 - random.below((blocks + 9) / 10) : -1
        for block in 0..<blocks {
            switch random.below(4) {
            case _ where block == broken: touching(&value, &sink, overlaps: true)
            case 0: touching(&value, &sink, overlaps: false)
            case 1: nested(&value, &sink)
            case 2: backwardAtTheEdge(&value, &sink)
            default: readAtTheEdge(&value, &sink)
            }
        }
    }

    /// Two forward zones, the second beginning right after the end of the first; or, overlapping, right before it.
    private static func touching(_ value: inout Int64, _ sink: inout EventSink, overlaps: Bool) {
        let first = Value.integer(value + 1)
        let second = Value.integer(value + 2)
        value += 2
        sink.invoke(0, "write", first)
        sink.invoke(1, "write", second)
        sink.ok(0, "write", first)
        if overlaps { sink.ok(1, "write", second) }
        sink.invoke(2, "read")
        if !overlaps { sink.ok(1, "write", second) }
        sink.invoke(3, "read")
        sink.ok(2, "read", first)
        sink.ok(3, "read", second)
    }

    /// Four backward zones inside each other.
    private static func nested(_ value: inout Int64, _ sink: inout EventSink) {
        for client in 0..<4 { sink.invoke(client, "write", .integer(value + 1 + Int64(client))) }
        for client in (0..<4).reversed() { sink.ok(client, "write", .integer(value + 1 + Int64(client))) }
        value += 4
    }

    /// Backward zones that stand out of a forward zone by one event, at its begin and at its end.
    private static func backwardAtTheEdge(_ value: inout Int64, _ sink: inout EventSink) {
        let read = Value.integer(value + 1)
        let before = Value.integer(value + 2)
        let after = Value.integer(value + 3)
        value += 3
        sink.invoke(0, "write", read)
        sink.invoke(1, "write", before)
        sink.ok(0, "write", read)
        sink.ok(1, "write", before)
        sink.invoke(2, "write", after)
        sink.invoke(3, "read")
        sink.ok(2, "write", after)
        sink.ok(3, "read", read)
    }

    /// Reads that end one event after the invocation of their write, and one that begins one event before its end.
    private static func readAtTheEdge(_ value: inout Int64, _ sink: inout EventSink) {
        value += 1
        let written = Value.integer(value)
        sink.invoke(1, "read")
        sink.invoke(0, "write", written)
        sink.ok(1, "read", written)
        sink.invoke(2, "read")
        sink.ok(0, "write", written)
        sink.ok(2, "read", written)
        sink.run(3, "read", gets: written)
    }
}
