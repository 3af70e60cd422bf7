// Figures of the lab: swift run -c release LabBenchmark [seconds | disks]

import CLinux
import Glibc
import PolygraphCluster

if NodeInit.isRequested { NodeInit.main() }
if CommandLine.argc > 2, CommandLine.arguments[1] == "role" { Role.play(Array(CommandLine.arguments.dropFirst(2))) }
do {
    if !LabWorld.isInside { try LabWorld.enter() }
    if CommandLine.argc > 1, CommandLine.arguments[1] == "disks" {
        try DiskCost().run(rounds: 5)
        exit(0)
    }
    let seconds = CommandLine.argc > 1 ? Double(CommandLine.arguments[1]) ?? 2 : 2
    try LabBenchmark(seconds: seconds).run()
} catch {
    print(error)
    exit(255)
}
