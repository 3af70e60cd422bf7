// swift-tools-version: 6.1
import PackageDescription

let settings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// One module of Polygraph: `folder` in `Sources/`, module name with the prefix that keeps it
/// apart from its own main type and from other packages.
func module(_ folder: String, _ dependencies: [Target.Dependency] = [], resources: [Resource] = []) -> Target {
    .target(
        name: "Polygraph" + folder, dependencies: dependencies, path: "Sources/" + folder, resources: resources,
        swiftSettings: settings)
}

func tests(_ folder: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(
        name: "Polygraph\(folder)Tests", dependencies: dependencies, path: "Tests/" + folder,
        swiftSettings: settings)
}

let package = Package(
    name: "polygraph",
    products: [
        .executable(name: "polygraph", targets: ["PolygraphCLI"]),
        .library(name: "Polygraph", targets: ["Polygraph"]),
        .library(
            name: "PolygraphChecker",
            targets: ["PolygraphHistory", "PolygraphModels", "PolygraphChecking", "PolygraphLinearizability"]),
    ],
    dependencies: [
        // Command line: help, completions, validation; needs no full Foundation.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0")
    ],
    targets: [
        // libyaml: YAML events with line and column, so that every mistake in a workload file has a place.
        .systemLibrary(
            name: "CYAML", path: "Sources/CYAML", pkgConfig: "yaml-0.1",
            providers: [.apt(["libyaml-dev"]), .brew(["libyaml"])]),
        // libssh2: SSH with the agents, keys and known hosts of the user, in one process and without a terminal.
        .systemLibrary(
            name: "CSSH2", path: "Sources/CSSH2", pkgConfig: "libssh2",
            providers: [.apt(["libssh2-1-dev"]), .brew(["libssh2"])]),
        // OpenSSL: TLS to clusters that want it, with certificates verified by what everybody else trusts too.
        .systemLibrary(
            name: "COpenSSL", path: "Sources/COpenSSL", pkgConfig: "openssl",
            providers: [.apt(["libssl-dev"]), .brew(["openssl@3"])]),
        // The system calls that Swift's Glibc module does not show, and the clock stub.
        .target(name: "CLinux", path: "Sources/CLinux"),

        module("History"),
        module("Models", ["PolygraphHistory"]),
        module("Checking", ["PolygraphHistory"]),
        module("Linearizability", ["PolygraphChecking", "PolygraphHistory", "PolygraphModels"]),
        .target(
            name: "PolygraphReports", dependencies: ["PolygraphChecking", "PolygraphHistory"], path: "Sources/Reports",
            // The HTML report is one file: its style sheet and scripts travel inside the binary.
            resources: [
                "report.css", "data.js", "search.js", "axis.js", "timeline.js", "charts.js", "clocks.js", "detail.js",
                "page.js",
            ].map { .embedInCode("Page/" + $0) },
            swiftSettings: settings),

        // Histories with known verdicts, for benchmarks, tests and `polygraph generate-history`.
        module("Synthesis", ["PolygraphHistory"]),

        module("SSH", ["CLinux", "CSSH2"]),
        module("Generators", ["PolygraphHistory"]),
        module("Clients", ["CLinux", "COpenSSL", "PolygraphHistory"]),
        module("Cluster", ["CLinux", "PolygraphSSH"]),
        module("Systems", ["CLinux", "PolygraphClients", "PolygraphCluster", "PolygraphHistory"]),
        module(
            "Nemesis",
            [
                "CLinux", "PolygraphClients", "PolygraphCluster", "PolygraphGenerators", "PolygraphHistory",
                "PolygraphSystems",
            ]),
        module(
            "Runner",
            [
                "CLinux", "PolygraphChecking", "PolygraphClients", "PolygraphCluster", "PolygraphGenerators",
                "PolygraphHistory", "PolygraphNemesis", "PolygraphSystems",
            ]),
        module(
            "Workloads",
            [
                "CYAML", "PolygraphChecking", "PolygraphClients", "PolygraphCluster", "PolygraphGenerators",
                "PolygraphHistory", "PolygraphLinearizability", "PolygraphModels", "PolygraphNemesis",
                "PolygraphRunner", "PolygraphSSH", "PolygraphSystems",
            ],
            // A link to `Workloads/`: the files are compiled in.
            resources: [.embedInCode("Embedded")]),
        .target(
            name: "Polygraph", dependencies: ["PolygraphReports", "PolygraphWorkloads"], path: "Sources/Polygraph",
            swiftSettings: settings),

        module("Samples", ["CLinux"]),
        .executableTarget(
            name: "PolygraphCLI",
            dependencies: [
                "CLinux", "Polygraph", "PolygraphChecking", "PolygraphClients", "PolygraphCluster",
                "PolygraphGenerators", "PolygraphHistory", "PolygraphLinearizability", "PolygraphModels",
                "PolygraphNemesis", "PolygraphReports", "PolygraphRunner", "PolygraphSSH", "PolygraphSamples",
                "PolygraphSynthesis", "PolygraphSystems", "PolygraphWorkloads",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            path: "Sources/CLI", swiftSettings: settings),

        .executableTarget(
            name: "HistoryBenchmark", dependencies: ["PolygraphGenerators", "PolygraphHistory"],
            path: "Benchmarks/HistoryBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "DriverBenchmark",
            dependencies: ["PolygraphClients", "PolygraphGenerators", "PolygraphHistory", "PolygraphRunner"],
            path: "Benchmarks/DriverBenchmark", swiftSettings: settings),
        .executableTarget(
            name: "HTTPBenchmark", dependencies: ["PolygraphClients", "PolygraphHistory"],
            path: "Benchmarks/HTTPBenchmark", swiftSettings: settings),
        // What the lab's tests run inside a world of its own, because a test process has threads and cannot enter one.
        .executableTarget(
            name: "LabTestProgram",
            dependencies: [
                "CLinux", "PolygraphCluster", "PolygraphGenerators", "PolygraphHistory", "PolygraphNemesis",
                "PolygraphSystems",
            ],
            path: "Tests/Support/LabTestProgram", swiftSettings: settings),
        .executableTarget(
            name: "LabBenchmark", dependencies: ["CLinux", "PolygraphCluster"], path: "Benchmarks/LabBenchmark",
            swiftSettings: settings),
        // Servers in network namespaces of their own, and the calls that are made to them.
        .executableTarget(
            name: "SSHTestProgram", dependencies: ["CLinux", "PolygraphSSH"], path: "Tests/Support/SSHTestProgram",
            swiftSettings: settings),
        .executableTarget(
            name: "SSHBenchmark", dependencies: ["CLinux", "PolygraphSSH"], path: "Benchmarks/SSHBenchmark",
            swiftSettings: settings),
        .executableTarget(
            name: "CheckerBenchmark",
            dependencies: [
                "PolygraphChecking", "PolygraphHistory", "PolygraphLinearizability", "PolygraphModels",
                "PolygraphSynthesis",
            ],
            path: "Benchmarks/CheckerBenchmark", swiftSettings: settings),

        tests("History", ["PolygraphHistory"]),
        tests(
            "Linearizability",
            [
                "PolygraphChecking", "PolygraphHistory", "PolygraphLinearizability", "PolygraphModelVocabulary",
                "PolygraphModels",
            ]),
        // Random calls of every model and exhaustive search, which the tests of three modules share.
        .target(
            name: "PolygraphModelVocabulary", dependencies: ["PolygraphHistory", "PolygraphModels"],
            path: "Tests/Support/ModelVocabulary", swiftSettings: settings),
        tests("Models", ["PolygraphHistory", "PolygraphModelVocabulary", "PolygraphModels"]),
        tests(
            "Synthesis",
            ["PolygraphHistory", "PolygraphModelVocabulary", "PolygraphModels", "PolygraphSynthesis"]),
        tests("Checking", ["PolygraphChecking", "PolygraphHistory"]),
        tests("Reports", ["PolygraphChecking", "PolygraphHistory", "PolygraphReports"]),
        tests("Generators", ["PolygraphGenerators", "PolygraphHistory"]),
        // Servers that speak TLS and want credentials, and certificates of an authority of their own.
        .target(
            name: "PolygraphTestServers", path: "Tests/Support/TestServers", swiftSettings: settings),
        tests("Clients", ["PolygraphClients", "PolygraphHistory", "PolygraphTestServers"]),
        tests("Cluster", ["CLinux", "LabTestProgram", "PolygraphCluster"]),
        tests("SSH", ["PolygraphSSH", "SSHTestProgram"]),
        tests("Nemesis", ["PolygraphCluster", "PolygraphGenerators", "PolygraphHistory", "PolygraphNemesis"]),
        tests(
            "Runner",
            [
                "PolygraphChecking", "PolygraphClients", "PolygraphCluster", "PolygraphGenerators", "PolygraphHistory",
                "PolygraphNemesis",
                "PolygraphRunner",
            ]),
        tests(
            "Workloads",
            [
                "PolygraphClients", "PolygraphCluster", "PolygraphGenerators", "PolygraphHistory", "PolygraphNemesis",
                "PolygraphRunner", "PolygraphSSH", "PolygraphSystems", "PolygraphWorkloads",
            ]),
        tests("Samples", ["PolygraphSamples"]),
        tests("CLI", ["PolygraphHistory", "PolygraphTestServers"]),
    ],
    swiftLanguageModes: [.v6]
)
