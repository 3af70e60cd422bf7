// What goes between controller, agent and disk supervisor, as words.

extension DiskSupervision {
    var words: [String] { [String(level.rawValue), losesUnsyncedNames ? "1" : "0", isOptional ? "1" : "0"] }

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 3, let number = Int32(words[0]), let level = Level(rawValue: number) else { return nil }
        self.init(level, losesUnsyncedNames: words[1] == "1", isOptional: words[2] == "1")
    }
}

extension PowerFailure {
    var words: [String] { [remains.rawValue, String(granularity), String(seed)] }

    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count == 3, let remains = Remains(rawValue: words[0]), let granularity = Int(words[1]),
            let seed = UInt64(words[2])
        else { return nil }
        self.init(remains: remains, granularity: granularity, seed: seed)
    }
}

extension PowerFailureProof {
    var words: [String] {
        [processesKilled, Int(bytesLost), Int(bytesKept), filesRolledBack, namesUndone].map { String($0) }
    }

    init?(words: ArraySlice<String>) {
        let numbers = words.compactMap { Int($0) }
        guard numbers.count == 5 else { return nil }
        self.init(
            processesKilled: numbers[0], bytesLost: Int64(numbers[1]), bytesKept: Int64(numbers[2]),
            filesRolledBack: numbers[3], namesUndone: numbers[4])
    }
}

extension DurabilityCounters {
    init?(words: ArraySlice<String>) {
        let words = Array(words)
        guard words.count >= 3, let syncs = Int(words[2]) else { return nil }
        self.init(
            writes: Int(words[0]), bytesWritten: Int64(words[1]), syncs: syncs,
            syncTimes: words[3...].compactMap { Int64($0) })
    }
}
