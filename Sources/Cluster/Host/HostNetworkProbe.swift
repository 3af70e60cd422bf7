/// Finds out what a host can do to its network and how to enable the rest, by doing it on a device of its own.
package enum HostNetworkProbe {
    /// Tries everything; harmless, for it touches no device that carries anything.
    package static func run(_ programs: HostPrograms = HostPrograms()) -> [LabProbe.Result] {
        [
            LabProbe.Result(
                name: "packet filter", cost: "no partitions, losses and resets", problem: packetFilter(programs)),
            LabProbe.Result(
                name: "copies of frames", cost: "no duplicated frames", problem: copies(programs)),
            LabProbe.Result(
                name: "queues that delay", cost: "no delays, bursts of losses, corruption and reordering",
                problem: queue("netem delay 1ms", "sch_netem", programs)),
            LabProbe.Result(
                name: "queues that limit", cost: "no limited rates",
                problem: queue("tbf rate 1000000bps burst 4000 limit 4000", "sch_tbf", programs)),
        ]
    }

    private static func packetFilter(_ programs: HostPrograms) -> String? {
        guard let tool = HostFirewall.tool(programs) else { return HostFirewall.remedy }
        // Checked by the kernel, and not carried out.
        let words = tool == "nft" ? ["nft", "-c", "-f", "-"] : ["iptables-restore", "--test", "--noflush"]
        let input =
            tool == "nft"
            ? """
            add table inet polygraph_probe
            add counter inet polygraph_probe lost
            add chain inet polygraph_probe input { type filter hook input priority 100; policy accept; }
            add rule inet polygraph_probe input tcp dport 1 numgen random mod 9 < 1 counter name lost \
            reject with tcp reset

            """
            : "*filter\n:polygraph-probe - [0:0]\n-A polygraph-probe -p tcp -m multiport --ports 1 -m statistic "
                + "--mode random --probability 0.1 -j REJECT --reject-with tcp-reset\nCOMMIT\n"
        return complaint(words, input, programs) { HostFirewall.explain($0, tool: tool) }
    }

    private static func copies(_ programs: HostPrograms) -> String? {
        guard programs.find("nft") != nil else { return "install nft: apt-get install nftables" }
        let input = """
            add table ip polygraph_probe
            add chain ip polygraph_probe output { type filter hook output priority 101; policy accept; }
            add rule ip polygraph_probe output ip daddr 192.0.2.1 dup to 192.0.2.1

            """
        return complaint(["nft", "-c", "-f", "-"], input, programs) {
            HostFirewall.explain($0, tool: "nft") + "; modprobe nft_dup_ipv4"
        }
    }

    /// A queue on a device that leads nowhere.
    private static func queue(_ words: String, _ module: String, _ programs: HostPrograms) -> String? {
        guard programs.find("tc") != nil, programs.find("ip") != nil else {
            return "tc is not installed: apt-get install iproute2"
        }
        let device = "polygraph-probe"
        let removal = ["ip", "link", "del", device]
        _ = try? programs.run(removal)
        defer { _ = try? programs.run(removal) }
        let creation = complaint(
            ["ip", "link", "add", device, "type", "veth", "peer", "name", "polygraph-away"], "", programs)
        if let creation { return creation + "; root is needed, and a kernel with veth" }
        let script = """
            qdisc add dev \(device) root handle \(HostTrafficControl.root) htb default 0
            class add dev \(device) parent \(HostTrafficControl.root) \
            classid \(HostTrafficControl.classID(1)) htb rate 30gbit
            qdisc add dev \(device) parent \(HostTrafficControl.classID(1)) handle 7078: \(words)

            """
        return complaint(["tc", "-batch", "-"], script, programs) {
            HostTrafficControl.explain($0) + " (here: \(module))"
        }
    }

    private static func complaint(
        _ words: [String], _ input: String, _ programs: HostPrograms,
        _ explain: (HostPrograms.Outcome) -> String = { $0.complaint }
    ) -> String? {
        do throws(ClusterError) {
            let outcome = try programs.run(words, input: input)
            return outcome.isSuccess ? nil : explain(outcome)
        } catch {
            return error.message
        }
    }
}

extension LabProbe.Result {
    fileprivate init(name: String, cost: String, problem: String?) {
        self.init(name: name, works: problem == nil, cost: cost, remedy: problem ?? "")
    }
}
