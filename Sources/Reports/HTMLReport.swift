import PolygraphChecking
import PolygraphHistory

/// `report.html`: the whole run on one page, in one file that fetches nothing.
///
/// The verdict, its proof and all tables are plain HTML and SVG and need no script; the zoomable timeline and the
/// charts are drawn by the page's own script from data packed into the page.
public enum HTMLReport {
    /// The file's bytes, UTF-8.
    public static func render(_ record: RunRecord, _ history: History) -> [UInt8] {
        let page = HTMLPage(record, history)
        var bytes = Array("<!DOCTYPE html>\n".utf8)
        page.render().append(to: &bytes)
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }
}

/// One page on its way: what all its sections look at.
struct HTMLPage {
    let record: RunRecord
    let history: History
    let log: FaultLog
    let statistics: Statistics
    let warnings: [String]
    let clocks: ClockTrace

    /// How many colours the style sheet has for lines in a chart.
    static let lineColours = 8

    init(_ record: RunRecord, _ history: History) {
        self.record = record
        self.history = history
        log = FaultLog(history)
        statistics = Statistics(history)
        warnings = record.allWarnings(history, log)
        clocks = ClockTrace(history)
    }

    func render() -> Markup {
        element("html", .init("lang", "en")) {
            element("head") {
                element("meta", .init("charset", "utf-8"))
                element("meta", .init("name", "viewport"), .init("content", "width=device-width, initial-scale=1"))
                // The page holds values of the system under test: even if one became markup, it could reach nothing.
                element(
                    "meta", .init("http-equiv", "Content-Security-Policy"),
                    .init("content", "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'"))
                element("meta", .init("name", "color-scheme"), .init("content", "light dark"))
                element("title") { "\(record.verdict.rawValue) · \(record.workload) · Polygraph" }
                element("style") { Markup.embedded(PackageResources.report_css) }
            }
            element("body") {
                header()
                element("main", .id("top")) {
                    banner()
                    numbers()
                    warningSection()
                    anomalySection()
                    levelSection()
                    timelineSection()
                    functionSection()
                    faultSection()
                    checkSection()
                    keySection()
                    nodeSection()
                    runSection()
                }
                element("footer") { "Written by Polygraph. This file is complete in itself and fetches nothing." }
                element("div", .id("tooltip"), .init("role", "tooltip"), .init("hidden", nil))
                PageData.elements(record, history, log)
                element("script") { Markup.embedded(Self.script) }
            }
        }
    }

    /// All scripts as one, so that no name of theirs is global.
    private static let script: [UInt8] =
        Array("(() => {\n\"use strict\";\n".utf8) + PackageResources.data_js + PackageResources.search_js
        + PackageResources.axis_js + PackageResources.timeline_js + PackageResources.charts_js
        + PackageResources.clocks_js + PackageResources.detail_js + PackageResources.page_js + Array("})();\n".utf8)

    private func header() -> Markup {
        element("header") {
            element("a", .link(toFragment: "top"), .class("brand")) {
                element("span", .class("verdict-mark \(record.verdict.rawValue)"), .init("aria-hidden", "true")) {
                    Self.mark(record.verdict)
                }
                element("b") { record.workload }
                element("span", .class("pill \(record.verdict.rawValue)")) { record.verdict.rawValue }
            }
            element("nav", .label("Sections")) {
                if !record.anomalies.isEmpty { element("a", .link(toFragment: "proof")) { "Proof" } }
                element("a", .link(toFragment: "timeline")) { "Timeline" }
                element("a", .link(toFragment: "charts")) { "Charts" }
                element("a", .link(toFragment: "faults")) { "Faults" }
                element("a", .link(toFragment: "checks")) { "Checks" }
                if hasKeys { element("a", .link(toFragment: "keys")) { "Keys" } }
                element("a", .link(toFragment: "run")) { "Run" }
            }
            element(
                "button", .id("theme"), .init("type", "button"), .label("Colours: as the system"),
                .init("title", "Light or dark")
            ) { "◐" }
        }
    }

    static func mark(_ verdict: Verdict) -> String {
        switch verdict {
        case .valid: "✓"
        case .invalid: "✗"
        case .unknown: "?"
        }
    }

    /// A section with a heading that links and scripts can find.
    func section(
        _ name: String, _ title: String, note: String? = nil, @MarkupBuilder content: () -> Markup
    ) -> Markup {
        element("section", .id(name), .init("aria-labelledby", name + "-title")) {
            element("div", .class("heading")) {
                element("h2", .id(name + "-title")) { title }
                if let note { element("p", .class("note")) { note } }
            }
            content()
        }
    }

    /// A table that scrolls sideways by itself where the screen is narrow.
    func table(
        _ titles: [(title: String, isNumber: Bool)], sortable: Bool = false, label: String,
        @MarkupBuilder rows: () -> Markup
    ) -> Markup {
        element("div", .class("scroll"), .init("role", "region"), .label(label), .init("tabindex", "0")) {
            element("table", .class(sortable ? "sortable" : "")) {
                element("thead") {
                    element("tr") {
                        for column in titles {
                            element("th", .init("scope", "col"), .class(column.isNumber ? "number" : "")) {
                                column.title
                            }
                        }
                    }
                }
                element("tbody") { rows() }
            }
        }
    }

    func cell(_ text: String, _ names: String = "") -> Markup { element("td", .class(names)) { text } }

    /// A cell that shows one thing and sorts by another.
    func cell(_ text: String, sortedBy number: Int64) -> Markup {
        element("td", .class("number"), .init("data-sort", String(number))) { text }
    }

    func pill(_ verdict: Verdict) -> Markup {
        element("span", .class("pill \(verdict.rawValue)")) { "\(Self.mark(verdict)) \(verdict.rawValue)" }
    }
}
