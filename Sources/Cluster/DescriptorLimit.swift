import CLinux
import Glibc

/// Limits how many file descriptors each process of a node may have open, and gives back what it took.
///
/// Only the soft limit changes: who lowers a hard one needs privileges to raise it again. A program that raises its
/// soft limit (as Go's do at their start) is found at the next look and loses it again.
struct DescriptorLimit {
    private(set) var limit: Int64?
    /// What every process had before.
    private var originals: [ProcessEntry.ID: UInt64] = [:]

    mutating func set(_ limit: Int64?, _ processes: [ProcessEntry]) throws(ClusterError) {
        if limit == nil {
            for process in processes { restore(process) }
            originals = [:]
        }
        self.limit = limit
        for process in processes {
            let code = apply(process)
            if code != 0 && code != ESRCH {
                throw ClusterError("limit the file descriptors of", "process \(process.pid): \(errorText(code))")
            }
        }
    }

    /// To all processes, those too that are new.
    mutating func look(_ processes: [ProcessEntry]) {
        guard limit != nil else { return }
        for process in processes { _ = apply(process) }
    }

    private mutating func apply(_ process: ProcessEntry) -> Int32 {
        guard let limit else { return 0 }
        var current: UInt64 = 0
        var largest: UInt64 = 0
        let code = lab_descriptor_limit(process.pid, &current, &largest)
        if code != 0 { return code }
        let wanted = min(UInt64(limit), largest)
        if current == wanted {
            // A child has its parent's; it shall get back what its parent gets back.
            if originals[process.id] == nil {
                originals[process.id] = originals.first { $0.key.pid == process.parent }?.value
            }
            return 0
        }
        originals[process.id] = current
        return lab_set_descriptor_limit(process.pid, wanted)
    }

    private func restore(_ process: ProcessEntry) {
        var current: UInt64 = 0
        var own: UInt64 = 0
        var largest: UInt64 = 0
        var original = originals[process.id] ?? originals.first { $0.key.pid == process.parent }?.value
        if original == nil, let limit, lab_descriptor_limit(process.pid, &current, &largest) == 0,
            current == UInt64(limit), lab_descriptor_limit(getpid(), &own, &largest) == 0
        {
            // What every process of the node begins with.
            original = own
        }
        if let original { _ = lab_set_descriptor_limit(process.pid, original) }
    }
}
