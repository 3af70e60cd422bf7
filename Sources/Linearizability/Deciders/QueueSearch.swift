/// Decides histories of a first-in-first-out queue in which values may repeat, by a search from one place in the queue
/// to the next.
///
/// Let the `k`-th insertion of an order be e(k) and the `k`-th removal d(k); a queue says no more than that they carry
/// the same value and that e(k) comes before d(k). Given the two sequences, each operation may take effect at the
/// earliest instant that what is before it allows: T(e(k)) = max(T(e(k-1)), invocation of e(k)) and
/// T(d(k)) = max(T(d(k-1)), T(e(k)), invocation of d(k)). The sequences make a linearization if and only if each of
/// these instants is before the return of its operation. An answer "empty" after the `k`-th removal takes effect at an
/// instant from T(d(k)) and its invocation on, and T(e(k+1)) is not before it.
///
/// So what matters after `k` steps is which operations are behind, and the two instants: not what is in the queue, and
/// not how long it is. Operations that are behind differ only near those instants, so there are few such situations
/// even where insertions that overlapped have been taken out long after (a search that goes by time has to keep all
/// orders of these until then).
///
/// Of two operations of one kind and value of which one can take effect no later than the other and returns no later,
/// it goes first: exchanging the two in an order keeps it valid. Insertions that nobody removed come after all that
/// were. A removal that crashed may take any value out, the one that was invoked first always first. How many crashed
/// insertions of a value were used does not matter any more once there are as many as removals are left.
///
/// Depth first, the most urgent step first; situations from which no order is left are remembered, so none is gone
/// through twice.
struct QueueSearch {
    /// What is behind, as a list of integers: these fields, then the insertions behind the instant `insertTime` that
    /// have not taken effect, such removals, and by value, for each of which a crashed insertion was used, the last
    /// that was, or `~value` where there are enough for all removals.
    private enum Field {
        static let nextInsertion = 0
        static let nextRemoval = 1
        static let insertTime = 2
        static let removeTime = 3
        static let empties = 4
        static let crashedRemovals = 5
        static let waitingInsertions = 6
        static let waitingRemovals = 7
        static let count = 8
    }

    /// One step; the operations by their numbers in `QueueOperations`.
    private struct Step: BitwiseCopyable {
        /// Smaller is tried earlier.
        var urgency: UInt64
        /// The insertion, `~number` for one that crashed, or `Step.empties`.
        var insertion: Int32
        /// The removal, or `Step.crashed`.
        var removal: Int32

        static var empties: Int32 { Int32.min }
        static var crashed: Int32 { -1 }
    }

    private struct Frame: BitwiseCopyable {
        var situation: Int
        var firstStep: Int
        var nextStep: Int
    }

    private let operations: QueueOperations
    private let budget: Budget
    /// Steps that may be taken.
    private let limit: Int
    /// The most steps that were taken one after the other, and values of operations that were next there.
    private var deepest = 0
    private(set) var stuck: Set<Int32> = []
    /// Whether the budget ended the search, and not the limit of steps.
    private(set) var isOutOfBudget = false
    private var situations: [Int32] = []
    private var steps: [Step] = []
    private var frames: [Frame] = []
    private var dead = IntegerListSet()
    // Candidates for the next step.
    private var insertions: [Int32] = []
    private var removals: [Int32] = []

    /// - Parameter limit: how many steps may be taken.
    init(_ operations: QueueOperations, limit: Int, within budget: Budget) {
        self.operations = operations
        self.limit = limit
        self.budget = budget
    }

    /// Whether there is an order; nil when the limit or the budget did not suffice to know.
    mutating func run() -> Bool? {
        situations = [0, 0, -1, -1, 0, 0, 0, 0]
        if isDone(0) { return true }
        open(situation: 0)
        var turn = 0
        while let frame = frames.last {
            turn &+= 1
            if turn & 1023 == 0, budget.timeIsUp || bytes > budget.bytes / 2 {
                isOutOfBudget = true
                return nil
            }
            if turn > limit { return nil }
            guard frame.nextStep < steps.count else {
                close(frame)
                continue
            }
            frames[frames.count - 1].nextStep += 1
            let reached = situations.count
            take(steps[frame.nextStep], from: frame.situation)
            if isDone(reached) { return true }
            let isDead = situations.withUnsafeBufferPointer {
                dead.contains(UnsafeBufferPointer(rebasing: $0[reached...]))
            }
            if isDead { situations.removeSubrange(reached...) } else { open(situation: reached) }
        }
        return false
    }

    private var bytes: Int {
        situations.capacity * 4 + steps.capacity * MemoryLayout<Step>.stride
            + frames.capacity * MemoryLayout<Frame>.stride + dead.bytes
    }

    private func isDone(_ situation: Int) -> Bool {
        situations[situation + Field.waitingRemovals] == 0
            && Int(situations[situation + Field.nextRemoval]) == operations.removals.count
            && Int(situations[situation + Field.empties]) == operations.empties.count
    }

    private mutating func open(situation: Int) {
        frames.append(Frame(situation: situation, firstStep: steps.count, nextStep: steps.count))
        findSteps(situation)
        if frames.count > deepest, frames[frames.count - 1].firstStep == steps.count { noteStuck(situation) }
    }

    /// Notes the values around the furthest situation without a step.
    private mutating func noteStuck(_ situation: Int) {
        deepest = frames.count
        let waitingInsertions = situation + Field.count
        let waitingRemovals = waitingInsertions + Int(situations[situation + Field.waitingInsertions])
        let end = waitingRemovals + Int(situations[situation + Field.waitingRemovals])
        stuck.removeAll()
        func note(_ group: QueueOperations.Group, _ waiting: Range<Int>, _ next: Int32) {
            for place in waiting { stuck.insert(group.value[Int(situations[place])]) }
            if Int(next) < group.count { stuck.insert(group.value[Int(next)]) }
        }
        note(
            operations.insertions, waitingInsertions..<waitingRemovals, situations[situation + Field.nextInsertion])
        note(operations.removals, waitingRemovals..<end, situations[situation + Field.nextRemoval])
    }

    private mutating func close(_ frame: Frame) {
        situations.withUnsafeBufferPointer { dead.insert(UnsafeBufferPointer(rebasing: $0[frame.situation...])) }
        situations.removeSubrange(frame.situation...)
        steps.removeSubrange(frame.firstStep...)
        frames.removeLast()
    }

    // MARK: - Finding steps

    /// Appends all steps from a situation, the most urgent first.
    private mutating func findSteps(_ situation: Int) {
        let first = steps.count
        let insertTime = situations[situation + Field.insertTime]
        let removeTime = situations[situation + Field.removeTime]
        let nextEmpty = Int(situations[situation + Field.empties])
        let waitingInsertions = situation + Field.count
        let waitingRemovals = waitingInsertions + Int(situations[situation + Field.waitingInsertions])
        let usedInsertions = waitingRemovals + Int(situations[situation + Field.waitingRemovals])
        let nextInsertion = Int(situations[situation + Field.nextInsertion])
        let nextRemoval = Int(situations[situation + Field.nextRemoval])
        // Instants before which the next insertion, and the next of the others, have to take effect.
        var insertLimit = operations.insertions.firstReturn[nextInsertion]
        for place in waitingInsertions..<waitingRemovals {
            insertLimit = min(insertLimit, operations.insertions.returned[Int(situations[place])])
        }
        var limit = min(operations.removals.firstReturn[nextRemoval], operations.empties.firstReturn[nextEmpty])
        for place in waitingRemovals..<usedInsertions {
            limit = min(limit, operations.removals.returned[Int(situations[place])])
        }
        if nextEmpty < operations.empties.count {
            let time = max(removeTime, operations.empties.invoked[nextEmpty])
            if time < limit, time < insertLimit {
                steps.append(
                    Step(
                        urgency: UInt64(operations.empties.returned[nextEmpty]) << 32, insertion: Step.empties,
                        removal: Step.crashed))
            }
        }
        insertLimit = min(insertLimit, limit)
        operations.insertions.candidates(
            waiting: situations[waitingInsertions..<waitingRemovals], next: nextInsertion,
            before: insertLimit, into: &insertions)
        operations.removals.candidates(
            waiting: situations[waitingRemovals..<usedInsertions], next: nextRemoval,
            before: limit, into: &removals)
        for removal in removals {
            let value = operations.removals.value[Int(removal)]
            let urgency = UInt64(operations.removals.returned[Int(removal)]) << 32
            let crashed = nextCrashedInsertion(of: value, used: situations[usedInsertions...])
            var isCrashedOfUse = crashed >= 0 && operations.crashedInsertions.invoked[Int(crashed)] < insertLimit
            for insertion in insertions where operations.insertions.value[Int(insertion)] == value {
                let invoked = operations.insertions.invoked[Int(insertion)]
                if isCrashedOfUse,
                    invoked <= max(insertTime, operations.crashedInsertions.invoked[Int(crashed)])
                {
                    isCrashedOfUse = false
                }
                steps.append(
                    Step(
                        urgency: urgency | UInt64(operations.insertions.returned[Int(insertion)]),
                        insertion: insertion, removal: removal))
            }
            if isCrashedOfUse {
                steps.append(Step(urgency: urgency | 0xffff_ffff, insertion: ~crashed, removal: removal))
            }
        }
        let lost = Int(situations[situation + Field.crashedRemovals])
        if lost < operations.crashedRemovals.count, operations.crashedRemovals.invoked[lost] < limit {
            for insertion in insertions {
                let returned = UInt64(operations.insertions.returned[Int(insertion)])
                steps.append(
                    Step(urgency: 1 << 63 | returned, insertion: insertion, removal: Step.crashed))
            }
        }
        if steps.count - first > 1 { steps[first...].sort { $0.urgency < $1.urgency } }
    }

    /// The first crashed insertion of a value that was not used, any one where there are enough; -1 when there is none.
    private func nextCrashedInsertion(of value: Int32, used: ArraySlice<Int32>) -> Int32 {
        var next = operations.crashedStarts[Int(value)]
        for entry in used where self.value(ofUsed: entry) == value {
            if entry >= 0 { next = Int(entry) + 1 }
        }
        return next < operations.crashedStarts[Int(value) + 1] ? Int32(next) : -1
    }

    private func value(ofUsed entry: Int32) -> Int32 {
        entry < 0 ? ~entry : operations.crashedInsertions.value[Int(entry)]
    }

    // MARK: - Taking steps

    /// Appends the situation that a step leads to from the last one.
    private mutating func take(_ step: Step, from situation: Int) {
        var insertTime = situations[situation + Field.insertTime]
        var removeTime = situations[situation + Field.removeTime]
        var empties = Int(situations[situation + Field.empties])
        var lost = situations[situation + Field.crashedRemovals]
        (insertTime, removeTime) = times(step, insertTime, removeTime, empties: empties, lost: lost)
        if step.insertion == Step.empties {
            while empties < operations.empties.count, operations.empties.invoked[empties] <= removeTime { empties += 1 }
        } else if step.removal == Step.crashed {
            lost += 1
        }
        let waitingInsertions = situation + Field.count
        let waitingRemovals = waitingInsertions + Int(situations[situation + Field.waitingInsertions])
        let usedInsertions = waitingRemovals + Int(situations[situation + Field.waitingRemovals])
        let reached = situations.count
        situations.append(contentsOf: repeatElement(0, count: Field.count))
        let nextInsertion = appendWaiting(
            operations.insertions, waitingInsertions..<waitingRemovals,
            next: Int(situations[situation + Field.nextInsertion]), until: insertTime, without: step.insertion)
        let middle = situations.count
        let nextRemoval = appendWaiting(
            operations.removals, waitingRemovals..<usedInsertions,
            next: Int(situations[situation + Field.nextRemoval]), until: removeTime, without: step.removal)
        situations[reached + Field.waitingInsertions] = Int32(middle - reached - Field.count)
        situations[reached + Field.waitingRemovals] = Int32(situations.count - middle)
        situations[reached + Field.nextInsertion] = Int32(nextInsertion)
        situations[reached + Field.nextRemoval] = Int32(nextRemoval)
        situations[reached + Field.insertTime] = insertTime
        situations[reached + Field.removeTime] = removeTime
        situations[reached + Field.empties] = Int32(empties)
        situations[reached + Field.crashedRemovals] = lost
        appendUsed(usedInsertions..<reached, step, at: reached)
    }

    /// The two instants after a step.
    private func times(
        _ step: Step, _ insertTime: Int32, _ removeTime: Int32, empties: Int, lost: Int32
    ) -> (Int32, Int32) {
        if step.insertion == Step.empties {
            let time = max(removeTime, operations.empties.invoked[empties])
            return (time, time)
        }
        let inserted =
            step.insertion >= 0
            ? operations.insertions.invoked[Int(step.insertion)]
            : operations.crashedInsertions.invoked[Int(~step.insertion)]
        let removed =
            step.removal >= 0
            ? operations.removals.invoked[Int(step.removal)] : operations.crashedRemovals.invoked[Int(lost)]
        let time = max(insertTime, inserted)
        return (time, max(removeTime, time, removed))
    }

    /// Appends the operations invoked up to an instant that have not taken effect.
    /// - Returns: the first operation invoked later.
    private mutating func appendWaiting(
        _ group: QueueOperations.Group, _ before: Range<Int>, next: Int, until time: Int32, without taken: Int32
    ) -> Int {
        for place in before where situations[place] != taken { situations.append(situations[place]) }
        var number = next
        while number < group.count, group.invoked[number] <= time {
            if Int32(number) != taken { situations.append(Int32(number)) }
            number += 1
        }
        return number
    }

    /// Appends the crashed insertions used after a step that leads to the situation at `reached`.
    private mutating func appendUsed(_ before: Range<Int>, _ step: Step, at reached: Int) {
        if step.insertion == Step.empties || step.removal == Step.crashed {
            for place in before { situations.append(situations[place]) }
            return
        }
        let value = operations.removals.value[Int(step.removal)]
        var own = step.insertion < 0 ? ~step.insertion : Int32.max
        var place = before.lowerBound
        while place < before.upperBound, self.value(ofUsed: situations[place]) < value {
            situations.append(situations[place])
            place += 1
        }
        if place < before.upperBound, self.value(ofUsed: situations[place]) == value {
            if own == .max || situations[place] < 0 { own = situations[place] }
            place += 1
        }
        if own != .max { situations.append(own >= 0 && isEnough(after: own, at: reached) ? ~value : own) }
        while place < before.upperBound {
            situations.append(situations[place])
            place += 1
        }
    }

    /// Whether as many crashed insertions after one were invoked as removals of its value are left.
    private func isEnough(after crashed: Int32, at situation: Int) -> Bool {
        let value = operations.crashedInsertions.value[Int(crashed)]
        var left = operations.removals(of: value, from: situations[situation + Field.nextRemoval])
        let first = situation + Field.count + Int(situations[situation + Field.waitingInsertions])
        for place in first..<(first + Int(situations[situation + Field.waitingRemovals]))
        where operations.removals.value[Int(situations[place])] == value {
            left += 1
        }
        let last = Int(crashed) + left
        return last < operations.crashedStarts[Int(value) + 1]
            && (left == 0 || operations.crashedInsertions.invoked[last] <= situations[situation + Field.insertTime])
    }

    // MARK: - The order

    /// The order that the steps taken make, with the insertions that nobody removed at its end.
    func order() -> [Int32] {
        var order: [Int32] = []
        order.reserveCapacity(operations.insertions.count + operations.removals.count + operations.empties.count)
        var (insertTime, removeTime): (Int32, Int32) = (-1, -1)
        var empties = 0
        var lost: Int32 = 0
        var nextCrashed = operations.crashedStarts
        var isInserted = [Bool](repeating: false, count: operations.insertions.count)
        // Removals wait for the insertions that take effect before them.
        var waiting: [(place: Int32, time: Int32)] = []
        var nextWaiting = 0
        func remove(before time: Int32) {
            while nextWaiting < waiting.count, waiting[nextWaiting].time < time {
                order.append(waiting[nextWaiting].place)
                nextWaiting += 1
            }
        }
        for frame in frames {
            let step = steps[frame.nextStep - 1]
            (insertTime, removeTime) = times(step, insertTime, removeTime, empties: empties, lost: lost)
            if step.insertion == Step.empties {
                remove(before: .max)
                while empties < operations.empties.count, operations.empties.invoked[empties] <= removeTime {
                    order.append(operations.empties.places[empties])
                    empties += 1
                }
                continue
            }
            remove(before: insertTime)
            if step.insertion >= 0 {
                isInserted[Int(step.insertion)] = true
                order.append(operations.insertions.places[Int(step.insertion)])
            } else {
                let value = Int(operations.crashedInsertions.value[Int(~step.insertion)])
                order.append(operations.crashedInsertions.places[nextCrashed[value]])
                nextCrashed[value] += 1
            }
            if step.removal >= 0 {
                waiting.append((operations.removals.places[Int(step.removal)], removeTime))
            } else {
                waiting.append((operations.crashedRemovals.places[Int(lost)], removeTime))
                lost += 1
            }
        }
        for number in isInserted.indices where !isInserted[number] {
            insertTime = max(insertTime, operations.insertions.invoked[number])
            remove(before: insertTime)
            order.append(operations.insertions.places[number])
        }
        remove(before: .max)
        return order
    }
}
