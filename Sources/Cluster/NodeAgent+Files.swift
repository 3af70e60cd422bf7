extension NodeAgent {
    /// A request that has to do with the node's data directory.
    mutating func carryOut(_ request: FileRequest) throws(ClusterError) -> NodeAnswer {
        let data = folder + "/data"
        switch request {
        case .corrupt(let corruption):
            return .damage(try corruption.apply(to: data, of: name))
        case .snapshot(let pattern):
            let taken = try FileSnapshot(of: data, matching: pattern, node: name)
            snapshot = taken
            return .count(taken.count)
        case .rollBack:
            guard let snapshot else { throw ClusterError("roll back files of", "there is no snapshot of them") }
            return .damage(try snapshot.restore(node: name))
        case .wipe:
            run?.refresh()
            if let run, !run.isOver { throw ClusterError("empty the data directory of", "it runs; kill it first") }
            let code = removeContents(data)
            if code != 0 { throw ClusterError("empty the data directory of", errorText(code)) }
            return .done
        }
    }
}
