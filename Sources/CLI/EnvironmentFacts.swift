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
            .init("memory", .string("\(pages * pageSize >> 20) MiB")),
        ]
    }
}
