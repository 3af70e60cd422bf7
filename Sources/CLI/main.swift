import Glibc
import PolygraphSamples

let arguments = Array(CommandLine.arguments.dropFirst())
if arguments.starts(with: ["sample", "raft"]) {
    do {
        try RaftServer.run(RaftCommandLine.parse(Array(arguments.dropFirst(2))))
    } catch {
        let message = Array("polygraph: \(error)\n".utf8)
        _ = write(STDERR_FILENO, message, message.count)
        exit(254)
    }
}
print("polygraph")
