import PolygraphHistory

/// Histories whose every interval is laid out by hand.
enum ShapedHistories {
    /// Operation i overlaps i-1 and i+1 only; one write overlaps all.
    static func staircase(_ parameters: HistoryParameters, _ sink: inout EventSink) {
        var random = SeededRandom(parameters.seed)
        let steps = max(1, parameters.operations - 1)
        var object = SyntheticRegister(values: parameters.values, readPercent: 50, casPercent: 0)
        let long = object.act(&random, changes: true, takesEffect: false)
        sink.invoke(2, long.function.name, long.input)
        // The operations take effect in order, each while it is alone with the long one.
        let takesEffectAt = random.below(steps)
        var state = object.state
        var earlier: SyntheticStep?
        for step in 0..<steps {
            var next = object.act(&random, changes: false, takesEffect: true)
            if next.function == .read { next.output = state } else { state = next.input }
            if step == takesEffectAt { state = long.input }
            sink.invoke(step % 2, next.function.name, next.input)
            if let earlier { sink.ok((step + 1) % 2, earlier.function.name, earlier.output) }
            earlier = next
        }
        if let earlier { sink.ok((steps + 1) % 2, earlier.function.name, earlier.output) }
        sink.ok(2, long.function.name, long.output)
    }

    /// Half of the operations enqueue at the same time; the others dequeue one by one.
    static func reversedQueue(_ parameters: HistoryParameters, _ sink: inout EventSink) {
        let values = max(1, parameters.operations / 2)
        for value in 0..<values { sink.invoke(value, "enqueue", .integer(Int64(value))) }
        for value in 0..<values { sink.ok(value, "enqueue", .integer(Int64(value))) }
        for value in (0..<values).reversed() { sink.run(values, "dequeue", gets: .integer(Int64(value))) }
    }

    /// Pairs of values enqueued one after the other of which only the second is seen again: somebody must have taken
    /// the first. A dequeue that began one event before that was certain, and never ended, may have been it; broken,
    /// one of these begins one event later.
    static func tightCrashes(_ parameters: HistoryParameters, _ sink: inout EventSink, isBroken: Bool) {
        var random = SeededRandom(parameters.seed)
        let pairs = max(1, parameters.operations / 4)
        let broken = isBroken ? random.below(pairs) : -1
        for pair in 0..<pairs {
            let lost = Value.integer(Int64(2 * pair))
            let seen = Value.integer(Int64(2 * pair + 1))
            let crashing = 2 + pair
            sink.run(0, "enqueue", lost, gets: lost)
            sink.run(0, "enqueue", seen, gets: seen)
            sink.invoke(1, "dequeue")
            if pair != broken { sink.invoke(crashing, "dequeue") }
            sink.ok(1, "dequeue", seen)
            if pair == broken { sink.invoke(crashing, "dequeue") }
        }
        for pair in 0..<pairs { sink.emit(2 + pair, .info, "dequeue", .null, error: "timeout") }
    }

    /// Three operations a turn: a value leaves, the next one comes, and a dequeue between them finds nothing; broken,
    /// one of the values has surely come before the other may leave.
    static func squeezedEmpties(_ parameters: HistoryParameters, _ sink: inout EventSink, isBroken: Bool) {
        var random = SeededRandom(parameters.seed)
        let turns = max(1, parameters.operations / 3)
        let broken = isBroken ? random.below(turns) : -1
        sink.run(0, "enqueue", 0, gets: 0)
        for turn in 0..<turns {
            let leaves = Value.integer(Int64(turn))
            let comes = Value.integer(Int64(turn + 1))
            sink.invoke(0, "enqueue", comes)
            sink.invoke(2, "dequeue")
            if turn == broken { sink.ok(0, "enqueue", comes) }
            sink.invoke(1, "dequeue")
            if turn != broken { sink.ok(0, "enqueue", comes) }
            sink.ok(2, "dequeue", .null)
            sink.ok(1, "dequeue", leaves)
        }
    }

    /// A quarter of the operations pushes, half pops and pushes at the top at the same time, a quarter pops.
    static func deepStack(_ parameters: HistoryParameters, _ sink: inout EventSink) {
        var random = SeededRandom(parameters.seed)
        let depth = max(2, parameters.operations / 4)
        var stack: [Int64] = []
        var fresh: Int64 = 0
        func push() -> Value {
            fresh += 1
            stack.append(fresh)
            return .integer(fresh)
        }
        for _ in 0..<depth {
            let value = push()
            sink.run(0, "push", value, gets: value)
        }
        for _ in 0..<depth {
            // Either may have been first.
            let pushIsFirst = random.chance(percent: 50)
            var popped = Value.null
            if !pushIsFirst { popped = .integer(stack.removeLast()) }
            let pushed = push()
            if pushIsFirst { popped = .integer(stack.removeLast()) }
            sink.invoke(0, "push", pushed)
            sink.invoke(1, "pop")
            sink.ok(0, "push", pushed)
            sink.ok(1, "pop", popped)
        }
        while let value = stack.popLast() { sink.run(1, "pop", gets: .integer(value)) }
    }
}
