import PolygraphClients
import PolygraphCluster
import PolygraphRunner
import PolygraphSystems

extension WorkloadFile {
    /// What somebody who lets this run happen should know, one sentence each.
    public var cautions: [String] {
        var cautions: [String] = []
        if usesTLS, access.tls?.verifies == false {
            cautions.append(
                "the servers' certificates are not looked at (`client.tls.verify: false`): whoever stands between can "
                    + "read and change everything")
        }
        if !access.secrets.isEmpty, hasPlainRequests {
            cautions.append("secrets are sent over connections that are not encrypted: there are `http://` URLs")
        }
        if let rate = limits.rate, clients.rate.map({ $0 > rate }) ?? true {
            let wanted =
                clients.rate.map { "\($0.formattedBriefly) operations a second" } ?? "as many operations as they can"
            cautions.append("clients would make \(wanted); they are held to \(rate.formattedBriefly) (`limits.rate`)")
        }
        return cautions
    }

    /// What a run leaves in the cluster; nil where nothing is left.
    public var leftovers: String? {
        guard let keyPrefix, client.delete == nil else { return nil }
        switch workload {
        case .register(let spec):
            return "up to \(spec.keys) keys beginning with `\(keyPrefix)` and the run's own number remain in the "
                + "cluster: `client.http.delete`, which says how to remove one, is missing"
        }
    }

    private var hasPlainRequests: Bool {
        client.functions.contains { !$0.request.url.isSecure }
            || [system.ready, system.primary].contains { $0.map { !$0.url.isSecure } ?? false }
    }
}

extension Double {
    /// Without `.0`.
    var formattedBriefly: String { self == rounded() && abs(self) < 1e15 ? "\(Int64(self))" : "\(self)" }
}
