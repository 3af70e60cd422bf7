import CLinux
import Glibc

/// The controller's way to the process outside of the world that removes folders when everybody is gone.
struct Sweeper {
    static let variable = LAB_SWEEPER_VARIABLE

    private let descriptor: Int32

    /// nil where there is none. What the controller starts from now on does not inherit the way.
    init?() {
        guard LabWorld.isInside, let value = getenv(Sweeper.variable), let number = Int32(String(cString: value)),
            fcntl(number, F_SETFD, FD_CLOEXEC) == 0
        else { return nil }
        descriptor = number
    }

    /// Has a folder removed at the end of the world, if it is empty then.
    /// - Returns: whether the sweeper knows.
    func remember(_ path: String) -> Bool {
        var path = path
        return path.withUTF8 { bytes in
            retrying { send(descriptor, bytes.baseAddress, bytes.count, Int32(MSG_NOSIGNAL)) } == bytes.count
        }
    }
}
