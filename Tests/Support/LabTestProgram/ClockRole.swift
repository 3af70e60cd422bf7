import CLinux
import Glibc
import Synchronization

/// Reads the clock as every program does.
enum ClockRole {
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }

    /// The shown minus the true time, in nanoseconds.
    static func skew() -> Int64 { now() - lab_real_time() }

    static func printOnce() -> Never {
        print(skew())
        fflush(nil)
        while true { pause() }
    }

    static func printForEver() -> Never {
        while true {
            Files.replace("skew", "\(skew())")
            Files.replace("shown", "\(now())")
            usleep(2000)
        }
    }
}

/// Threads that read the clock without a pause, and threads that wait in the kernel, while somebody changes the clock
/// all the time. Every reading must show one of the known offsets, and no waiting call may be interrupted.
final class ClockStorm: Sendable {
    private let offsets: [Int64]
    private let readings = Atomic<Int>(0)
    private let wrong = Atomic<Int>(0)
    private let waits = Atomic<Int>(0)
    private let interruptions = Atomic<Int>(0)

    init(offsets: [Int64]) { self.offsets = offsets }

    func run() -> Never {
        for kind in 0..<4 { start { self.read(kind) } }
        for kind in 0..<4 { start { self.wait(kind) } }
        while true {
            Files.replace(
                "storm",
                "\(readings.load(ordering: .relaxed)) \(wrong.load(ordering: .relaxed)) "
                    + "\(waits.load(ordering: .relaxed)) \(interruptions.load(ordering: .relaxed))")
            usleep(5000)
        }
    }

    private func start(_ body: @escaping @Sendable () -> Void) {
        final class Work: Sendable {
            let body: @Sendable () -> Void
            init(_ body: @escaping @Sendable () -> Void) { self.body = body }
        }
        var thread = pthread_t()
        let work = Unmanaged.passRetained(Work(body)).toOpaque()
        pthread_create(
            &thread, nil,
            { argument in
                Unmanaged<Work>.fromOpaque(argument!).takeRetainedValue().body()
                return nil
            }, work)
    }

    private func read(_ kind: Int) {
        while true {
            let before = lab_real_time()
            // What the call shows, and how coarse it is.
            let shown: Int64
            let grain: Int64
            switch kind {
            case 0, 1: (shown, grain) = (ClockRole.now(), 0)
            case 2:
                var time = timeval()
                gettimeofday(&time, nil)
                (shown, grain) = (Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_usec) * 1000, 1000)
            default: (shown, grain) = (Int64(time(nil)) * 1_000_000_000, 1_020_000_000)
            }
            let after = lab_real_time()
            let fits = offsets.contains { shown - $0 <= after && shown - $0 >= before - grain }
            if !fits { wrong.add(1, ordering: .relaxed) }
            readings.add(1, ordering: .relaxed)
        }
    }

    private func wait(_ kind: Int) {
        let epoll = lab_epoll_new()
        let event = lab_event_new()
        _ = lab_epoll_add(epoll, event, 0)
        while true {
            var code: Int32 = 0
            switch kind {
            case 0:
                // Without limit, and so never back unless interrupted.
                code = lab_epoll_wait(epoll)
            case 1:
                var time = timespec(tv_sec: 0, tv_nsec: 3_000_000)
                code = nanosleep(&time, nil) == 0 ? 0 : errno
            case 2:
                var polled = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
                code = poll(&polled, 1, 3) >= 0 ? 0 : errno
            default:
                var mutex = pthread_mutex_t()
                var condition = pthread_cond_t()
                pthread_mutex_init(&mutex, nil)
                var attributes = pthread_condattr_t()
                pthread_condattr_init(&attributes)
                pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
                pthread_cond_init(&condition, &attributes)
                pthread_mutex_lock(&mutex)
                var limit = timespec()
                clock_gettime(CLOCK_MONOTONIC, &limit)
                limit.tv_nsec += 3_000_000
                if limit.tv_nsec >= 1_000_000_000 {
                    limit.tv_nsec -= 1_000_000_000
                    limit.tv_sec += 1
                }
                let result = pthread_cond_timedwait(&condition, &mutex, &limit)
                code = result == ETIMEDOUT ? 0 : result
                pthread_mutex_unlock(&mutex)
            }
            if code != 0 { interruptions.add(1, ordering: .relaxed) }
            waits.add(1, ordering: .relaxed)
        }
    }
}
