import Glibc

/// Blocks the calling thread; never called on the cooperative pool.
func sleepNanoseconds(_ nanoseconds: Int64) {
    var rest = timespec(tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
    while nanosleep(&rest, &rest) != 0, errno == EINTR {}
}
