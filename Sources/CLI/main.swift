import ArgumentParser
import CLinux
import Glibc
import PolygraphCluster

clinux_use_builtin_name_services()
// A node's first process is this binary again: it must not spend time on anything else.
if NodeInit.isRequested { NodeInit.main() }

// A reader that goes away (`polygraph … | head`) is no reason to die without cleaning up.
signal(SIGPIPE, SIG_IGN)
Interrupt.unblock()

do {
    var command = try PolygraphCommand.parseAsRoot()
    try command.run()
} catch let code as ExitCode {
    exit(code.rawValue)
} catch let failure as CommandFailure {
    Console.error(failure.message)
    exit(failure.code)
} catch {
    let code = PolygraphCommand.exitCode(for: error)
    let message = PolygraphCommand.fullMessage(for: error)
    if code == .success {
        print(message)
        exit(0)
    }
    Console.error(message)
    exit(ExitStatus.wrongUse)
}
