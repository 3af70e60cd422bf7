import PolygraphSSH

extension NodeReader {
    /// `{env: NAME}` or `{file: PATH}`. The secret itself is refused, and not repeated in the message.
    /// - Parameter name: what it is: "password".
    func secret(_ name: String) -> SSHSecret? {
        let form = "{env: NAME} for a variable of the environment, or {file: PATH} for the first line of a file"
        guard isMapping else {
            fail(
                "says where the \(name) is found, never the \(name) itself, because the file is kept with every run: "
                    + form, at: markWithoutValue)
            return nil
        }
        guard let fields = mapping("where the \(name) is found", known: ["env", "file"]) else { return nil }
        switch (fields["env"], fields["file"]) {
        case (let variable?, nil):
            guard let word = variable.string("the name of a variable of the environment") else { return nil }
            let isName = word.utf8.allSatisfy {
                (0x30...0x39).contains($0) || (0x41...0x5A).contains($0) || (0x61...0x7A).contains($0) || $0 == 0x5F
            }
            if isName, !word.isEmpty, !word.first!.isNumber { return .environment(word) }
            variable.fail(
                "is no name of a variable of the environment (letters, digits and `_`)", at: variable.markWithoutValue)
            return nil
        case (nil, let file?):
            return file.localFile("a file whose first line is the \(name)", mustExist: false).map(SSHSecret.file)
        default:
            fail("expected one of \(form)")
            return nil
        }
    }

    /// An option of the command line names itself in messages, with all that it says: here only up to the value.
    private var markWithoutValue: SourceMark {
        guard node.mark.line == nil, let equals = node.mark.source.firstIndex(of: "=") else { return node.mark }
        return SourceMark(source: node.mark.source[...equals] + "…")
    }
}
