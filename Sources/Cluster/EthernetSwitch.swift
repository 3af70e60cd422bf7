import CLinux
import Glibc
import Synchronization

/// A user-space Ethernet switch between the nodes and the controller. Port i is node i; the last one is the controller.
final class EthernetSwitch: Sendable {
    private let state: SwitchState
    private let ports: SwitchPorts
    private let wake: Int32
    private let confirmations: Int32
    /// nil where packets are not recorded.
    let recorder: PacketRecorder?
    /// nil when the switch has been shut down.
    private let thread: Mutex<NativeThread?>

    /// - Parameters:
    ///   - seed: of everything that links leave to chance.
    ///   - packetFile: where packets are recorded; nil: nowhere.
    ///   - names: of the ports, in the recording.
    init(_ plugs: [SwitchPlug], seed: UInt64, packetFile: String?, names: [String]) throws(ClusterError) {
        recorder =
            if let packetFile { try PacketRecorder(packetFile, ports: names) } else { nil }
        let ports: SwitchPorts
        do throws(ClusterError) {
            ports = try SwitchPorts(plugs)
        } catch {
            recorder?.finish()
            throw error
        }
        state = SwitchState(ports: plugs.count)
        self.ports = ports
        wake = lab_event_new()
        confirmations = lab_event_new()
        do throws(ClusterError) {
            guard wake >= 0, confirmations >= 0 else {
                throw ClusterError("create an event descriptor", errorText(-min(wake, confirmations)))
            }
            // Whoever changes the topology waits for the confirmation.
            _ = fcntl(confirmations, F_SETFL, 0)
            let loop = try SwitchLoop(
                state, ports.ports.map(\.socket), numbers: plugs.map(\.number), seed: seed, recording: recorder?.ring,
                wake: wake, confirmations: confirmations)
            thread = Mutex(try NativeThread { loop.run() })
        } catch {
            for descriptor in [wake, confirmations] where descriptor >= 0 { close(descriptor) }
            ports.close()
            recorder?.finish()
            throw error
        }
    }

    /// Replaces the whole topology. When it returns, every frame meets the new policies, those that wait are swallowed
    /// where their link is cut now, and frames of links that were cut before and after have not passed in between.
    /// - Parameter policies: of directed links; those that are not named are whole.
    func setLinks(_ policies: [(from: Int, to: Int, policy: LinkPolicy)]) throws(ClusterError) {
        let width = state.ports
        try thread.withLock { thread throws(ClusterError) in
            guard thread != nil else { throw ClusterError("change links", "the lab has been torn down") }
            var byLink: [Int: LinkPolicy] = [:]
            for (from, to, policy) in policies { byLink[from * width + to] = policy }
            state.publish(LinkTable(links: width * width, byLink))
            signal(wake)
            var count: UInt64 = 0
            _ = retrying { read(confirmations, &count, 8) }
        }
    }

    func count(_ counter: SwitchState.Counter, from: Int, to: Int) -> UInt64 {
        state.value(counter, from * state.ports + to)
    }

    /// Ends the thread and removes the cables. Harmless when called again.
    func shutDown() {
        thread.withLock { thread in
            guard let running = thread else { return }
            thread = nil
            state.stop()
            signal(wake)
            running.join()
            ports.close()
            close(wake)
            close(confirmations)
            recorder?.finish()
        }
    }

    private func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = retrying { write(descriptor, &one, 8) }
    }
}
