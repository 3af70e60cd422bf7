import Glibc

// Prints, for one history a line, what deciding it cost. Figures only; nothing fails.
//
//     CheckerBenchmark               the table
//     CheckerBenchmark adversarial   the families that are made to be hard
//     CheckerBenchmark all           both
//
// Every history has a process of its own, so that its memory can be told. A `!` behind a verdict says that it is not the
// one that the recipe promises.

let arguments = CommandLine.arguments
let all = Row.table + Row.adversarial
if arguments.count == 3, arguments[1] == "row", let number = Int(arguments[2]), all.indices.contains(number) {
    do {
        try Measurement.run(all[number])
    } catch {
        print("\(all[number].title): \(error)")
    }
    exit(0)
}

let chosen =
    switch arguments.dropFirst().first {
    case nil: Array(Row.table.indices)
    case "adversarial": Array(Row.table.count..<all.count)
    case "all": Array(all.indices)
    case let title?: all.indices.filter { all[$0].title.contains(title) }
    }
print(Measurement.header)
for number in chosen {
    fflush(nil)
    var process = pid_t()
    let words = Measurement.words([arguments[0], "row", "\(number)"])
    guard posix_spawn(&process, "/proc/self/exe", nil, nil, words, environ) == 0 else {
        print("cannot start a process for \(all[number].title)")
        continue
    }
    var status: Int32 = 0
    waitpid(process, &status, 0)
    for word in words { free(word) }
}
EtcdLogs.measure(program: arguments[0])
