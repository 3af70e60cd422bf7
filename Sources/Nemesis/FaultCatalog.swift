import PolygraphHistory

/// All kinds of fault.
public enum FaultCatalog {
    public static let kinds: [any Fault.Type] = [
        PartitionFault.self, KillFault.self, PauseFault.self, ClockFault.self,
        ClientCutFault.self, LinkFault<DelayEffect>.self, LinkFault<LossEffect>.self,
        LinkFault<DuplicationEffect>.self, LinkFault<ReorderingEffect>.self, LinkFault<CorruptionEffect>.self,
        LinkFault<RateEffect>.self, LinkFault<ResetEffect>.self, LinkFault<FlapEffect>.self,
        LinkFault<SlowNodeEffect>.self, LinkFault<SlowPrimaryEffect>.self, WideAreaFault.self, NameServiceFault.self,
        TerminateFault.self, RestartFault.self, RollingRestartFault.self, CrashLoopFault.self, StartKillFault.self,
        ProcessorFault.self, MemoryFault.self, DescriptorFault.self, SlowFault.self,
        ClockStrobeFault.self, ClockFreezeFault.self, ClockSlewFault.self, ClockResetFault.self,
        JoinFault.self, LeaveFault.self, ReplaceFault.self,
        DiskFault.self, DiskFullFault.self, CrashAtFault.self, PowerFailureFault.self, CorruptFilesFault.self,
        HookFault.self,
    ]

    public static let descriptions: [FaultDescription] = kinds.map { $0.description }

    public static let names = descriptions.map(\.name)

    public static func kind(named name: String) -> (any Fault.Type)? {
        kinds.first { $0.description.name == name }
    }
}
