import PolygraphClients
import PolygraphHistory

extension NodeReader {
    /// A text with placeholders.
    func template(_ scope: PlaceholderScope) -> Template? {
        guard let text = string("a text") else { return nil }
        return noting { () throws(TemplateError) in try Template(text, scope) }
    }

    /// A URL with placeholders.
    func url(_ scope: PlaceholderScope) -> URLTemplate? {
        guard let text = string("a URL such as `http://{{node.address}}:7000/health`") else { return nil }
        return noting { () throws(TemplateError) in try URLTemplate(text, scope) }
    }

    /// JSON whose strings have placeholders.
    func jsonTemplate(_ scope: PlaceholderScope) -> Template? {
        let before = mistakes.mistakes.count
        checkTemplates(scope)
        guard mistakes.mistakes.count == before else { return nil }
        return noting { () throws(TemplateError) in try Template(json: value, scope) }
    }

    /// Looks through every string by itself, so that a mistake is noted where it is.
    private func checkTemplates(_ scope: PlaceholderScope) {
        switch node.content {
        case .scalar: if case .string = value { _ = template(scope) }
        case .sequence: oneOrMore.forEach { $0.checkTemplates(scope) }
        case .mapping: entries("a mapping")?.forEach { $0.reader.checkTemplates(scope) }
        }
    }

    /// A place in a JSON document, and how the value is spelled there.
    func resultPath() -> ResultPath? {
        guard let text = string("a path such as `$.value`") else { return nil }
        return noting { () throws(TemplateError) in try ResultPath(text) }
    }

    /// A place in a JSON document.
    func jsonPath() -> JSONPath? {
        guard let text = string("a path such as `$.value`") else { return nil }
        return noting { () throws(TemplateError) in try JSONPath(text) }
    }

    private func noting<Result>(_ body: () throws(TemplateError) -> Result) -> Result? {
        do throws(TemplateError) {
            return try body()
        } catch {
            fail(error.message, at: node.mark(ofByte: error.offset))
            return nil
        }
    }
}
