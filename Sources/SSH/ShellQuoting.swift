/// Text for the POSIX shell of a host.
public enum ShellQuoting {
    /// One word that the shell takes as it is. Characters that mean nothing to a shell need no quotes.
    public static func quote(_ word: String) -> String {
        let plain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."),
                UInt8(ascii: "/"), UInt8(ascii: ":"), UInt8(ascii: ","), UInt8(ascii: "+"), UInt8(ascii: "@"),
                UInt8(ascii: "%"):
                true
            default: false
            }
        }
        if plain, !word.isEmpty { return word }
        var quoted = "'"
        for character in word.unicodeScalars {
            if character == "'" { quoted += "'\\''" } else { quoted.unicodeScalars.append(character) }
        }
        return quoted + "'"
    }

    /// A command line.
    public static func join(_ words: [String]) -> String { words.map(quote).joined(separator: " ") }
}
