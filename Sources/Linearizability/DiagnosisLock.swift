import PolygraphHistory

/// Names what is wrong with a lock or a semaphore that starts free.
struct LockDiagnosis {
    let scene: ObjectScene
    let model: String

    private func isAcquire(_ access: Access) -> Bool { ["acquire", "lock"].contains(access.invocation.function) }
    private func isRelease(_ access: Access) -> Bool { ["release", "unlock"].contains(access.invocation.function) }

    /// Whoever may release what this operation acquired: anyone for an ownerless lock.
    private func sameOwner(_ first: Int, _ second: Int) -> Bool {
        if model == "mutex" { return true }
        return owner(first) == owner(second)
    }

    private func owner(_ place: Int) -> Value {
        let access = scene.accesses[place]
        let process = Value.integer(Int64(access.invocation.process.number ?? -1))
        // The value of a fenced lock is its token.
        return model == "fenced-mutex" || access.invocation.value == .null ? process : access.invocation.value
    }

    func make() -> Diagnosis? { backwards() ?? twoHolders() ?? wrongRelease() }

    private func backwards() -> Diagnosis? {
        guard model == "fenced-mutex" else { return nil }
        let acquires = scene.certain { isAcquire($0) && $0.answer?.integerValue != nil }
        for (one, other) in scene.pairs(acquires) {
            guard let token = scene.accesses[one].answer?.integerValue,
                let later = scene.accesses[other].answer?.integerValue
            else { continue }
            if token == later {
                return Diagnosis(
                    name: .tokenBackwards,
                    summary: "The token \(token) was given out twice (\(scene.names([one, other]))).",
                    why: "every acquisition must get a larger token than all before it, and "
                        + "\(scene.names([one, other])) both got \(token)")
            }
            let (first, second) = scene.precedes(one, other) ? (one, other) : (other, one)
            let before = max(token, later)
            let after = min(token, later)
            guard scene.precedes(first, second), scene.accesses[first].answer == .some(.integer(before)) else {
                continue
            }
            return Diagnosis(
                name: .tokenBackwards,
                summary:
                    "\(scene.who(second)) got the token \(after)\(scene.node(second)) (\(scene.name(second))) after "
                    + "\(before) had been given out (\(scene.name(first))).",
                why:
                    "every acquisition must get a larger token than all before it, and \(scene.name(first)), which got "
                    + "\(before), was over before \(scene.name(second)), which got \(after), began")
        }
        return nil
    }

    /// The releases that can have come after the acquisition, or before the other one of a pair.
    private func releases(between first: Int, _ second: Int) -> [Int] {
        let begin = min(scene.accesses[first].position, scene.accesses[second].position)
        let end = max(scene.accesses[first].returned, scene.accesses[second].returned)
        return scene.possible { isRelease($0) && $0.position < end && $0.returned > begin }
    }

    private func twoHolders() -> Diagnosis? {
        let acquires = scene.certain(isAcquire)
        for (one, other) in scene.pairs(acquires) {
            if model == "reentrant-mutex", owner(one) == owner(other) { continue }
            let (first, second) =
                scene.accesses[one].returned <= scene.accesses[other].returned ? (one, other) : (other, one)
            if model == "mutex" {
                guard releases(between: first, second).isEmpty else { continue }
            } else if owner(one) == owner(other) {
                let own = releases(between: first, second).filter {
                    releasesLock($0, of: first) || releasesLock($0, of: second)
                }
                guard own.isEmpty else { continue }
            } else {
                // Both hold it from their return until their own release begins.
                guard heldUntil(first) > scene.accesses[second].returned,
                    heldUntil(second) > scene.accesses[second].returned
                else { continue }
            }
            let holders =
                scene.who(first) == scene.who(second)
                ? "\(scene.who(first)) acquired the lock twice (\(scene.names([first, second])))"
                : "\(scene.who(first)) (\(scene.name(first))) and \(scene.who(second).lowercasedFirst) "
                    + "(\(scene.name(second))) held the lock at the same time"
            return Diagnosis(
                name: .twoHolders, summary: "\(holders), with no release between.",
                why:
                    "\(scene.names([first, second])) both acquired the lock, and no operation that could release what the "
                    + "one acquired came before the other was over")
        }
        return nil
    }

    /// Whether a release may be of what the operation acquired.
    private func releasesLock(_ release: Int, of acquire: Int) -> Bool {
        if model == "fenced-mutex", scene.accesses[release].invocation.value != .null {
            return scene.accesses[acquire].answer == .some(scene.accesses[release].invocation.value)
        }
        return sameOwner(release, acquire)
    }

    /// The position up to which the acquirer certainly holds the lock.
    private func heldUntil(_ acquire: Int) -> Int {
        let releases = scene.possible {
            isRelease($0) && $0.returned > scene.accesses[acquire].position
        }.filter { releasesLock($0, of: acquire) }
        return releases.map { scene.accesses[$0].position }.min() ?? .max
    }

    private func wrongRelease() -> Diagnosis? {
        let releases = scene.certain(isRelease)
        for release in releases {
            let acquires = scene.possible {
                isAcquire($0) && $0.position < scene.accesses[release].returned
            }.filter { releasesLock(release, of: $0) || !scene.accesses[$0].isOK && model == "fenced-mutex" }
            if acquires.isEmpty {
                return Diagnosis(
                    name: .wrongRelease,
                    summary: "\(scene.who(release)) released the lock\(scene.node(release)) (\(scene.name(release))), "
                        + (model == "mutex" ? "but nobody had acquired it." : "but had not acquired it."),
                    why: "no acquisition that \(scene.name(release)) could undo began before it was over")
            }
        }
        for (first, second) in scene.pairs(releases) where sameOwner(first, second) && model != "fenced-mutex" {
            let begin = min(scene.accesses[first].position, scene.accesses[second].position)
            let end = max(scene.accesses[first].returned, scene.accesses[second].returned)
            let acquires = scene.possible {
                isAcquire($0) && $0.position < end && ($0.returned > begin || model == "reentrant-mutex")
            }.filter { sameOwner($0, first) }
            let isReentrant = model == "reentrant-mutex"
            guard acquires.count < (isReentrant ? 2 : 1) else { continue }
            let numbers = scene.names([first, second])
            return Diagnosis(
                name: .wrongRelease,
                summary: "The lock was released twice (\(numbers)) "
                    + (isReentrant ? "by one who had not acquired it twice." : "without an acquisition between."),
                why: isReentrant
                    ? "\(numbers) each undo one acquisition, and fewer began before both were over"
                    : "after the first of \(numbers) the lock is not held by who released it, and no acquisition can "
                        + "have come between them")
        }
        return nil
    }

    /// More permits taken than a semaphore has free at the start.
    func permits(free: Int64) -> Diagnosis? {
        func amount(_ place: Int) -> Int64 { scene.accesses[place].invocation.value.integerValue ?? 1 }
        for last in scene.certain(isAcquire) {
            let end = scene.accesses[last].returned
            let acquires = scene.certain { isAcquire($0) && $0.returned <= end }
            let releases = scene.possible { isRelease($0) && $0.position < end }
            let taken = acquires.reduce(0) { $0 + amount($1) }
            let back = releases.reduce(0) { $0 + amount($1) }
            guard taken - back > free else { continue }
            return Diagnosis(
                name: .tooManyPermits,
                summary:
                    "\(Phrases.count(Int(taken - back), "permit")) were taken at once (\(scene.names(acquires))), of "
                    + "\(free).",
                why:
                    "\(scene.names(acquires)) took \(taken) by the return of \(scene.name(last)), and at most \(back) can "
                    + "have been given back by then",
                witnesses: releases)
        }
        return nil
    }
}
