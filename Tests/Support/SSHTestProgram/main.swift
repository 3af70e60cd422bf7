// What the tests of SSH run: servers in network namespaces of their own, inside a world that ends with this process.
//
//     SSHTestProgram scenario NAME FOLDER   makes a world, and prints its findings as one JSON object

import Foundation
import Glibc

let words = CommandLine.arguments
guard words.count == 4 else {
    print("usage: SSHTestProgram scenario NAME FOLDER")
    exit(254)
}
switch words[1] {
case "scenario":
    World.enter(["world", words[2], words[3]])
case "world":
    // Whatever hangs, the test that waits for it does not.
    alarm(300)
    do {
        let findings = try Scenario(World(folder: words[3])).run(words[2])
        let data = try JSONSerialization.data(withJSONObject: findings)
        print(String(decoding: data, as: UTF8.self))
        exit(0)
    } catch {
        print("{\"error\":\"\(String(describing: error).replacingOccurrences(of: "\"", with: "'"))\"}")
        exit(255)
    }
default:
    print("usage: SSHTestProgram scenario NAME FOLDER")
    exit(254)
}
