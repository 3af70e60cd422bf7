import PolygraphChecking
import PolygraphHistory

// The interactive part: controls, and the canvases that the script draws on.

extension HTMLPage {
    func timelineSection() -> Markup {
        element("section", .id("timeline"), .init("aria-labelledby", "timeline-title")) {
            element("div", .class("heading")) {
                element("h2", .id("timeline-title")) { "Timeline" }
                element("p", .class("note")) { "Every operation of every client, with the faults behind them." }
            }
            element("noscript") {
                element("p", .class("empty")) { "The timeline and the charts need JavaScript; all the rest does not." }
            }
            if statistics.total.total == 0 {
                element("p", .class("empty")) { "The history has no operations." }
            }
            element("div", .class("card drawing")) {
                toolbar()
                canvas("overview", "The whole run; drag to choose the part shown below")
                canvas(
                    "operations-canvas",
                    "Operations over time, one row a worker. Arrow keys move, plus and minus zoom, "
                        + "Shift with left and right steps through operations, 0 shows all")
                element("div", .class("legend")) { legend() }
                element("div", .id("detail"), .init("aria-live", "polite"))
            }
            element("div", .id("charts"), .class("charts")) {
                chart("throughput", "Throughput", "operations a second by outcome")
                chart("latency", "Latency", "logarithmic; quantiles are those of ok operations")
                if !clocks.isEmpty {
                    chart(
                        "clocks", "Clocks",
                        "how far each node's wall clock is from the true time; dots: as the node's own process read it")
                }
            }
        }
    }

    private func toolbar() -> Markup {
        element("div", .class("toolbar"), .init("role", "toolbar"), .label("Timeline")) {
            element("label") {
                element("span", .class("hidden")) { "Find operations" }
                element(
                    "input", .id("search"), .init("type", "search"),
                    .init("placeholder", "Find: value, function, node, process 3, #17"), .init("autocomplete", "off"),
                    .init("spellcheck", "false"))
            }
            element("label") {
                element("span", .class("hidden")) { "Only this key" }
                element(
                    "input", .id("key"), .init("list", "key-list"), .init("placeholder", "All keys"),
                    .init("autocomplete", "off"), .init("spellcheck", "false"))
                element("datalist", .id("key-list"))
            }
            element("span", .class("group"), .init("role", "group"), .label("Outcomes shown")) {
                for name in ["ok", "fail", "info"] {
                    element(
                        "button", .init("type", "button"), .class("toggle \(name)"), .init("data-outcome", name),
                        .init("aria-pressed", "true")
                    ) { name }
                }
            }
            element("span", .class("group"), .init("role", "group"), .label("Zoom")) {
                button("zoom-out", "−", "Zoom out")
                button("zoom-in", "+", "Zoom in")
                button("zoom-fit", "All", "Show the whole run")
            }
            element("span", .class("group"), .init("role", "group"), .label("Matches")) {
                button("previous", "‹", "Previous match")
                button("next", "›", "Next match")
            }
            if !record.anomalies.isEmpty { button("violation", "Violation", "Jump to the violation") }
            element("output", .id("matches"))
        }
    }

    private func button(_ name: String, _ text: String, _ label: String) -> Markup {
        element("button", .id(name), .init("type", "button"), .label(label), .init("title", label)) { text }
    }

    private func canvas(_ name: String, _ label: String) -> Markup {
        element("canvas", .id(name), .init("tabindex", "0"), .init("role", "application"), .label(label)) {
            "The tables below hold the same facts."
        }
    }

    private func chart(_ name: String, _ title: String, _ note: String) -> Markup {
        element("div", .class("card drawing")) {
            element("div", .class("heading")) {
                element("h3") { title }
                element("p", .class("note")) { note }
                if name == "latency", statistics.hasIntended {
                    element("span", .class("group"), .init("role", "group"), .label("Latency counted from")) {
                        for (basis, text, pressed) in [
                            ("intended", "from intended", "true"), ("invocation", "from invocation", "false"),
                        ] {
                            element(
                                "button", .init("type", "button"), .init("data-basis", basis),
                                .init("aria-pressed", pressed)
                            ) { text }
                        }
                    }
                }
            }
            canvas(name, title + " over time; the same keys as the timeline")
            if name == "clocks" {
                element("div", .class("legend")) {
                    for (place, node) in clocks.nodes.enumerated() {
                        element("span") {
                            element("i", .class("key line-\(place % HTMLPage.lineColours)"))
                            node.name
                        }
                    }
                }
            }
        }
    }

    @MarkupBuilder
    private func legend() -> Markup {
        for (name, text) in [
            ("ok", "ok: it happened"), ("fail", "fail: it did not"), ("info", "info: unknown, may happen later"),
        ] {
            element("span") {
                element("i", .class("key \(name)"))
                text
            }
        }
        if !record.anomalies.isEmpty {
            element("span") {
                element("i", .class("key cited"))
                "cited by a proof"
            }
        }
        for (family, functions) in faultFamilies() {
            element("span") {
                element("i", .class("key fault-\(family.rawValue)"))
                "\(family.rawValue): \(functions.joined(separator: ", "))"
            }
        }
        if !record.primaries.isEmpty {
            element("span") {
                element("i", .class("key primary"))
                "primary"
            }
        }
        element("span", .class("hint")) {
            "drag to move · Ctrl+wheel, pinch or + − to zoom · Shift+drag to zoom into a part"
        }
    }

    /// The faults of the run by what they attack, in the order in which they came.
    private func faultFamilies() -> [(family: FaultFamily, functions: [String])] {
        var families: [(family: FaultFamily, functions: [String])] = []
        for fault in log.faults {
            let family = FaultFamily(function: fault.function)
            let place = families.firstIndex { $0.family == family } ?? families.count
            if place == families.count { families.append((family, [])) }
            let functions = families[place].functions
            if functions.contains(fault.function) { continue }
            // Other tools may have any number of names for what they do.
            if functions.count < 16 {
                families[place].functions.append(fault.function)
            } else if functions.count == 16 {
                families[place].functions.append("…")
            }
        }
        return families
    }
}
