import CLinux
import Glibc
import Synchronization

/// A user-space Ethernet switch between the nodes and the controller. Port i is node i; the last one is the controller.
final class EthernetSwitch: Sendable {
    private let state: SwitchState
    private let ports: SwitchPorts
    private let wake: Int32
    private let confirmations: Int32
    /// nil when the switch has been shut down.
    private let thread: Mutex<NativeThread?>

    init(_ plugs: [SwitchPlug]) throws(ClusterError) {
        let ports = try SwitchPorts(plugs)
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
                state, ports.ports.map(\.socket), numbers: plugs.map(\.number), wake: wake,
                confirmations: confirmations)
            thread = Mutex(try NativeThread { loop.run() })
        } catch {
            for descriptor in [wake, confirmations] where descriptor >= 0 { close(descriptor) }
            ports.close()
            throw error
        }
    }

    /// Replaces the whole topology. When it returns, no frame passes a link of `cuts` any more, and frames of links
    /// that were cut before and after have not passed in between.
    /// - Parameter cuts: directed links as pairs of ports.
    func setCuts(_ cuts: [(from: Int, to: Int)]) throws(ClusterError) {
        try thread.withLock { thread throws(ClusterError) in
            guard thread != nil else { throw ClusterError("cut links", "the lab has been torn down") }
            let width = state.ports
            _ = state.publish { table in
                for link in 0..<width * width { table[link] = LinkPolicy() }
                for cut in cuts { table[cut.from * width + cut.to].isCut = true }
            }
            signal(wake)
            var count: UInt64 = 0
            _ = retrying { read(confirmations, &count, 8) }
        }
    }

    func counters(from: Int, to: Int) -> (forwardedFrames: UInt64, forwardedBytes: UInt64, cutFrames: UInt64) {
        let link = from * state.ports + to
        return (state.forwardedFrames(link), state.forwardedBytes(link), state.cutFrames(link))
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
        }
    }

    private func signal(_ descriptor: Int32) {
        var one: UInt64 = 1
        _ = retrying { write(descriptor, &one, 8) }
    }
}
