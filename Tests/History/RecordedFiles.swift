import FoundationEssentials
import PolygraphHistory

/// The histories that other checkers recorded, where they are at hand.
enum RecordedFiles {
    struct Entry {
        var path: String
        /// As `index.json` calls it.
        var format: String
    }

    /// The folder of recorded data: `POLYGRAPH_DATA`, or `shared/data` beside a folder above this file.
    static let folder: String? = {
        if let path = ProcessInfo.processInfo.environment["POLYGRAPH_DATA"] { return path }
        var place = URL(fileURLWithPath: #filePath)
        while place.path != "/" {
            place.deleteLastPathComponent()
            let candidate = place.appendingPathComponent("shared/data")
            if FileManager.default.fileExists(atPath: candidate.appendingPathComponent("index.json").path) {
                return candidate.path
            }
        }
        return nil
    }()

    /// Every history that `index.json` lists; empty, and said so, where there is none.
    static func all() throws -> [Entry] {
        guard let folder, let index = FileManager.default.contents(atPath: folder + "/index.json") else {
            print("SKIPPED: recorded histories not found; set POLYGRAPH_DATA to their folder to read them")
            return []
        }
        return try JSONParser.parse(Array(index)).elements!.map {
            Entry(path: folder + "/" + $0["file"]!.stringValue!, format: $0["format"]!.stringValue!)
        }
    }

    static func bytes(_ path: String) -> [UInt8] { Array(FileManager.default.contents(atPath: path)!) }
}
