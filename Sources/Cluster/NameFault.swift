/// What is wrong with a name, for a node that asks for it.
public struct NameFault: Hashable, Sendable {
    public enum Answer: Hashable, Sendable {
        /// There is no such name.
        case noSuchName
        /// The name server cannot tell.
        case serverFailure
        /// No answer at all.
        case silence
        /// The address of another node.
        case node(Int)
    }

    /// The node that asks; nil: every one.
    public var asker: Int?
    /// The node whose name is asked for; nil: every one.
    public var name: Int?
    public var answer: Answer

    public init(asker: Int? = nil, name: Int? = nil, _ answer: Answer) {
        self.asker = asker
        self.name = name
        self.answer = answer
    }
}

/// What one node has asked the name server since the lab began.
public struct NameCounters: Hashable, Sendable {
    public var questions: UInt64 = 0
    /// Questions whose answer a fault has changed.
    public var wrongAnswers: UInt64 = 0

    public init() {}
}
