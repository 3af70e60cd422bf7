import Testing

@testable import PolygraphLinearizability

/// A sequential object, spelled out naively: what the deciders are measured against.
protocol ReferenceObject: Sendable {
    associatedtype Operation: TimedOperation
    associatedtype State: Hashable
    var initial: State { get }
    /// The states that may follow; none if the operation cannot have had its answer in this state.
    func successors(of state: State, after operation: Operation) -> [State]
}

extension ReferenceObject {
    /// Tries every order of every choice of operations that may have happened.
    func isLinearizable(_ operations: [Operation]) -> Bool {
        var seen: Set<Visit<State>> = []
        return extend(0, initial, operations, &seen)
    }

    private func extend(
        _ done: UInt64, _ state: State, _ operations: [Operation], _ seen: inout Set<Visit<State>>
    ) -> Bool {
        let left = operations.indices.filter { done & 1 << UInt64($0) == 0 }
        if left.allSatisfy({ operations[$0].isCrashed }) { return true }
        guard seen.insert(Visit(done: done, state: state)).inserted else { return false }
        for place in left where !left.contains(where: { operations[$0].returned < operations[place].invoked }) {
            for next in successors(of: state, after: operations[place])
            where extend(done | 1 << UInt64(place), next, operations, &seen) {
                return true
            }
        }
        return false
    }

    /// What is wrong with an order that is said to be a linearization; `nil` if nothing is.
    func fault(of order: [Int32], in operations: [Operation]) -> String? {
        guard Set(order).count == order.count else { return "an operation twice" }
        let placed = Set(order)
        if let missing = operations.indices.first(where: { !operations[$0].isCrashed && !placed.contains(Int32($0)) }) {
            return "operation \(missing) is missing"
        }
        var latest = Int32.min
        var states: Set<State> = [initial]
        for place in order {
            let operation = operations[Int(place)]
            latest = max(latest, operation.invoked)
            if operation.returned < latest { return "operation \(place) returned before one that stands earlier" }
            states = Set(states.flatMap { successors(of: $0, after: operation) })
            if states.isEmpty { return "operation \(place) cannot have had its answer" }
        }
        return nil
    }
}

struct Visit<State: Hashable>: Hashable {
    var done: UInt64
    var state: State
}

/// How often the deciders said what, and the first thing that they got wrong.
struct Tally {
    var valid = 0
    var invalid = 0
    var undecided = 0
    var largestCore = 0
    private var failures = 0

    /// Compares a decision on a small history with exhaustive search.
    mutating func compare<Reference: ReferenceObject>(
        _ decision: Decision, on operations: [Reference.Operation], with reference: Reference
    ) {
        switch decision {
        case .undecided: undecided += 1
        case .valid(let order):
            valid += 1
            if let fault = reference.fault(of: order, in: operations) {
                let truth = reference.isLinearizable(operations)
                fail("said valid (truth: \(truth)), but \(fault); order \(order)", operations)
            }
        case .invalid(let core):
            invalid += 1
            largestCore = max(largestCore, core.count)
            let alone = core.sorted().map { operations[Int($0)] }
            if reference.isLinearizable(operations) {
                fail("said invalid, but it is valid; core \(core)", operations)
            } else if reference.isLinearizable(alone) {
                fail("the core is valid: \(core)", operations)
            } else if Set(core).count != core.count {
                fail("core repeats itself: \(core)", operations)
            }
        }
    }

    /// Checks a decision on a history that is too large to search, but known to be valid or invalid.
    mutating func confirm<Reference: ReferenceObject>(
        _ decision: Decision, isValid: Bool, on operations: [Reference.Operation], with reference: Reference
    ) {
        switch decision {
        case .undecided: undecided += 1
        case .valid(let order):
            valid += 1
            if !isValid {
                Issue.record("said valid of an invalid history of \(operations.count) operations")
            } else if let fault = reference.fault(of: order, in: operations) {
                Issue.record("said valid of \(operations.count) operations, but \(fault)")
            }
        case .invalid(let core):
            invalid += 1
            largestCore = max(largestCore, core.count)
            if isValid {
                Issue.record("said invalid of a valid history of \(operations.count) operations; core \(core)")
            } else if core.count <= 12, reference.isLinearizable(core.sorted().map { operations[Int($0)] }) {
                Issue.record("the core is valid: \(core)")
            }
        }
    }

    private mutating func fail<Operation>(_ message: String, _ operations: [Operation]) {
        failures += 1
        guard failures <= 3 else { return }
        let listing = operations.enumerated().map { "\($0.offset): \($0.element)" }.joined(separator: "\n")
        Issue.record("\(message)\n\(listing)")
    }

    /// Prints the tally and demands that both verdicts were common and undecided ones rare.
    func expectBalance(_ name: String, undecidedAtMost share: Double) {
        let total = valid + invalid + undecided
        print("\(name): \(valid) valid, \(invalid) invalid, \(undecided) undecided; largest core \(largestCore)")
        #expect(valid * 10 > total, "\(name)")
        #expect(invalid * 10 > total, "\(name)")
        #expect(Double(undecided) <= share * Double(total), "\(name)")
    }
}
