import PolygraphChecking
import PolygraphHistory

// What stands at the top of the page: verdict, figures, warnings, and the proof.

extension HTMLPage {
    /// More anomalies than this are listed without their proofs.
    private static let anomaliesInFull = 12
    private static let anomaliesListed = 300

    func banner() -> Markup {
        element("section", .class("banner \(record.verdict.rawValue)"), .label("Verdict")) {
            element("div", .class("mark"), .init("aria-hidden", "true")) { Self.mark(record.verdict) }
            element("div") {
                element("h1") { record.verdict.rawValue.uppercased() }
                element("p", .class("headline")) { record.headline }
                element("p", .class("note")) { record.subtitle(log) }
                if !record.anomalies.isEmpty {
                    element("p", .class("actions")) {
                        element("a", .class("button"), .link(toFragment: "proof")) { "Why: the proof" }
                        element("a", .class("button quiet"), .link(toFragment: "timeline"), .init("data-anomaly", "0"))
                        {
                            "Jump to violation"
                        }
                    }
                }
            }
        }
    }

    func numbers() -> Markup {
        let total = statistics.total
        let latency = statistics.hasIntended ? statistics.intendedLatency : statistics.latency
        let partitions = record.results.flatMap(\.partitions)
        return element("dl", .class("numbers")) {
            figure("operations", Units.count(total.total), "\(Units.rate(total.total, in: statistics.span)) invoked")
            outcomes(total)
            figure(
                "latency p50 / p99",
                total.ok == 0
                    ? "–"
                    : (latency.quantile(0.5).map(Units.duration) ?? "–") + " / "
                        + (latency.quantile(0.99).map(Units.duration) ?? "–"),
                "max \(latency.maximum.map(Units.duration) ?? "–")"
                    + (statistics.hasIntended ? ", from intended time" : ", from invocation"))
            figure(
                "faults", log.faults.isEmpty ? "none" : "\(log.proved) of \(log.injected)",
                log.faults.isEmpty ? "nothing was injected" : "proved by a measurement")
            figure(
                "keys", Units.count(max(statistics.keys.count, partitions.count)),
                partitions.isEmpty
                    ? "not checked one by one"
                    : "\(Units.count(partitions.count { $0.verdict == .valid })) valid · "
                        + "\(Units.count(partitions.count { $0.verdict == .invalid })) invalid · "
                        + "\(Units.count(partitions.count { $0.verdict == .unknown })) unknown")
        }
    }

    private func figure(_ name: String, _ value: String, _ note: String) -> Markup {
        element("div") {
            element("dt") { name }
            element("dd") {
                element("b") { value }
                element("span", .class("note")) { note }
            }
        }
    }

    /// The shares of ok, fail and info as a bar.
    private func outcomes(_ total: Tally) -> Markup {
        element("div") {
            element("dt") { "outcomes" }
            element("dd") {
                element("b") { Units.count(total.ok) + " ok" }
                element("span", .class("shares"), .init("aria-hidden", "true")) {
                    share("ok", total.ok, of: total.total)
                    share("fail", total.fail, of: total.total)
                    share("info", total.info, of: total.total)
                }
                element("span", .class("note")) { "\(Units.count(total.fail)) fail · \(Units.count(total.info)) info" }
            }
        }
    }

    private func share(_ name: String, _ part: Int, of whole: Int) -> Markup {
        let percent = whole == 0 ? 0 : Double(part) * 100 / Double(whole)
        return element("i", .class(name), .init("style", "width:\(Units.fixed(percent, 2))%"))
    }

    @MarkupBuilder
    func warningSection() -> Markup {
        if !warnings.isEmpty {
            element("section", .class("warnings"), .label("Warnings")) {
                element("h2") { Units.plural(warnings.count, "warning") }
                element("ul") {
                    for warning in warnings.prefix(30) { element("li") { warning } }
                    if warnings.count > 30 { element("li") { "… and \(warnings.count - 30) more in results.json" } }
                }
            }
        }
    }

    @MarkupBuilder
    func anomalySection() -> Markup {
        let anomalies = record.anomalies
        if !anomalies.isEmpty {
            section(
                "proof", anomalies.count == 1 ? "The proof" : "The proofs",
                note: "Operations are named by their index in the history. Click one to see it in the timeline."
            ) {
                for (number, found) in anomalies.prefix(Self.anomaliesInFull).enumerated() {
                    anomaly(found.anomaly, checker: found.checker, number: number)
                }
                if anomalies.count > Self.anomaliesInFull { furtherAnomalies(anomalies) }
            }
        }
    }

    private func anomaly(_ anomaly: Anomaly, checker: String, number: Int) -> Markup {
        let calls = history.calls(anomaly.operations)
        return element("article", .class("card anomaly")) {
            element("h3") {
                anomaly.heading
                element("span", .class("note")) { " found by \(checker)" }
            }
            element("p", .class("summary")) { linked(Sentence.capitalised(anomaly.summary), anomaly) }
            if !anomaly.explanation.isEmpty {
                element("ol") {
                    for step in anomaly.explanation { element("li") { linked(step, anomaly) } }
                }
            }
            if !calls.isEmpty { picture(anomaly, calls) }
            element("p", .class("actions")) {
                element(
                    "a", .class("button quiet"), .link(toFragment: "timeline"), .init("data-anomaly", String(number))
                ) {
                    "Show in the timeline"
                }
            }
            if !calls.isEmpty { citedOperations(anomaly, calls) }
        }
    }

    @MarkupBuilder
    private func picture(_ anomaly: Anomaly, _ calls: [Call]) -> Markup {
        let faults = log.faults.filter { $0.began != nil }
        for isNarrow in [false, true] {
            AnomalyDiagram(calls: calls, failedAt: anomaly.failedAt, faults: faults, isNarrow: isNarrow).render()
        }
        element("p", .class("note")) {
            "The order of all beginnings and ends is exact; long pauses are shortened."
                + (calls.count > AnomalyDiagram.callsAtMost
                    ? " The first \(AnomalyDiagram.callsAtMost) of \(calls.count) operations are drawn." : "")
        }
    }

    private func citedOperations(_ anomaly: Anomaly, _ calls: [Call]) -> Markup {
        element("details") {
            element("summary") { "\(Units.plural(calls.count, "operation")) cited" }
            table(
                [
                    ("index", true), ("from", true), ("to", true), ("process", false), ("operation", false),
                    ("outcome", false),
                ],
                label: "Cited operations"
            ) {
                for call in calls.prefix(200) {
                    element("tr", .class(call.invocation.index == anomaly.failedAt ? "failing" : "")) {
                        element("td", .class("number")) { operationLink(call.invocation.index) }
                        cell(Units.moment(call.invocation.time), "number")
                        cell(call.completion.map { Units.moment($0.time) } ?? "never", "number")
                        cell(call.place)
                        cell(call.text, "code")
                        cell(
                            call.outcome.rawValue + (call.completion?.error.map { ": " + $0 } ?? ""),
                            call.outcome.rawValue)
                    }
                }
            }
        }
    }

    private func furtherAnomalies(_ anomalies: [(checker: String, anomaly: Anomaly)]) -> Markup {
        let rest = anomalies.dropFirst(Self.anomaliesInFull)
        return element("details", .class("card")) {
            element("summary") { Units.plural(rest.count, "more anomaly", "more anomalies") }
            element("ul", .class("plain")) {
                for (offset, found) in rest.prefix(Self.anomaliesListed).enumerated() {
                    element("li") {
                        element(
                            "a", .link(toFragment: "timeline"),
                            .init("data-anomaly", String(offset + Self.anomaliesInFull))
                        ) { found.anomaly.heading }
                        ": "
                        linked(found.anomaly.summary, found.anomaly)
                    }
                }
                if rest.count > Self.anomaliesListed { element("li") { "… all of them are in results.json" } }
            }
        }
    }

    private func operationLink(_ index: Int) -> Markup {
        element("a", .link(toFragment: "op-\(index)")) { String(index) }
    }

    /// The sentence, with every `operation 17` that the proof cites (and `18` in `operations 17 and 18`) as a link.
    func linked(_ sentence: String, _ anomaly: Anomaly) -> Markup {
        let cited = Set(anomaly.operations + [anomaly.failedAt].compactMap { $0 })
        var parts: [Markup] = []
        var plain = ""
        var followsLink = false
        var rest = Substring(sentence)
        while let first = rest.first {
            guard first.isASCII, first.isNumber else {
                plain.append(rest.removeFirst())
                continue
            }
            let digits = rest.prefix { $0.isASCII && $0.isNumber }
            rest = rest.dropFirst(digits.count)
            let isNamed =
                ["operation ", "operations ", "event ", "#"].contains { plain.lowercased().hasSuffix($0) }
                || (followsLink && [", ", " and ", ", and ", " or "].contains(plain))
            if isNamed, let index = Int(digits), cited.contains(index) {
                parts += [.text(plain), operationLink(index)]
                plain = ""
                followsLink = true
            } else {
                plain += digits
            }
        }
        return .group(parts + [.text(plain)])
    }
}
