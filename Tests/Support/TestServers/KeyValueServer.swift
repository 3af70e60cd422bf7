import Foundation
import Synchronization

/// `Tests/Support/KeyValueServer/server.py`, a real server that speaks TLS; ends with the object.
public final class KeyValueServer {
    public let port: UInt16
    private let process = Process()
    private let lines: Lines

    private final class Lines: Sendable {
        let text = Mutex("")
    }

    public struct NotStarted: Error {}

    private static let program = URL(fileURLWithPath: #filePath)
        .deletingLastPathComponent().deletingLastPathComponent()
        .appendingPathComponent("KeyValueServer/server.py").path

    public init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["python3", Self.program] + arguments
        let output = Pipe()
        process.standardOutput = output
        let lines = Lines()
        self.lines = lines
        try process.run()
        var first: [UInt8] = []
        while let byte = try output.fileHandleForReading.read(upToCount: 1)?.first, byte != UInt8(ascii: "\n") {
            first.append(byte)
        }
        let words = String(decoding: first, as: UTF8.self).split(separator: " ")
        guard let number = words.last.flatMap({ UInt16($0) }) else { throw NotStarted() }
        port = number
        output.fileHandleForReading.readabilityHandler = { handle in
            let text = String(decoding: handle.availableData, as: UTF8.self)
            lines.text.withLock { $0 += text }
        }
    }

    /// Ends it; to be called, because an object may be gone after its last use.
    public func stop() {
        // Threads of the pool block other signals, and their children inherit that.
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// What it has said so far: requests, and connections that failed.
    public var log: [String] { lines.text.withLock { $0 }.split(separator: "\n").map(String.init) }
}
