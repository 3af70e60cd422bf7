/// Decides histories of a semaphore: rises take a permit and succeed only if one is left, falls give one back and
/// succeed only if one is taken. With one permit it is a lock without owner. O(n log n).
///
/// The pairs of how many rises and falls may have taken effect at a moment are bounded from below by what has returned
/// and by each other (differences between zero and the number of permits), and pairs bounded so have a least one. So it
/// is enough to let an operation take effect when it returns, or when another that returns needs it; of the open ones
/// of a role the one that returns first, one that crashed if there is no other.
///
/// Cores: see `QuiescentCut`.
enum SemaphoreDecider {
    static func decide(_ operations: [CountedOperation], permits: Int) -> Decision {
        operations.withUnsafeBufferPointer { operations in
            guard permits > 0, !operations.contains(where: { $0.role == .observe }) else { return .undecided }
            let timeline = Timeline(operations)
            // What crashed has the key of what never returns, and so comes last.
            var rises = RankHeap(capacity: operations.count)
            var falls = RankHeap(capacity: operations.count)
            let isDone = FlatBuffer<Bool>(count: operations.count, repeating: false)
            var order = OperationOrder(capacity: operations.count)
            var taken = 0
            for rank in 0..<Int32(timeline.count) {
                let event = timeline.events[rank]
                let place = event >> 1
                let takesPermit = operations[Int(place)].role == .rise
                if event & 1 == 0 {
                    if takesPermit {
                        rises.insert(place, key: timeline.returned[place])
                    } else {
                        falls.insert(place, key: timeline.returned[place])
                    }
                    continue
                }
                guard !isDone[place] else { continue }
                if taken == (takesPermit ? permits : 0) {
                    var helper: Int32
                    repeat {
                        helper = takesPermit ? falls.removeFirst() : rises.removeFirst()
                    } while helper >= 0 && isDone[helper]
                    guard helper >= 0 else {
                        return .invalid(core: QuiescentCut.core(operations, timeline, before: rank))
                    }
                    isDone[helper] = true
                    order.append(helper)
                    taken += takesPermit ? -1 : 1
                }
                isDone[place] = true
                order.append(place)
                taken += takesPermit ? 1 : -1
            }
            return .valid(order: order.finish())
        }
    }
}
