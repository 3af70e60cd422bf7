import Testing

@testable import PolygraphCluster

/// Who ended a program, by what is known of its end.
@Suite struct EndCauseTests {
    @Test(
        arguments: [
            (.requested, .init(isRequested: true, signal: 9)),
            // A program that crashes while it is asked to end, ends because it was asked.
            (.requested, .init(isRequested: true, signal: 11)),
            (.requested, .init(isRequested: true, signal: nil)),
            (.crashPoint, .init(signal: 9, hasMetCrashPoint: true)),
            (.itself, .init(signal: 6, hasMetCrashPoint: true)),
            (.outOfMemory, .init(signal: 9, hadMemoryLimit: true, memoryKills: 1)),
            // The kernel has killed a helper of a program that then went by itself.
            (.itself, .init(signal: nil, hadMemoryLimit: true, memoryKills: 1)),
            // No limit, or none that was met: somebody else sent the signal.
            (.itself, .init(signal: 9, hadMemoryLimit: true, memoryKills: 0)),
            (.itself, .init(signal: 9, hadMemoryLimit: true, memoryKills: 0, memoryKillsOfMachine: 2)),
            (.machineOutOfMemory, .init(signal: 9, memoryKills: 1, memoryKillsOfMachine: 1)),
            (.machineOutOfMemory, .init(signal: 9, memoryKillsOfMachine: 1)),
            (.itself, .init(signal: 9)),
            (.itself, .init(signal: nil, memoryKillsOfMachine: 1)),
            (.itself, .init(signal: 11)),
        ] as [(EndCause, EndCause.Evidence)])
    func `the evidence decides`(cause: EndCause, evidence: EndCause.Evidence) {
        #expect(EndCause(evidence) == cause)
    }
}
