import Glibc

/// Why something on a host could not be done: which host, at which step, what happened, and what helps.
/// Never holds a password, a passphrase or what a command was given as input.
public struct SSHError: Error, Hashable, Sendable, CustomStringConvertible {
    public enum Kind: String, Hashable, Sendable {
        /// A mistake in a configuration file or in what the caller asked for.
        case configuration
        /// The host's name has no address, or no address answers.
        case unreachable
        /// The two sides could not agree on keys and ciphers.
        case handshake
        /// The host's key is in no `known_hosts` file.
        case unknownHostKey
        /// The host's key is another one than in `known_hosts`.
        case changedHostKey
        /// The server did not let the user in.
        case authentication
        /// The server refused a channel, a subsystem or a command.
        case refused
        /// `sudo` did not run the command.
        case sudo
        /// A file could not be read or written, here or on the host.
        case file
        /// The time given was over.
        case deadline
        /// The caller cancelled it.
        case cancelled
        /// The connection broke, or was closed.
        case connectionLost
    }

    public let kind: Kind
    /// As the user names the host.
    public let host: String
    /// What was being done: "connect", "authenticate as root", "run ls".
    public let step: String
    public let reason: String
    /// What the user can do about it.
    public let remedy: String?
    /// Whether what was asked for may nevertheless have been done, wholly or in part, or may still be going on.
    public let isOutcomeUnknown: Bool

    public init(
        _ kind: Kind, host: String, step: String, _ reason: String, remedy: String? = nil,
        isOutcomeUnknown: Bool = false
    ) {
        self.kind = kind
        self.host = host
        self.step = step
        self.reason = reason
        self.remedy = remedy
        self.isOutcomeUnknown = isOutcomeUnknown
    }

    public var description: String {
        let sentence = reason.last.map { ".!?".contains($0) } == true ? reason : reason + "."
        return "host \(host): \(step): \(sentence)" + (remedy.map { " " + $0 } ?? "")
    }

    /// The same with another step: for what a larger step was doing.
    public func during(_ step: String) -> SSHError {
        SSHError(kind, host: host, step: step, reason, remedy: remedy, isOutcomeUnknown: isOutcomeUnknown)
    }
}

/// The words of an error number.
func errorText(_ number: Int32) -> String { String(cString: strerror(number)) }
