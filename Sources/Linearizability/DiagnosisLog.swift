import PolygraphHistory

/// Names what is wrong with an append-only list, and with strings that are appended to.
struct LogDiagnosis {
    let scene: ObjectScene
    let initial: [Value]

    private func appends(_ value: Value) -> [Int] {
        scene.possible { $0.invocation.function == "append" && $0.invocation.value == value }
    }

    private func list(_ place: Int) -> [Value] { scene.accesses[place].answer?.elements ?? [] }

    private func deed(_ read: Int) -> String {
        "\(scene.who(read)) read the list\(scene.node(read)) (\(scene.name(read)))"
    }

    func make() -> Diagnosis? {
        let reads = scene.certain { $0.invocation.function == "read" && $0.answer?.elements != nil }
        for read in reads { if let found = wrongElements(read) { return found } }
        for (one, other) in scene.pairs(reads) { if let found = disagreement(one, other) { return found } }
        for read in reads { if let found = missing(read) { return found } }
        return nil
    }

    private func wrongElements(_ read: Int) -> Diagnosis? {
        var counts: [Value: Int] = [:]
        for value in list(read) { counts[value, default: 0] += 1 }
        for value in list(read) {
            let appends = appends(value)
            let copies = appends.count + initial.count { $0 == value }
            let count = counts[value] ?? 0
            if count <= copies { continue }
            if copies > 0 {
                return Diagnosis(
                    name: .duplicateAppend,
                    summary: "\(deed(read)), and \(value) stands in it \(count) times, but was appended only "
                        + "\(copies == 1 ? "once" : "\(copies) times").",
                    why: "\(value) stands in the list of \(scene.name(read)) more often than it was ever appended",
                    witnesses: appends)
            }
            let failed = scene.accesses.indices.filter {
                scene.accesses[$0].invocation.function == "append" && scene.accesses[$0].invocation.value == value
            }
            return Diagnosis(
                name: failed.isEmpty ? .neverWritten : .failedWrite,
                summary: "\(deed(read)), and \(value) stands in it, which "
                    + (failed.isEmpty
                        ? "nobody ever appended." : "only failed operations appended (\(scene.names(failed)))."),
                why: "no operation that can have happened appends \(value)", witnesses: failed)
        }
        return nil
    }

    private func disagreement(_ one: Int, _ other: Int) -> Diagnosis? {
        let (shorter, longer) = list(one).count <= list(other).count ? (one, other) : (other, one)
        if list(longer).starts(with: list(shorter)) {
            guard list(shorter).count < list(longer).count, scene.precedes(longer, shorter) else { return nil }
            return Diagnosis(
                name: .nonMonotonicRead,
                summary: "\(deed(shorter)) with \(Phrases.count(list(shorter).count, "element")), after "
                    + "\(list(longer).count) had been read (\(scene.name(longer))).",
                why:
                    "\(scene.name(longer)) was over before \(scene.name(shorter)) began, and the list never gets shorter"
            )
        }
        let place = zip(list(one), list(other)).enumerated().first { $0.element.0 != $0.element.1 }
        let position = place?.offset ?? 0
        return Diagnosis(
            name: .divergentOrder,
            summary:
                "Two reads of the list (\(scene.names([one, other]))) disagree: at position \(position) the one has "
                + "\(list(one)[position]) and the other \(list(other)[position]).",
            why: "whichever of \(scene.names([one, other])) came first, the other must begin with its list")
    }

    private func missing(_ read: Int) -> Diagnosis? {
        for append in scene.certain({ $0.invocation.function == "append" }) where scene.precedes(append, read) {
            let value = scene.accesses[append].invocation.value
            guard appends(value) == [append], !list(read).contains(value) else { continue }
            let seenLater = scene.possible { $0.invocation.function == "read" && $0.isOK }.contains {
                scene.precedes(read, $0) && list($0).contains(value)
            }
            return Diagnosis(
                name: seenLater ? .staleRead : .lostAppend,
                summary: "\(deed(read)) without \(value), which had been appended and acknowledged "
                    + "(\(scene.name(append)))\(seenLater ? "." : ", and nobody saw it later.")",
                why: "\(scene.name(append)) was over before \(scene.name(read)) began, and nothing leaves the list")
        }
        return nil
    }

    /// A string that lacks what was appended to it.
    static func lostAppend(_ scene: ObjectScene, initial: [Value: Value]) -> Diagnosis? {
        for read in scene.certain({ ["get", "read"].contains($0.invocation.function) }) {
            let key = scene.accesses[read].invocation.key
            guard key != .none else { continue }
            let found = scene.accesses[read].answer ?? .null
            guard let text = found == .null ? "" : found.stringValue else { continue }
            for append in scene.certain({ $0.invocation.function == "append" && $0.invocation.key == key }) {
                guard scene.precedes(append, read), let part = scene.accesses[append].invocation.value.stringValue,
                    !part.isEmpty, !contains(text, part)
                else { continue }
                // A put, or anything else that is not known here, may have replaced the string.
                let isReplaced = scene.possible {
                    !["get", "read", "append"].contains($0.invocation.function)
                        && $0.position < scene.accesses[read].returned
                        && $0.returned > scene.accesses[append].position
                }
                guard isReplaced.isEmpty else { continue }
                let seenLater = scene.possible {
                    ["get", "read"].contains($0.invocation.function) && $0.invocation.key == key && $0.isOK
                        && scene.accesses[read].precedes($0) && contains($0.answer?.stringValue ?? "", part)
                }
                let object = key.map { "key \($0)" } ?? "the string"
                return Diagnosis(
                    name: seenLater.isEmpty ? .lostAppend : .staleRead,
                    summary: "\(scene.who(read)) read \(Access.text(found)) from \(object)\(scene.node(read)) "
                        + "(\(scene.name(read))) without \(scene.accesses[append].invocation.value), which had been appended "
                        + "and acknowledged (\(scene.name(append))).",
                    why:
                        "\(scene.name(append)) was over before \(scene.name(read)) began, and nobody replaced the string "
                        + "in between")
            }
        }
        return nil
    }

    private static func contains(_ text: String, _ part: String) -> Bool {
        let text = Array(text.utf8)
        let part = Array(part.utf8)
        guard part.count <= text.count else { return false }
        return (0...(text.count - part.count)).contains { text[$0...].starts(with: part) }
    }
}
