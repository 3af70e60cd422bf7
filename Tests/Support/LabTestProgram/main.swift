// What the lab's tests run: scenarios inside a world of its own, and the programs of their nodes.
//
//     LabTestProgram scenario NAME FOLDER   enters a world, and prints its findings as one JSON object
//     LabTestProgram role NAME …            what a node does

import Glibc
import PolygraphCluster

if NodeInit.isRequested { NodeInit.main() }
let words = CommandLine.arguments
switch words.count > 2 ? words[1] : "" {
case "role":
    Role.play(words[2], Array(words.dropFirst(3)))
case "scenario" where words.count > 3:
    // Whatever hangs, the test that waits for it does not, and the world ends with this process.
    alarm(400)
    do {
        if !LabWorld.isInside { try LabWorld.enter() }
        try Scenario(folder: words[3]).run(words[2])
    } catch {
        print("{\"error\":\"\(error)\"}")
        exit(255)
    }
default:
    print("usage: LabTestProgram scenario NAME FOLDER | role NAME …")
    exit(254)
}
