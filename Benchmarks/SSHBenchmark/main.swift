// Figures of SSH connections: swift run -c release SSHBenchmark [MEGABYTES]
//
// Starts servers of its own on the loopback interface of a network namespace that ends with it.

import CLinux
import Glibc
import PolygraphSSH

if getenv("POLYGRAPH_SSH_BENCHMARK") == nil {
    setenv("POLYGRAPH_SSH_BENCHMARK", "inside", 1)
    var line = ["/usr/bin/unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if geteuid() != 0 { line += ["--user", "--map-current-user", "--keep-caps"] }
    line += ["/proc/self/exe"] + CommandLine.arguments.dropFirst()
    // Before the namespaces, /proc is another one.
    if let path = realpath("/proc/self/exe", nil) {
        line[line.count - CommandLine.arguments.count] = String(cString: path)
    }
    var arguments: [UnsafeMutablePointer<CChar>?] = line.map { strdup($0) }
    arguments.append(nil)
    execv(line[0], arguments)
    print("unshare (package util-linux) is needed")
    exit(255)
}
do {
    let megabytes = CommandLine.argc > 1 ? Int(CommandLine.arguments[1]) ?? 256 : 256
    try SSHBenchmark(megabytes: megabytes).run()
} catch {
    print(error)
    exit(255)
}
