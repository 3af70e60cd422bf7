import PolygraphHistory

/// Names what is wrong with a set.
struct SetDiagnosis {
    let scene: ObjectScene
    let initial: Set<Value>
    /// Whether additions and removals return whether they changed the set.
    let tellsChanges: Bool

    /// What an operation saw of an element: that it was there, or not.
    private struct Sighting {
        var place: Int
        var element: Value
        var isThere: Bool
    }

    private func isAdd(_ access: Access) -> Bool { ["add", "insert"].contains(access.invocation.function) }
    private func isRemove(_ access: Access) -> Bool { ["remove", "delete"].contains(access.invocation.function) }
    private func adds(_ element: Value) -> [Int] { scene.possible { isAdd($0) && $0.invocation.value == element } }
    private func removes(_ element: Value) -> [Int] {
        scene.possible { isRemove($0) && $0.invocation.value == element }
    }

    /// Whether the element was there, as the operation saw it; nil where it did not say.
    private func sees(_ place: Int, _ element: Value) -> Bool? {
        let access = scene.accesses[place]
        guard let answer = access.answer else { return nil }
        if access.invocation.function == "read" { return answer.elements.map { $0.contains(element) } }
        guard access.invocation.value == element, let told = answer.boolValue else { return nil }
        if ["contains", "lookup"].contains(access.invocation.function) { return told }
        guard tellsChanges else { return nil }
        // What changed the set found it as it was before.
        return isAdd(access) ? !told : isRemove(access) ? told : nil
    }

    /// Elements that the contradicting operations speak of, in a fixed order.
    private var elements: [Value] {
        var found: Set<Value> = []
        for place in scene.required {
            let access = scene.accesses[place]
            if access.invocation.function == "read" {
                found.formUnion(access.answer?.elements ?? [])
            } else {
                found.insert(access.invocation.value)
            }
        }
        return found.sorted { "\($0)" < "\($1)" }
    }

    func make() -> Diagnosis? {
        for element in elements {
            if let found = withoutSource(element) ?? vanished(element) ?? cameBack(element) ?? twice(element) {
                return found
            }
        }
        return nil
    }

    private func sightings(_ element: Value) -> [Sighting] {
        scene.certain { _ in true }.compactMap { place in
            sees(place, element).map { Sighting(place: place, element: element, isThere: $0) }
        }
    }

    private func deed(_ sighting: Sighting) -> String {
        let access = scene.accesses[sighting.place]
        if isAdd(access) || isRemove(access) {
            return "\(scene.who(sighting.place)) was told \(sighting.isThere == isRemove(access)) by "
                + "\(access.invocation.function) \(sighting.element)\(scene.node(sighting.place)) "
                + "(\(scene.name(sighting.place))), so that it was \(sighting.isThere ? "there" : "missing")"
        }
        return "\(scene.who(sighting.place)) saw \(sighting.element)\(sighting.isThere ? "" : " missing")"
            + "\(scene.node(sighting.place)) (\(scene.name(sighting.place)))"
    }

    private func withoutSource(_ element: Value) -> Diagnosis? {
        guard !initial.contains(element), let seen = sightings(element).first(where: \.isThere) else { return nil }
        let adds = adds(element).filter { $0 != seen.place }
        if adds.isEmpty {
            let failed = scene.accesses.indices.filter {
                isAdd(scene.accesses[$0]) && scene.accesses[$0].invocation.value == element && $0 != seen.place
            }
            return Diagnosis(
                name: failed.isEmpty ? .neverWritten : .failedWrite,
                summary: failed.isEmpty
                    ? "\(deed(seen)), which nobody ever added."
                    : "\(deed(seen)), which only failed operations added (\(scene.names(failed))).",
                why: "no other operation that can have happened adds \(element)", witnesses: failed)
        }
        guard adds.allSatisfy({ scene.precedes(seen.place, $0) }) else { return nil }
        return Diagnosis(
            name: .futureRead, summary: "\(deed(seen)) before anybody began to add it (\(scene.name(adds[0]))).",
            why: "the first operation that adds \(element), \(scene.name(adds[0])), was invoked after "
                + "\(scene.name(seen.place)) had returned", witnesses: [adds[0]])
    }

    /// Missing although it was there, and nobody can have removed it.
    private func vanished(_ element: Value) -> Diagnosis? {
        for missing in sightings(element) where !missing.isThere {
            let removals = removes(element).filter { $0 != missing.place }
            guard removals.allSatisfy({ scene.precedes(missing.place, $0) }) else { continue }
            if let add = adds(element).first(where: {
                scene.accesses[$0].isOK && scene.precedes($0, missing.place)
            }) {
                let seenLater = scene.possible { $0.isOK }.contains {
                    sees($0, element) == true && scene.precedes(missing.place, $0)
                }
                return Diagnosis(
                    name: seenLater ? .staleRead : .lostElement,
                    summary: "\(deed(missing)), although it had been added and acknowledged (\(scene.name(add)))"
                        + (seenLater ? "." : ", and nobody saw it later."),
                    why: "\(scene.name(add)) was over before \(scene.name(missing.place)) began, and nobody removed "
                        + "\(element) before that was over", witnesses: [add])
            }
            if let seen = sightings(element).first(where: {
                $0.isThere && scene.precedes($0.place, missing.place)
            }) {
                return Diagnosis(
                    name: .nonMonotonicRead,
                    summary: "\(deed(missing)) after it had been seen (\(scene.name(seen.place))).",
                    why: "\(scene.name(seen.place)) was over before \(scene.name(missing.place)) began, and nobody "
                        + "removed \(element) before that was over")
            }
            if initial.contains(element) {
                return Diagnosis(
                    name: .lostElement, summary: "\(deed(missing)), which is there from the beginning.",
                    why: "nobody removed \(element) before \(scene.name(missing.place)) was over")
            }
        }
        return nil
    }

    /// There although it had been removed, and nobody can have added it again.
    private func cameBack(_ element: Value) -> Diagnosis? {
        for seen in sightings(element) where seen.isThere {
            for remove in removes(element) where scene.accesses[remove].isOK && scene.precedes(remove, seen.place) {
                let adds = adds(element)
                guard adds.allSatisfy({ scene.precedes($0, remove) || scene.precedes(seen.place, $0) }) else {
                    continue
                }
                return Diagnosis(
                    name: .resurrectedValue,
                    summary: "\(deed(seen)) after it had been removed (\(scene.name(remove))).",
                    why: "\(scene.name(remove)) was over before \(scene.name(seen.place)) began, and nobody can have "
                        + "added \(element) after it", witnesses: [remove])
            }
        }
        return nil
    }

    /// Two operations that both changed the set in the same way, with none between them that changed it back.
    private func twice(_ element: Value) -> Diagnosis? {
        guard tellsChanges else { return nil }
        for isAddition in [true, false] {
            let changes = scene.certain {
                (isAddition ? isAdd($0) : isRemove($0)) && $0.invocation.value == element && $0.answer == .some(true)
            }
            let opposites = isAddition ? removes(element) : adds(element)
            for (first, second) in scene.pairs(changes) {
                let begin = min(scene.accesses[first].position, scene.accesses[second].position)
                let end = max(scene.accesses[first].returned, scene.accesses[second].returned)
                let between = opposites.contains {
                    scene.accesses[$0].position < end && scene.accesses[$0].returned > begin
                }
                if between { continue }
                return Diagnosis(
                    name: .lostUpdate,
                    summary:
                        "\(element) was \(isAddition ? "added" : "removed") twice (\(scene.names([first, second]))): "
                        + "both operations said that they changed the set.",
                    why: "after the first of \(scene.names([first, second])) the set \(isAddition ? "has" : "lacks") "
                        + "\(element), and nobody can have \(isAddition ? "removed" : "added") it in between")
            }
        }
        return nil
    }
}
