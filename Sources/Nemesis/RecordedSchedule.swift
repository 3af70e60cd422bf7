import PolygraphHistory

extension Schedule {
    /// The faults of this schedule as they really happened in a run: when each began and ended there, and on whom.
    ///
    /// Roles and triggers are resolved: what hit the primary, which was n3 then, hits n3. Faults that never began, and those that
    /// spared everybody to keep a majority, are left out.
    /// - Parameter history: of a run of this schedule.
    public func asRecorded(in history: History) -> Schedule {
        var recorded: [Int: PlannedFault] = [:]
        for event in history.operations where event.process == .nemesis {
            guard let id = event.value["fault"]?.integerValue, faults.indices.contains(Int(id)) else { continue }
            let isUndo = event.value["action"]?.stringValue == FaultEvent.Action.undo.rawValue
            switch event.value["stage"]?.stringValue.flatMap(FaultEvent.Stage.init) {
            case .intent? where isUndo: recorded[Int(id)]?.end = event.time
            case .intent?: recorded[Int(id)] = faults[Int(id)].pinned(at: event)
            case .effect? where !isUndo && event.value["proof"]?["skipped"] != nil: recorded[Int(id)] = nil
            default: continue
            }
        }
        return Schedule(numbering: recorded.values.sorted { $0.id < $1.id }, duration: duration)
    }
}

extension PlannedFault {
    /// The same on the nodes that an intent names.
    fileprivate func pinned(at intent: Operation) -> PlannedFault {
        var fault = self
        let recorded = intent.value["order"]?.elements?.compactMap { $0.stringValue.flatMap(Self.index) } ?? []
        if recorded.sorted() == order.sorted() { fault.order = recorded }
        fault.isPinned = true
        fault.start = intent.time
        // One that nobody undid lasted as long as it was meant to.
        fault.end = trigger == nil ? max(end, intent.time) : intent.time + (end - start)
        fault.trigger = nil
        fault.gap = 0
        return fault
    }
}
