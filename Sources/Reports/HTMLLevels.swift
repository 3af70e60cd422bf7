import PolygraphChecking

// Which weaker promises a history keeps that breaks the one it was checked for.

extension HTMLPage {
    @MarkupBuilder
    func levelSection() -> Markup {
        for result in record.results where !result.levels.isEmpty {
            section("levels", "What still holds", note: LevelResult.summary(result.levels)) {
                table([("level", false), ("verdict", false), ("because", false)], label: "Weaker levels") {
                    for level in result.levels { levelRow(level) }
                }
            }
        }
    }

    private func levelRow(_ result: LevelResult) -> Markup {
        element("tr") {
            cell(result.level.rawValue)
            element("td") { levelPill(result.verdict) }
            element("td", .class("wide")) {
                result.detail
                if let proof = result.proof {
                    element("details") {
                        element("summary") { "The proof: \(Units.plural(proof.operations.count, "operation"))" }
                        element("ol") {
                            for step in proof.explanation { element("li") { linked(step, proof) } }
                        }
                    }
                }
            }
        }
    }

    private func levelPill(_ verdict: LevelResult.Verdict) -> Markup {
        let mark: String
        let style: Verdict
        switch verdict {
        case .holds: (mark, style) = ("✓", .valid)
        case .fails: (mark, style) = ("✗", .invalid)
        case .unknown: (mark, style) = ("?", .unknown)
        }
        return element("span", .class("pill \(style.rawValue)")) { "\(mark) \(verdict.rawValue)" }
    }
}
