import PolygraphHistory
import PolygraphModels

/// Locks with owners, and what is told once and for all.
extension FamilyDecision {
    /// Numbers for values or processes, in order of appearance.
    private struct Numbers<Key: Hashable> {
        private var numbers: [Key: Int32] = [:]
        var count: Int { numbers.count }

        mutating func number(of key: Key) -> Int32 {
            if let known = numbers[key] { return known }
            numbers[key] = Int32(numbers.count)
            return Int32(numbers.count - 1)
        }
    }

    private func call(_ operation: PartitionOperation) -> Call {
        columns.call(Int(operation.invoked), needsProcess: model.needsProcess)
    }

    func ownerMutex() -> Decision {
        guard let holder = model.initial as? LockHolder, holder == .free else { return .undecided }
        var owners = Numbers<Value>()
        var read: [LockOperation] = []
        for operation in operations {
            let call = call(operation)
            guard let function = LockFunction(call.function) else { return .undecided }
            guard let owner = call.input != .null ? call.input : call.process.map({ Value.integer(Int64($0)) }) else {
                return .undecided
            }
            read.append(
                LockOperation(
                    invoked: operation.invoked, returned: operation.returned,
                    action: function == .acquire ? .acquire : .release, owner: owners.number(of: owner)))
        }
        return OwnerLockDecider.decide(read, ownerCount: owners.count)
    }

    func fencedMutex() -> Decision {
        guard let first = model.initial as? FencedMutex.State, !first.isHeld, first.token == nil else {
            return .undecided
        }
        var owners = Numbers<Int32>()
        var read: [LockOperation] = []
        for operation in operations {
            let call = call(operation)
            guard let function = LockFunction(call.function), call.input == .null || function == .acquire else {
                return .undecided
            }
            var entry = LockOperation(
                invoked: operation.invoked, returned: operation.returned,
                action: function == .acquire ? .acquire : .release,
                owner: owners.number(of: columns.processes[Int(operation.invoked)]))
            if function == .acquire {
                if operation.isMandatory {
                    guard let token = call.output?.integerValue else { return .undecided }
                    entry.token = token
                } else {
                    // It may have taken any token.
                    return .undecided
                }
            }
            read.append(entry)
        }
        return FencedLockDecider.decide(read, ownerCount: owners.count)
    }

    func uniqueIDs() -> Decision {
        guard let first = model.initial as? Set<Value>, first.isEmpty else { return .undecided }
        return announcements { call in call.function == "generate" ? call.output.map { ($0, .null) } : nil }
    }

    func leaders() -> Decision {
        guard let first = model.initial as? [Value: Value], first.isEmpty else { return .undecided }
        return announcements { call in LeaderElection.observation(of: call) }
    }

    private func announcements(_ told: (Call) -> (Value, Value)?) -> Decision {
        var subjects = Numbers<Value>()
        var contents = Numbers<Value>()
        var read: [Announcement] = []
        var places: [Int32] = []
        for (place, operation) in operations.enumerated() where operation.isMandatory {
            let call = call(operation)
            guard model.problem(with: call) == nil, let (subject, content) = told(call) else { return .undecided }
            read.append(
                Announcement(
                    invoked: operation.invoked, returned: operation.returned, subject: subjects.number(of: subject),
                    content: contents.number(of: content)))
            places.append(Int32(place))
        }
        let decision =
            model.family == .uniqueIDs
            ? AnnouncementDecider.decideUnique(read, subjectCount: subjects.count)
            : AnnouncementDecider.decideLeaders(read, subjectCount: subjects.count)
        return renamed(decision, places)
    }

    func growOnlySet() -> Decision {
        guard let first = model.initial as? Set<Value>, first.isEmpty else { return .undecided }
        var elements = Numbers<Value>()
        var read: [GrowOnlySetOperation] = []
        var seen: [Int32] = []
        var places: [Int32] = []
        for (place, operation) in operations.enumerated() {
            let call = call(operation)
            switch SetFunction(call.function) {
            case .add:
                read.append(
                    GrowOnlySetOperation(
                        invoked: operation.invoked, returned: operation.returned,
                        element: elements.number(of: call.input)))
            case .read:
                if !operation.isMandatory { continue }
                guard let list = call.output?.elements else { return .undecided }
                let start = seen.count
                var own: Set<Int32> = []
                for element in list {
                    let number = elements.number(of: element)
                    if own.insert(number).inserted { seen.append(number) }
                }
                read.append(
                    GrowOnlySetOperation(
                        invoked: operation.invoked, returned: operation.returned, element: -1, start: Int32(start),
                        count: Int32(seen.count - start)))
            default: return .undecided
            }
            places.append(Int32(place))
        }
        return renamed(
            GrowOnlySetDecider.decide(read, readElements: seen, elementCount: elements.count), places)
    }
}
