/// Sorts integers by their upper bits, in linear time.
enum RadixSort {
    /// Sorts by the bits from `shift` to `shift + bits`; equal ones keep their order.
    static func sort(_ keys: inout [UInt64], bits: Int, shift: Int) {
        if keys.count < 512 {
            // The lower bits hold the order of appearance, or nothing that matters.
            keys.sort()
            return
        }
        var other = [UInt64](repeating: 0, count: keys.count)
        let digitBits = 11
        var counts = [Int](repeating: 0, count: 1 << digitBits)
        var done = 0
        while done < bits {
            let place = UInt64(shift + done)
            for digit in counts.indices { counts[digit] = 0 }
            keys.withUnsafeBufferPointer { from in
                other.withUnsafeMutableBufferPointer { to in
                    counts.withUnsafeMutableBufferPointer { counts in
                        for key in from { counts[Int((key >> place) & 0x7ff)] &+= 1 }
                        var start = 0
                        for digit in counts.indices {
                            let count = counts[digit]
                            counts[digit] = start
                            start &+= count
                        }
                        for key in from {
                            let digit = Int((key >> place) & 0x7ff)
                            to[counts[digit]] = key
                            counts[digit] &+= 1
                        }
                    }
                }
            }
            swap(&keys, &other)
            done += digitBits
        }
    }
}
