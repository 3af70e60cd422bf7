import CLinux
import Glibc

/// The rules in force, and what they have done.
struct SystemCallFaults {
    /// What is to become of one call.
    struct Verdict {
        /// Nanoseconds to wait before anything else.
        var delay: Int64 = 0
        var outcome = Outcome.proceed
    }

    enum Outcome {
        case proceed
        case fail(Int32)
        /// Only the first so many bytes are written.
        case part(Int, then: AfterPart)
        /// Bit number … of the data is written wrong.
        case flip(UInt64)
        case crashBefore
        case crashAfter
    }

    enum AfterPart {
        case success, inputOutputError, crash
    }

    fileprivate struct Rule {
        var rule: SystemCallRule
        var counters = SystemCallCounters()
        var random: DrawnNumbers
        /// Bytes that can still be written.
        var room: Int64 = 0
    }

    private var rules: [Rule] = []

    var counters: [SystemCallCounters] { rules.map(\.counters) }

    var isEmpty: Bool { rules.isEmpty }

    /// Replaces all rules. Those that were in force already go on where they are; the counters of the others begin at 0.
    mutating func set(_ newRules: [SystemCallRule]) {
        var old = rules
        rules = newRules.enumerated().map { index, rule in
            if let place = old.firstIndex(where: { $0.rule == rule }) { return old.remove(at: place) }
            var state = Rule(rule: rule, random: DrawnNumbers(seed: rule.seed).derived(String(index)))
            if case .full(let room) = rule.effect { state.room = room }
            return state
        }
    }

    /// Judges a call.
    /// - Parameters:
    ///   - paths: relative to the data directory; one, or the two of a rename.
    ///   - length: bytes that a writing call is to write.
    ///   - creates: whether the call makes a new name.
    mutating func judge(_ call: SystemCallRule.Call, _ paths: [String], length: Int, creates: Bool) -> Verdict {
        var verdict = Verdict()
        for index in rules.indices {
            guard rules[index].rule.calls.contains(call),
                paths.contains(where: { fnmatch(rules[index].rule.files, $0, 0) == 0 }),
                let outcome = rules[index].apply(call, length: length, creates: creates, &verdict.delay)
            else { continue }
            // The first rule that says what becomes of the call has the last word.
            if case .proceed = verdict.outcome { verdict.outcome = outcome }
        }
        return verdict
    }
}

extension SystemCallFaults.Rule {
    /// - Returns: what is to become of a call that matches; nil where the rule leaves it alone.
    fileprivate mutating func apply(
        _ call: SystemCallRule.Call, length: Int, creates: Bool, _ delay: inout Int64
    ) -> SystemCallFaults.Outcome? {
        let writes = SystemCallRule.Call.writing.contains(call)
        switch rule.effect {
        case .short, .torn, .tornCrash, .flip:
            guard writes, length > 0 else { return nil }
        case .full:
            guard writes || creates || call == .fallocate else { return nil }
        default: break
        }
        counters.matched += 1
        let number = counters.matched
        guard number >= rule.first, (number - rule.first) % rule.every == 0, counters.hit < rule.limit ?? .max,
            rule.probability >= 1 || random.nextShare() < rule.probability
        else { return nil }
        let outcome: SystemCallFaults.Outcome
        switch rule.effect {
        case .delay(let range):
            let span = UInt64(range.upperBound - range.lowerBound)
            delay += range.lowerBound + Int64(span == 0 ? 0 : random.next(below: span + 1))
            outcome = .proceed
        case .fail(let error): outcome = .fail(error.number)
        case .short:
            // A call that has written nothing would be no short write but an end.
            guard length > 1 else { return nil }
            outcome = .part(1 + Int(random.next(below: UInt64(length - 1))), then: .success)
        case .torn: outcome = .part(Int(random.next(below: UInt64(length))), then: .inputOutputError)
        case .tornCrash: outcome = .part(Int(random.next(below: UInt64(length))), then: .crash)
        case .flip: outcome = .flip(random.next(below: UInt64(length) * 8))
        case .full:
            if writes, room >= length {
                room -= Int64(length)
                return nil
            }
            outcome = writes && room > 0 ? .part(Int(room), then: .success) : .fail(ENOSPC)
            if writes { room = 0 } else if room > 0 { return nil }
        case .crashBefore: outcome = .crashBefore
        case .crashAfter: outcome = .crashAfter
        }
        counters.hit += 1
        counters.lastHit = lab_monotonic_time()
        return outcome
    }
}

extension SystemCallRule.FileError {
    fileprivate var number: Int32 {
        switch self {
        case .EIO: Glibc.EIO
        case .ENOSPC: Glibc.ENOSPC
        case .EDQUOT: Glibc.EDQUOT
        case .EROFS: Glibc.EROFS
        case .EACCES: Glibc.EACCES
        case .EMFILE: Glibc.EMFILE
        case .ENOMEM: Glibc.ENOMEM
        case .EINTR: Glibc.EINTR
        case .EAGAIN: Glibc.EAGAIN
        }
    }
}
