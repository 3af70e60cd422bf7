import Glibc

/// The lines of a client configuration file, as in `ssh_config(5)`.
struct ConfigurationParser {
    /// One setting with its place.
    struct Directive: Sendable {
        /// In lower case: names of settings have no case.
        let key: String
        let arguments: [String]
        let file: String
        let line: Int
    }

    indirect enum Item: Sendable {
        case setting(Directive)
        /// What follows holds for hosts whose name as the user gave it matches.
        case host([String])
        case match(Condition)
        /// Other files, each from its beginning to its end.
        case include([[Item]])
    }

    /// The conditions of `Match` that need no command and no final pass.
    enum Condition: Sendable {
        case all
        /// Patterns for the host's name as configured so far, and for the name as given.
        case names(host: [String]?, original: [String]?)
        /// A condition that is never taken as true.
        case unknown
    }

    /// For messages; configuration is read before there is a host.
    let host: String
    /// Where names in `Include` start that are not absolute.
    let folder: String

    static let deepestInclude = 16

    /// The items of a file; none when it does not exist.
    /// - Throws: `SSHError.Kind.configuration` with file and line.
    func read(file: String, depth: Int = 0) throws(SSHError) -> [Item] {
        guard let bytes = LocalFile.read(file) else {
            if errno == ENOENT || errno == ENOTDIR { return [] }
            throw SSHError(
                .configuration, host: host, step: "read the SSH configuration",
                "\(file) cannot be read: \(errorText(errno))")
        }
        var items: [Item] = []
        var number = 0
        for line in bytes.split(separator: 10, omittingEmptySubsequences: false) {
            number += 1
            let words = try words(of: String(decoding: line, as: UTF8.self), file, number)
            guard let first = words.first else { continue }
            let directive = Directive(
                key: first.lowercased(), arguments: Array(words.dropFirst()), file: file, line: number)
            if let item = try item(directive, depth: depth) { items.append(item) }
        }
        return items
    }

    private func item(_ directive: Directive, depth: Int) throws(SSHError) -> Item? {
        switch directive.key {
        case "host":
            try requireArguments(directive)
            return .host(directive.arguments)
        case "match":
            try requireArguments(directive)
            return .match(ConfigurationParser.condition(directive.arguments))
        case "include":
            try requireArguments(directive)
            guard depth < ConfigurationParser.deepestInclude else {
                throw mistake(directive.file, directive.line, "files include each other too deeply")
            }
            var files: [[Item]] = []
            for name in directive.arguments {
                let expanded = HomeFolder.expand(name)
                let path = expanded.hasPrefix("/") ? expanded : folder + "/" + expanded
                for file in ConfigurationParser.files(matching: path) {
                    files.append(try read(file: file, depth: depth + 1))
                }
            }
            return .include(files)
        default:
            guard DestinationSettings.known.contains(directive.key) else { return nil }
            try requireArguments(directive)
            return .setting(directive)
        }
    }

    private func requireArguments(_ directive: Directive) throws(SSHError) {
        guard directive.arguments.contains(where: { !$0.isEmpty }) else {
            throw mistake(directive.file, directive.line, "\(directive.key) needs a value")
        }
    }

    func mistake(_ file: String, _ line: Int, _ words: String) -> SSHError {
        SSHError(
            .configuration, host: host, step: "read the SSH configuration", "\(file), line \(line): \(words)",
            remedy: "Correct the line.")
    }

    private static func files(matching pattern: String) -> [String] {
        var found = glob_t()
        defer { globfree(&found) }
        guard glob(pattern, 0, nil, &found) == 0 else { return [] }
        return (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
    }

    private static func condition(_ words: [String]) -> Condition {
        if words.count == 1, words[0].lowercased() == "all" { return .all }
        var host: [String]?
        var original: [String]?
        var next = 0
        while next + 1 < words.count {
            let patterns = words[next + 1].split(separator: ",").map(String.init)
            switch words[next].lowercased() {
            case "host": host = patterns
            case "originalhost": original = patterns
            default: return .unknown
            }
            next += 2
        }
        return next == words.count ? .names(host: host, original: original) : .unknown
    }

    /// `key value …` or `key=value`, with words in double quotes; `#` begins a comment where a word could begin.
    private func words(of line: String, _ file: String, _ number: Int) throws(SSHError) -> [String] {
        var words: [String] = []
        var word = ""
        var isInWord = false
        var isQuoted = false
        var mayBeEquals = true
        scan: for character in line.unicodeScalars {
            switch character {
            case "\"":
                isQuoted.toggle()
                isInWord = true
            case " ", "\t", "\r", "=":
                if isQuoted || (character == "=" && !(mayBeEquals && words.count + (isInWord ? 1 : 0) == 1)) {
                    word.unicodeScalars.append(character)
                    isInWord = true
                    continue
                }
                if isInWord { words.append(word) }
                if character == "=" { mayBeEquals = false }
                word = ""
                isInWord = false
            case "#" where !isQuoted && !isInWord: break scan
            default:
                word.unicodeScalars.append(character)
                isInWord = true
            }
        }
        if isQuoted { throw mistake(file, number, "a quotation mark is not closed") }
        if isInWord { words.append(word) }
        return words
    }
}
