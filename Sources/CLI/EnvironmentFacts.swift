import Glibc
import PolygraphChecking
import PolygraphHistory

/// What a reader of a report must know of the machine and the build.
enum EnvironmentFacts {
    static func gather() -> [CheckResult.Fact] {
        var name = utsname()
        uname(&name)
        func text<T>(_ field: T) -> String {
            withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        }
        let pages = sysconf(Int32(_SC_PHYS_PAGES))
        let pageSize = sysconf(Int32(_SC_PAGESIZE))
        #if DEBUG
            let build = "debug (checks are several times slower than in a release build)"
        #else
            let build = "release"
        #endif
        return [
            .init("polygraph", .string(PolygraphCommand.version)),
            .init("build", .string(build)),
            .init("kernel", .string("\(text(name.sysname)) \(text(name.release))")),
            .init("architecture", .string(text(name.machine))),
            .init("processors", .integer(Int64(sysconf(Int32(_SC_NPROCESSORS_ONLN))))),
            .init("memory", .string("\((pages * pageSize) >> 20) MiB")),
        ]
    }

    /// Bytes that processes could still take; what the kernel calls available.
    static var freeMemory: Int {
        let fallback = sysconf(Int32(_SC_AVPHYS_PAGES)) * sysconf(Int32(_SC_PAGESIZE))
        guard let file = fopen("/proc/meminfo", "r") else { return fallback }
        defer { fclose(file) }
        var line = [CChar](repeating: 0, count: 128)
        while fgets(&line, Int32(line.count), file) != nil {
            let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init), as: UTF8.self)
            if text.hasPrefix("MemAvailable:"),
                let number = text.split(separator: " ").dropFirst().first.flatMap({ Int($0) })
            {
                return number << 10
            }
        }
        return fallback
    }
}
