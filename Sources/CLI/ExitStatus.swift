import PolygraphChecking

/// The exit codes, as Jepsen's.
enum ExitStatus {
    static let wrongUse: Int32 = 254
    static let failure: Int32 = 255
    static let interrupted: Int32 = 130

    static func of(_ verdict: Verdict) -> Int32 {
        switch verdict {
        case .valid: 0
        case .invalid: 1
        case .unknown: 2
        }
    }
}

/// Ends the command with a message for people and an exit code.
struct CommandFailure: Error {
    var message: String
    var code: Int32

    static func wrongUse(_ message: String) -> CommandFailure {
        CommandFailure(message: message, code: ExitStatus.wrongUse)
    }

    static func failure(_ message: String) -> CommandFailure {
        CommandFailure(message: message, code: ExitStatus.failure)
    }
}
