import Foundation
import Glibc
import PolygraphClients
import PolygraphGenerators
import PolygraphHistory
import PolygraphRunner
import Synchronization
import Testing

/// A register in memory whose clients may be slow, fail, or never return.
private final class MemoryClient: Client {
    private let register: MemoryRegister
    private let process: Int

    init(_ register: MemoryRegister, process: Int) {
        self.register = register
        self.process = process
        register.opened.withLock { $0.append(process) }
    }

    func invoke(_ request: Request) throws(ClientError) -> Completion {
        try register.behave(request)
    }

    func close() { register.closed.withLock { $0.append(process) } }
}

private final class MemoryRegister: Sendable {
    let opened = Mutex<[Int]>([])
    let closed = Mutex<[Int]>([])
    let behave: @Sendable (Request) throws(ClientError) -> Completion

    init(_ behave: @escaping @Sendable (Request) throws(ClientError) -> Completion) { self.behave = behave }
}

/// Gives `count` writes to whoever is free, all due at once.
private struct Writes: Generator {
    var given = 0
    let count: Int

    mutating func next(_ context: Context) -> Next {
        guard given < count else { return .exhausted }
        guard let worker = (0..<context.workers).first(where: context.isFree) else {
            return .pending(until: context.time + 1_000_000)
        }
        given += 1
        return .invoke(Invocation(time: 0, worker: worker, call: Call("write", key: "k", .integer(Int64(given)))))
    }
}

@Suite struct InterpreterTests {
    private func run(
        workers: Int, count: Int, timeout: Int64 = 1_000_000_000, grace: Int64 = 2_000_000_000,
        deadline: Int64 = .max, readOnly: Set<String> = ["read"], register: MemoryRegister,
        during: ((Interpreter) -> Void)? = nil
    ) throws -> (history: History, abandoned: Int) {
        let path = "\(NSTemporaryDirectory())/polygraph-interpreter-\(UInt64.random(in: 0 ... .max)).jsonl"
        defer { unlink(path) }
        let journal = try Journal(path: path)
        var now = timespec()
        clock_gettime(CLOCK_MONOTONIC, &now)
        let interpreter = Interpreter(
            options: .init(
                workers: workers, nodes: ["n1", "n2", "n3"], timeout: timeout, grace: grace, readOnly: readOnly),
            journal: journal, status: RunStatus(), origin: Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
        ) { _, process in MemoryClient(register, process: process) }
        during?(interpreter)
        interpreter.run(Writes(count: count), until: deadline)
        let abandoned = interpreter.abandoned
        try journal.close()
        return (try HistoryFile.read(path), abandoned)
    }

    @Test func `every operation is recorded once, invocation before completion, in the order of index and time`() throws
    {
        let (history, _) = try run(workers: 7, count: 2_000, register: MemoryRegister { _ in Completion(.ok) })
        #expect(history.operations.count == 4_000)
        #expect(history.invocations.count == 2_000)
        for (position, operation) in history.operations.enumerated() {
            #expect(operation.index == position)
            if position > 0 { #expect(operation.time >= history.operations[position - 1].time) }
        }
        let values = history.invocations.map { history.operations[$0].value.integerValue! }
        #expect(values == Array(1...2_000))
        for position in history.invocations { #expect(history.completion(of: position)?.kind == .ok) }
    }

    @Test func `a process is retired after info, and its client closed`() throws {
        let register = MemoryRegister { request throws(ClientError) in
            if request.operation % 3 == 0 { throw .indeterminate("lost") }
            return Completion(.ok)
        }
        let (history, _) = try run(workers: 4, count: 300, register: register)
        var retired: Set<Int> = []
        for operation in history.operations {
            let process = try #require(operation.process.number)
            #expect(!retired.contains(process))
            if operation.kind == .info { retired.insert(process) }
        }
        #expect(!retired.isEmpty)
        // Process numbers of one worker differ by the number of workers, and a client serves one process only.
        let processes = register.opened.withLock { $0 }
        #expect(Set(processes).count == processes.count)
        #expect(Set(retired).isSubset(of: register.closed.withLock { Set($0) }))
    }

    @Test func `an unknown read is a failure, a definite error too`() throws {
        let register = MemoryRegister { request throws(ClientError) in
            if request.value.integerValue! % 2 == 0 { throw .indeterminate("timeout") }
            throw .definite("refused")
        }
        let (history, _) = try run(workers: 1, count: 20, readOnly: ["write"], register: register)
        for position in history.invocations { #expect(history.completion(of: position)?.kind == .fail) }
        let (other, _) = try run(workers: 1, count: 20, readOnly: [], register: register)
        let kinds = other.invocations.map { other.completion(of: $0)?.kind }
        #expect(kinds.contains(.info) && kinds.contains(.fail))
    }

    @Test func `a client that never returns is given up, and the run ends`() throws {
        let register = MemoryRegister { request throws(ClientError) in
            if request.value == 3 { sleep(4) }
            return Completion(.ok)
        }
        let (history, abandoned) = try run(
            workers: 2, count: 50, timeout: 100_000_000, grace: 200_000_000, register: register)
        #expect(abandoned == 1)
        #expect(history.invocations.count == 50)
        let stuck = try #require(history.invocations.first { history.operations[$0].value == 3 })
        #expect(history.completion(of: stuck)?.kind == .info)
    }

    @Test func `the deadline ends a run whose generator does not`() throws {
        let register = MemoryRegister { _ in
            usleep(1_000)
            return Completion(.ok)
        }
        let (history, _) = try run(workers: 3, count: .max, deadline: 200_000_000, register: register)
        #expect(!history.invocations.isEmpty)
        for position in history.invocations { #expect(history.completion(of: position) != nil) }
        #expect(history.operations.filter { $0.kind == .invoke }.allSatisfy { $0.time <= 200_000_000 })
    }

    @Test func `stop ends a run and lets open operations finish`() throws {
        let register = MemoryRegister { _ in
            usleep(1_000)
            return Completion(.ok)
        }
        let (history, _) = try run(workers: 3, count: .max, register: register) { interpreter in
            let inbox = interpreter.inbox
            let stopper = Foundation.Thread {
                usleep(100_000)
                inbox.stop()
            }
            stopper.start()
        }
        #expect(!history.invocations.isEmpty)
        for position in history.invocations { #expect(history.completion(of: position)?.kind == .ok) }
    }
}
