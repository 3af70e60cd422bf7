import Foundation
import Glibc
import PolygraphSSH

/// One test's doings inside the world. Findings are words, so that the test can compare and print them.
struct Scenario {
    let world: World
    typealias Findings = [String: String]

    init(_ world: World) { self.world = world }

    func run(_ name: String) throws -> Findings {
        switch name {
        case "keys": try keys()
        case "passwords": try passwords()
        case "host-keys": try hostKeys()
        case "commands": try commands()
        case "many": try many()
        case "ends": try ends()
        case "sudo": try sudo()
        case "jumps": try jumps()
        case "broken": try broken()
        case "silent": try silent()
        case "files": try files()
        case "resumed": try resumed()
        case "disk-full": try diskFull()
        case "pool": try pool()
        case "new-keys": try newKeys()
        default: throw World.Failure(description: "no scenario \(name)")
        }
    }

    /// "ok", or the error as kind and text.
    func outcome(_ body: () throws -> Void) -> String {
        do {
            try body()
            return "ok"
        } catch let error as SSHError {
            return "\(error.kind.rawValue): \(error)"
        } catch {
            return "\(error)"
        }
    }

    /// Connects and asks who one is.
    func whoami(_ destination: SSHDestination) -> String {
        do {
            let connection = try SSHConnection.connect(to: destination, timeout: .seconds(30))
            defer { connection.close() }
            let result = try connection.run(SSHCommand(["id", "-un"]), timeout: .seconds(30))
            return result.output.text.trimmingCharacters(in: .whitespacesAndNewlines)
        } catch {
            return "\(error.kind.rawValue): \(error)"
        }
    }

    func connect(_ server: Server, user: String? = nil) throws -> SSHConnection {
        try SSHConnection.connect(to: world.destination(server, user: user), timeout: .seconds(30))
    }

    /// Runs a script, and gives what it wrote to standard output.
    func say(_ connection: SSHConnection, _ script: String) throws -> String {
        try connection.run(SSHCommand(script: script), timeout: .seconds(60)).output.text
    }

    func path(_ name: String) -> String { world.folder + "/" + name }
}
