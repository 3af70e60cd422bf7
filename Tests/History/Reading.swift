@testable import PolygraphHistory

/// Reads a history from memory through a window of that size.
func readHistory(
    _ bytes: [UInt8], file: String? = "h", format: HistoryFormat? = nil, independent: Bool = false,
    capacity: Int = ByteWindow.usualCapacity
) throws(HistoryError) -> History {
    try bytes.withUnsafeBufferPointer { (bytes) throws(HistoryError) in
        var window = try ByteWindow.over(UnsafeRawBufferPointer(bytes), file: file, capacity: capacity)
        return try HistoryFile.read(&window, format: format, independent: independent)
    }
}

/// The format that the bytes look like.
func detectFormat(_ bytes: [UInt8]) throws(HistoryError) -> HistoryFormat {
    try bytes.withUnsafeBufferPointer { (bytes) throws(HistoryError) in
        HistoryFormat.detect(try ByteWindow.over(UnsafeRawBufferPointer(bytes), file: nil))
    }
}
