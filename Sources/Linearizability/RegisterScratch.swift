extension RegisterZones {
    /// Memory that one thread uses for many partitions: the number of each value, where it has one in this round.
    final class Scratch {
        /// `round << 32 | number` by id.
        private var entries = FlatArray<UInt64>(zeros: 0)
        private var round: UInt64 = 0

        /// Begins a round, in which no value has a number yet.
        /// - Parameter valueCount: ids are below this.
        func start(_ valueCount: Int) {
            if entries.count < valueCount {
                entries = FlatArray(zeros: valueCount)
                round = 0
            }
            round += 1
            if round > UInt64(UInt32.max) {
                entries.base.update(repeating: 0, count: entries.count)
                round = 1
            }
        }

        /// The number of a value, or `next` when it had none until now.
        @inline(__always)
        func cluster(of value: Int32, next: Int32) -> Int32 {
            let entry = entries[Int(value)]
            if entry >> 32 == round { return Int32(truncatingIfNeeded: entry & 0xffff_ffff) }
            entries[Int(value)] = round << 32 | UInt64(UInt32(bitPattern: next))
            return next
        }
    }
}
