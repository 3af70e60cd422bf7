/// What the session guarantees and PRAM conclude from a history: where a reader knew of one write and saw another, the
/// one it knew of is the older.
///
/// The guarantees are those of Terry and others ("Session guarantees for weakly consistent replicated data", 1994) in
/// the form in which they can be observed: knowledge is what the process wrote and read, not which server it asked.
struct SessionPremises {
    private let execution: Execution
    private let entries: [RegisterTrace.Entry]
    private let source: [Int32]
    private let deadline: Int64
    private var result = Inferences()

    private init(_ execution: Execution, deadline: Int64) {
        self.execution = execution
        self.deadline = deadline
        entries = execution.trace.entries
        source = execution.attribution.source
    }

    /// - Parameter deadline: monotonic nanoseconds at which to give up.
    static func inferences(_ premise: SessionPremise, _ execution: Execution, deadline: Int64) -> Inferences {
        var premises = SessionPremises(execution, deadline: deadline)
        switch premise {
        case .ownWrites: premises.addOwnWrites()
        case .earlierReads: premises.addEarlierReads()
        case .writesBefore(let inclusive): premises.addWritesBefore(inclusive: inclusive)
        case .readsBefore: premises.addReadsBefore()
        }
        return premises.result
    }

    private mutating func overlooked(_ known: Int32, reader: Int32, via: Int32) {
        let seen = source[Int(reader)]
        if known == seen { return }
        let inference = Inference(from: known, to: seen, reader: reader, via: via)
        if seen == Attribution.initial {
            if result.sawInitial == nil { result.sawInitial = inference }
        } else {
            result.all.append(inference)
        }
    }

    /// Whether the entry saw a write that is known, or the initial value.
    @inline(__always)
    private func sees(_ place: Int32) -> Bool { source[Int(place)] >= Attribution.initial }

    private mutating func addOwnWrites() {
        var own = [Int32](repeating: -1, count: execution.trace.keys.count)
        for session in 0..<execution.trace.sessionCount {
            for place in execution.members[session] {
                let key = Int(entries[Int(place)].key)
                if own[key] >= 0, sees(place) { overlooked(own[key], reader: place, via: -1) }
                if entries[Int(place)].isWrite { own[key] = place }
            }
            for place in execution.members[session] { own[Int(entries[Int(place)].key)] = -1 }
        }
    }

    private mutating func addEarlierReads() {
        // Each saw the one before it: the chain of conclusions covers all pairs.
        var earlier = [Int32](repeating: -1, count: execution.trace.keys.count)
        for session in 0..<execution.trace.sessionCount {
            for place in execution.members[session] where sees(place) {
                let key = Int(entries[Int(place)].key)
                if earlier[key] >= 0, source[Int(earlier[key])] >= 0 {
                    overlooked(source[Int(earlier[key])], reader: place, via: earlier[key])
                }
                earlier[key] = place
            }
            for place in execution.members[session] { earlier[Int(entries[Int(place)].key)] = -1 }
        }
    }

    /// The writes that came, in their sessions, before a write that the reader's process had read; with `inclusive`
    /// also that write itself, what is read now, and the process's own writes (PRAM).
    private mutating func addWritesBefore(inclusive: Bool) {
        let sessions = execution.trace.sessionCount
        // Of each session the place of the last of its writes that is known, and who made it known.
        var known = [Int32](repeating: -1, count: sessions)
        var via = [Int32](repeating: -1, count: sessions)
        var touched: [Int32] = []
        for session in 0..<sessions {
            for place in execution.members[session] {
                if sees(place) {
                    let seen = source[Int(place)]
                    let key = Int(entries[Int(place)].key)
                    for number in Int(execution.firstRun[key])..<Int(execution.firstRun[key + 1]) {
                        let run = execution.runs[number]
                        var limit = known[Int(run.session)]
                        if inclusive, run.session == session { limit = execution.index[Int(place)] - 1 }
                        if limit < 0 { continue }
                        let write = execution.lastWrite(run, upTo: limit)
                        if write < 0 || write == seen { continue }
                        // Session order says it already.
                        if seen >= 0, entries[Int(seen)].session == run.session,
                            execution.index[Int(write)] < execution.index[Int(seen)]
                        {
                            continue
                        }
                        let isOwn = inclusive && run.session == session
                        overlooked(write, reader: place, via: isOwn ? -1 : via[Int(run.session)])
                    }
                    if seen >= 0 {
                        let writer = Int(entries[Int(seen)].session)
                        let reached = execution.index[Int(seen)] - (inclusive ? 0 : 1)
                        if reached > known[writer] {
                            if known[writer] < 0 { touched.append(Int32(writer)) }
                            known[writer] = reached
                            via[writer] = place
                        }
                    }
                }
            }
            for writer in touched { known[Int(writer)] = -1 }
            touched.removeAll(keepingCapacity: true)
            if Budget.now() > deadline {
                result.isIncomplete = true
                return
            }
        }
    }

    /// The writes that the writer of something read earlier had itself read by then.
    private mutating func addReadsBefore() {
        let chains = ReadChains(execution)
        result.collectors = chains.links.count
        result.all = chains.inferences
        let sessions = execution.trace.sessionCount
        var known = [Int32](repeating: -1, count: sessions)
        var via = [Int32](repeating: -1, count: sessions)
        var touched: [Int32] = []
        for session in 0..<sessions {
            for place in execution.members[session] where sees(place) {
                let seen = source[Int(place)]
                for chain in chains.ofKey(entries[Int(place)].key) where known[Int(chain.session)] >= 0 {
                    addReads(of: chain, in: chains, upTo: known[Int(chain.session)], via[Int(chain.session)], place)
                }
                if seen >= 0 {
                    let writer = Int(entries[Int(seen)].session)
                    if execution.index[Int(seen)] > known[writer] {
                        if known[writer] < 0 { touched.append(Int32(writer)) }
                        known[writer] = execution.index[Int(seen)]
                        via[writer] = place
                    }
                }
            }
            for writer in touched { known[Int(writer)] = -1 }
            touched.removeAll(keepingCapacity: true)
            if Budget.now() > deadline || result.all.count > Self.inferencesAtMost {
                result.isIncomplete = true
                return
            }
        }
    }

    private static var inferencesAtMost: Int { 20_000_000 }

    private mutating func addReads(
        of chain: ReadChains.Chain, in chains: ReadChains, upTo limit: Int32, _ via: Int32, _ reader: Int32
    ) {
        let seen = source[Int(reader)]
        let end = chains.end(of: chain, upTo: limit)
        let first = chains.first(of: seen, in: chain, before: end)
        if first > chain.start {
            if seen == Attribution.initial {
                let link = chains.links[first - 1]
                if result.sawInitial == nil {
                    result.sawInitial = Inference(
                        from: link.source, to: seen, reader: reader, via: via, witness: link.reader)
                }
                return
            }
            result.all.append(
                Inference(
                    from: chains.collector(first - 1), to: seen, reader: reader, via: via, reason: .collected))
        }
        // What the writer's process saw after it had seen the same write.
        for place in first..<end where chains.links[place].source != seen {
            let link = chains.links[place]
            result.all.append(
                Inference(from: link.source, to: seen, reader: reader, via: via, witness: link.reader))
        }
    }
}

/// What a guarantee lets a process know of when it reads.
enum SessionPremise: Sendable {
    /// What the process itself wrote.
    case ownWrites
    /// What it read before.
    case earlierReads
    /// The writes before one that it read, in the writer's session; inclusive: PRAM.
    case writesBefore(inclusive: Bool)
    /// What the writer of something that it read had read.
    case readsBefore
}
