import CLinux

/// The numbers of a process's descriptors whose calls are watched, from the top down, so that few processes come near
/// them by themselves. Those at the bottom of them may be left to descriptors whose appends are not watched.
struct WatchedNumbers {
    private var watched: Range<Int32> = 0..<0
    private var appended: Range<Int32> = 0..<0
    private var next: Int32 = 0
    private var nextAppended: Int32 = 0

    init() {}

    init(_ numbers: lab_descriptor_numbers, leavesAppends: Bool) {
        let first = Int32(numbers.first)
        let middle = leavesAppends ? Int32(numbers.first_written) : first
        watched = middle..<Int32(numbers.end)
        appended = first..<middle
        next = watched.upperBound - 1
        nextAppended = appended.upperBound - 1
    }

    /// Whether there are numbers for descriptors whose appends are not watched.
    var leavesAppends: Bool { !appended.isEmpty }

    /// Whether calls on this number are watched, if perhaps not all.
    func contains(_ number: Int32) -> Bool { watched.contains(number) || appended.contains(number) }

    /// Whether appends by this number are not watched.
    func isAppended(_ number: Int32) -> Bool { appended.contains(number) }

    /// A number that is free in the process of a thread; nil where all are taken.
    mutating func free(in thread: Int32, appended isAppended: Bool) -> Int32? {
        isAppended
            ? WatchedNumbers.free(in: thread, appended, &nextAppended)
            : WatchedNumbers.free(in: thread, watched, &next)
    }

    private static func free(in thread: Int32, _ numbers: Range<Int32>, _ next: inout Int32) -> Int32? {
        for _ in numbers {
            let number = next
            next = number > numbers.lowerBound ? number - 1 : numbers.upperBound - 1
            if !lab_descriptor_exists(thread, number) { return number }
        }
        return nil
    }
}
