import PolygraphHistory

/// Names what is wrong with a counter, with or without the number before in the answer of an addition.
struct CounterDiagnosis {
    let scene: ObjectScene
    let initial: Int64
    /// Whether additions return the number before.
    let isFetching: Bool

    /// What an operation adds; nil for a read.
    private func amount(_ place: Int) -> Int64? {
        let input = scene.accesses[place].invocation.value
        switch scene.accesses[place].invocation.function {
        case "add", "fetch-and-add": return input.integerValue
        case "increment": return input.integerValue ?? 1
        case "decrement": return -(input.integerValue ?? 1)
        default: return nil
        }
    }

    /// The number that an operation saw; the answer of a plain addition tells none.
    private func seen(_ place: Int) -> Int64? {
        if amount(place) != nil && !isFetching { return nil }
        return scene.accesses[place].answer?.integerValue
    }

    func make() -> Diagnosis? {
        let observers = scene.certain { _ in true }.filter { seen($0) != nil }
        let changes = scene.possible { _ in true }.filter { (amount($0) ?? 0) != 0 }
        let isGrowing = changes.allSatisfy { (amount($0) ?? 0) > 0 }
        if isGrowing {
            for (one, other) in scene.pairs(observers) {
                let (first, second) = scene.precedes(one, other) ? (one, other) : (other, one)
                guard let before = seen(first),
                    let after = seen(second)
                else { continue }
                if before == after, (amount(first) ?? 0) > 0, (amount(second) ?? 0) > 0 {
                    return Diagnosis(
                        name: .lostUpdate,
                        summary:
                            "Two additions both met \(before) (\(scene.names([first, second]))): one of them is lost.",
                        why:
                            "after the first of \(scene.names([first, second])) the number is more than \(before), and "
                            + "nothing ever makes it less")
                }
                guard scene.precedes(first, second), after < before else { continue }
                return Diagnosis(
                    name: .nonMonotonicRead,
                    summary: "\(scene.who(second)) saw \(after)\(scene.node(second)) (\(scene.name(second))) after "
                        + "\(before) had been seen (\(scene.name(first))).",
                    why: "\(scene.name(first)) was over before \(scene.name(second)) began, and nothing ever makes the "
                        + "number less")
            }
        }
        for observer in observers {
            guard let value = seen(observer) else { continue }
            if let found = outOfBounds(observer, value, changes) { return found }
        }
        return nil
    }

    private func outOfBounds(_ observer: Int, _ value: Int64, _ changes: [Int]) -> Diagnosis? {
        var least = initial
        var most = initial
        var before: [Int] = []
        var maybe: [Int] = []
        for change in changes where change != observer {
            guard let amount = amount(change) else { continue }
            if scene.accesses[change].isOK, scene.precedes(change, observer) {
                least += amount
                most += amount
                before.append(change)
            } else if !scene.precedes(observer, change) {
                least += min(0, amount)
                most += max(0, amount)
                maybe.append(change)
            }
        }
        guard value < least || value > most else { return nil }
        let isLow = value < least
        let bound = isLow ? least : most
        return Diagnosis(
            name: isLow ? .readTooLow : .readTooHigh,
            summary:
                "\(scene.who(observer)) saw \(value)\(scene.node(observer)) (\(scene.name(observer))), but the number "
                + "was at \(isLow ? "least" : "most") \(bound).",
            why:
                "the number begins with \(initial); \(Phrases.count(before.count, "change")) that certainly came before "
                + "\(scene.name(observer)) and \(Phrases.count(maybe.count, "change")) that may have come before make "
                + "\(isLow ? "no less" : "no more") than \(bound)",
            witnesses: before.count + maybe.count <= 12 ? before + maybe : [])
    }
}
