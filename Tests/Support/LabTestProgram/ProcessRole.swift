import CLinux
import Glibc
import Synchronization

/// Programs that use what can be limited, and that end in all kinds of ways.
enum ProcessRole {
    /// - Returns: when there is no such role.
    static func play(_ name: String, _ words: [String]) {
        switch name {
        case "polite": polite()
        case "stubborn":
            signal(SIGTERM, SIG_IGN)
            Files.replace("ready", "yes")
            while true { pause() }
        case "suicide":
            usleep(200_000)
            kill(getpid(), SIGKILL)
        case "boot":
            Files.replace("begun", "yes")
            usleep(2_000_000)
            Files.replace("booted", "yes")
            while true { pause() }
        case "burn": burn(children: Int(words[0])!)
        case "grow": grow()
        case "open": open(greedy: words.first == "greedy")
        case "timed-wait": timedWait()
        default: return
        }
    }

    /// Says goodbye when it is asked to end, and counts SIGUSR1.
    private static func polite() -> Never {
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGTERM)
        sigaddset(&signals, SIGUSR1)
        sigprocmask(SIG_BLOCK, &signals, nil)
        Files.replace("ready", "yes")
        var count = 0
        while true {
            var number: Int32 = 0
            sigwait(&signals, &number)
            if number == SIGTERM {
                Files.replace("goodbye", "yes")
                exit(0)
            }
            count += 1
            Files.replace("signals", "\(count)")
        }
    }

    /// Wants all the processor time that there is.
    private static func burn(children: Int) -> Never {
        for _ in 0..<children { _ = Role.spawn(["burn", "0"]) }
        Files.replace("ready", "yes")
        // An effect that no compiler may leave out.
        let turns = Atomic<UInt64>(0)
        while true { turns.wrappingAdd(1, ordering: .relaxed) }
    }

    /// Takes a mebibyte of memory every two milliseconds, and says how many it has.
    private static func grow() -> Never {
        var count = 0
        while true {
            let block = mmap(nil, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
            guard let block, block != MAP_FAILED else { exit(5) }
            memset(block, 1, 1 << 20)
            count += 1
            Files.replace("grown", "\(count)")
            usleep(2000)
        }
    }

    /// Opens files up to 400 and closes them, again and again; says how many it had at most and how often it was
    /// refused.
    private static func open(greedy: Bool) -> Never {
        if greedy {
            // As Go's programs do at their start.
            var limit: UInt64 = 0
            var largest: UInt64 = 0
            _ = lab_descriptor_limit(getpid(), &limit, &largest)
            _ = lab_set_descriptor_limit(getpid(), largest)
        }
        // The file that the findings go to is open already.
        let report = Glibc.open("descriptors", O_WRONLY | O_CREAT | O_TRUNC, 0o644)
        var most = 0
        var refusals = 0
        var held: [Int32] = []
        while true {
            let descriptor = Glibc.open("/dev/null", O_RDONLY)
            if descriptor >= 0 {
                held.append(descriptor)
                most = max(most, held.count)
            } else {
                refusals += 1
            }
            if descriptor < 0 || held.count == 400 {
                for number in held { close(number) }
                var text = "\(held.count) \(most) \(refusals) "
                text.withUTF8 { _ = pwrite(report, $0.baseAddress, $0.count, 0) }
                held = []
                usleep(2000)
            }
        }
    }

    /// Waits until a time of the real clock.
    private static func timedWait() -> Never {
        var mutex = pthread_mutex_t()
        var condition = pthread_cond_t()
        pthread_mutex_init(&mutex, nil)
        pthread_cond_init(&condition, nil)
        pthread_mutex_lock(&mutex)
        Files.replace("ready", "yes")
        var limit = timespec()
        clock_gettime(CLOCK_REALTIME, &limit)
        limit.tv_sec += 1000
        while true { pthread_cond_timedwait(&condition, &mutex, &limit) }
    }
}
