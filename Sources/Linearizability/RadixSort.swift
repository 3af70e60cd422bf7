/// Sorts integers by their upper bits, in linear time.
enum RadixSort {
    /// Sorts keys most of which are near their places: each is moved there, unless that takes too long.
    static func sortNearlySorted(_ keys: inout [UInt64], bits: Int, shift: Int) {
        let isSorted = keys.withUnsafeMutableBufferPointer { keys in
            var moves = 16 * keys.count
            for place in keys.indices.dropFirst() {
                let key = keys[place]
                var free = place
                while free > 0 && keys[free - 1] > key {
                    keys[free] = keys[free - 1]
                    free -= 1
                }
                keys[free] = key
                moves -= place - free
                if moves < 0 { return false }
            }
            return true
        }
        if !isSorted { sort(&keys, bits: bits, shift: shift) }
    }

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
