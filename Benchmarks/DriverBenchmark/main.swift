// How many operations a second the driver can make: generated, invoked on a client that answers at once, completed
// and journaled. Prints operations per second, best and median of several runs.
import Glibc
import PolygraphClients
import PolygraphGenerators
import PolygraphHistory
import PolygraphRunner

final class NothingClient: Client {
    func invoke(_ request: Request) throws(ClientError) -> Completion { Completion(.ok) }
    func close() {}
}

func monotonic() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}

let workers = 20
let operations = 500_000
var rates: [Double] = []
for round in 0..<5 {
    let path = "/tmp/polygraph-driver-\(getpid()).jsonl"
    let journal = try Journal(path: path)
    let status = RunStatus()
    let begin = monotonic()
    let interpreter = Interpreter(
        options: .init(workers: workers, nodes: ["n1", "n2", "n3", "n4", "n5"], timeout: 1_000_000_000, readOnly: []),
        journal: journal, status: status, origin: begin
    ) { _, _ in NothingClient() }
    let generator = RegisterGenerator(keys: 20, cas: true, seed: UInt64(round)).limit(operations)
    interpreter.run(generator)
    let elapsed = Double(monotonic() - begin) / 1e9
    try journal.close()
    unlink(path)
    rates.append(Double(operations) / elapsed)
}
rates.sort()
print(
    "driver: \(workers) processes, \(operations) operations: "
        + "median \(Int(rates[rates.count / 2])) operations/s, best \(Int(rates.last!)) operations/s")
