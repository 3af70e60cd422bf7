import PolygraphChecking
import PolygraphHistory
import PolygraphModels

/// The part of a history that proves an anomaly, as a history of its own.
///
/// What the anomaly cites stays as it was. Other operations of the key that changed nothing are left out; others that
/// may have changed something become `info`, so that they may have taken effect at any time or never, unless they
/// returned something that others must not contradict. Other events after the return at which the history became
/// impossible are left out. Indices and times stay.
public enum CoreFile {
    /// The events of the core.
    /// - Parameters:
    ///   - options: how the history was read; the check that confirms the core takes at most its limits.
    /// - Returns: nil where the result could not be shown to be invalid by itself, or the anomaly names no operation at
    ///   which the history became impossible.
    public static func core(
        of anomaly: Anomaly, in history: History, model: any Model, options: LinearizabilityOptions
    ) -> History? {
        guard let failedAt = anomaly.failedAt,
            let failed = history.invocations.first(where: { history.operations[$0].index == failedAt }),
            history.partner[failed] >= 0
        else { return nil }
        let end = Int(history.partner[failed])
        var confirming = options
        confirming.explainedKeys = 0
        let joinsKeys = joinsKeys(history, model)
        let cited = Set(anomaly.operations)
        // A proof that holds whatever came before needs what came before to have happened before.
        let start = history.invocations.first { cited.contains(history.operations[$0].index) } ?? 0
        let invoked =
            history.invocations.first {
                cited.contains(history.operations[$0].index) && $0 > start
            } ?? start
        // Where answers of operations that returned later count, all events are needed.
        let all = history.columns.count - 1
        for (required, start, end) in [
            (cited, 0, end), (cited, start, end), (cited, invoked, end), (nil, 0, end), (cited, 0, all), (nil, 0, all),
        ] {
            let events = events(
                of: anomaly.key, joinsKeys: joinsKeys, in: history, model: model, required: required, from: start,
                end: end)
            guard let core = try? History(events) else { continue }
            if Linearizable(model: model, options: confirming).check(core).verdict == .invalid { return core }
        }
        return nil
    }

    /// The core as JSON Lines; nil as for `core`.
    public static func render(
        _ anomaly: Anomaly, in history: History, model: any Model, options: LinearizabilityOptions
    ) -> [UInt8]? {
        guard let core = core(of: anomaly, in: history, model: model, options: options) else { return nil }
        var bytes: [UInt8] = []
        for event in core.operations { JSONLines.append(event, to: &bytes) }
        return bytes
    }

    /// Whether operations of all keys were judged together.
    private static func joinsKeys<M: Model>(_ history: History, _ model: M) -> Bool {
        JoinedKeys.isNeeded(history, model)
    }

    /// Whether an answer may say something. One that repeats the question says nothing, but a transaction whose reads
    /// found null does repeat it, and so may one whose question is true or false.
    private static func tells(_ answer: Value, _ invocation: Operation) -> Bool {
        answer != invocation.value || invocation.function == "txn" || answer.boolValue != nil
    }

    /// - Parameters:
    ///   - key: whose operations stay.
    ///   - joinsKeys: whether those of all keys do.
    ///   - required: indices of the invocations that stay as they are; nil for all that had returned by `end`.
    ///   - start: the position before which changes stay as they are if they were over by then.
    private static func events(
        of key: Value?, joinsKeys: Bool, in history: History, model: any Model, required: Set<Int>?,
        from start: Int, end: Int
    ) -> [Operation] {
        var events: [Int: Operation] = [:]
        for (position, event) in history.operations.enumerated() {
            // A write that a read saw before it began may be cited, though it is not needed.
            if position > end, !(required?.contains(event.index) ?? false) { continue }
            if event.process == .nemesis { events[position] = event }
            guard event.kind == .invoke, event.process != .nemesis, joinsKeys || event.key == key else {
                continue
            }
            let completion = history.completion(of: position)
            let partner = Int(history.partner[position])
            let isCited = required?.contains(event.index) ?? (partner >= 0 && partner <= end)
            if isCited && partner >= 0 {
                events[position] = event
                events[partner] = completion
                continue
            }
            guard completion?.kind != .fail else { continue }
            // What it would have answered by then, nobody had seen.
            let answer = partner <= end && completion?.kind == .ok ? completion?.value : nil
            let call = Call(
                function: event.function, input: event.value, output: answer,
                outcome: answer == .none ? .unknown : .happened,
                process: model.needsProcess ? event.process.number : nil, key: event.key)
            if model.isObserver(call) { continue }
            events[position] = event
            guard partner >= 0, partner <= end, var info = completion else { continue }
            if partner < start {
                events[partner] = info
                continue
            }
            if let answer, model.family != .register, answer != .null, tells(answer, event) {
                events[partner] = info
                continue
            }
            info.kind = .info
            info.value = event.value
            events[partner] = info
        }
        return events.sorted { $0.key < $1.key }.map(\.value)
    }
}
