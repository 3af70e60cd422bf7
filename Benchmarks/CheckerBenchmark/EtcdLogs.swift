import Glibc

/// Times `polygraph check` on the histories that Jepsen recorded from etcd, as a whole process. They are found in the
/// folder that `POLYGRAPH_DATA` names.
enum EtcdLogs {
    static func measure(program: String) {
        guard let folder = getenv("POLYGRAPH_DATA").map({ String(cString: $0) }) else {
            print("etcd logs: set POLYGRAPH_DATA to the folder of recorded histories to time them")
            return
        }
        let logs = files(in: folder + "/porcupine/jepsen")
        let polygraph =
            program.split(separator: "/", omittingEmptySubsequences: false).dropLast()
            .joined(separator: "/") + "/polygraph"
        var best = Double.infinity
        for _ in 0..<5 {
            let start = Measurement.now()
            var process = pid_t()
            let words = Measurement.words([polygraph, "check"] + logs)
            defer { for word in words { free(word) } }
            var actions = posix_spawn_file_actions_t()
            posix_spawn_file_actions_init(&actions)
            for stream in [Int32(1), 2] { posix_spawn_file_actions_addopen(&actions, stream, "/dev/null", O_WRONLY, 0) }
            defer { posix_spawn_file_actions_destroy(&actions) }
            guard posix_spawn(&process, polygraph, &actions, nil, words, environ) == 0 else {
                print("etcd logs: no program \(polygraph)")
                return
            }
            var status: Int32 = 0
            waitpid(process, &status, 0)
            best = min(best, Measurement.now() - start)
        }
        print("etcd logs: \(logs.count) files, whole process, best of 5: \(Int(best.rounded())) ms (target 100)")
    }

    private static func files(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(".log") { names.append(folder + "/" + name) }
        }
        return names.sorted()
    }
}
