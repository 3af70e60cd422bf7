import CLinux

/// Whether this machine can do what disk faults need.
enum DiskProbe {
    static var supervision: LabProbe.Ability {
        LabProbe.Ability(
            name: "supervision of system calls", cost: "no disk faults and no durability audit on local nodes",
            remedy: "use Linux 5.9 or newer with CONFIG_SECCOMP_FILTER; in a container, add --security-opt "
                + "seccomp=unconfined, and begin no other seccomp supervisor around it",
            attempt: { lab_supervision_probe() })
    }
}
