import PolygraphHistory

/// How one function is carried out over HTTP, and what its answers mean.
public struct HTTPFunction: Hashable, Sendable {
    /// `read`, `write`, `cas`, …
    public var name: String
    public var request: HTTPRequestTemplate
    /// Where in the answer the result is; nil when the answer's content does not matter.
    public var value: ResultPath?
    /// Status codes that say that there is no value: the operation is `ok` and its value null.
    public var absent: Set<Int>
    /// Whether an answer that has nothing where the result would be says that there is no value, too.
    public var isAbsentWhenMissing: Bool
    /// Status codes that say that the request was refused and certainly not applied: the operation is `fail`.
    public var fail: Set<Int>
    /// Where in an error's answer a boolean says that the request certainly was not and never will be applied.
    public var definite: JSONPath?

    /// A function that cannot change anything never ends as `info`, and may be sent again.
    public var changesNothing: Bool { name == "read" }

    public init(
        name: String, request: HTTPRequestTemplate, value: ResultPath? = nil, absent: Set<Int> = [],
        isAbsentWhenMissing: Bool = false, fail: Set<Int> = [], definite: JSONPath? = nil
    ) {
        self.name = name
        self.request = request
        self.value = value
        self.absent = absent
        self.isAbsentWhenMissing = isAbsentWhenMissing
        self.fail = fail
        self.definite = definite
    }
}

/// A client in the words of a workload file: `client: {http: …}`.
public struct HTTPClientSpec: Hashable, Sendable {
    public var functions: [HTTPFunction]
    /// Removes a key; nil where nobody says how. An answer that there is no such key will do.
    public var delete: HTTPFunction?

    public init(functions: [HTTPFunction], delete: HTTPFunction? = nil) {
        self.functions = functions
        self.delete = delete
    }

    /// The name of the function that removes a key.
    public static let deleteName = "delete"

    /// Whether any request goes to an `https://` URL.
    public var usesTLS: Bool { (functions + [delete].compactMap { $0 }).contains { $0.request.url.isSecure } }

    public func function(_ name: String) -> HTTPFunction? { functions.first { $0.name == name } }
}
