import PolygraphHistory

/// The order in which people look for names: numbers in them count as numbers, `k2` before `k10`.
enum NaturalOrder {
    /// Of keys: none, then integers, then everything else by its text.
    static func precedes(_ left: Value?, _ right: Value?) -> Bool {
        guard let left, let right else { return left == nil && right != nil }
        switch (left.integerValue, right.integerValue) {
        case (let first?, let second?): return first < second
        case (nil, nil): return precedes(Call.short(left), Call.short(right))
        case (let first, _): return first != nil
        }
    }

    static func precedes(_ left: String, _ right: String) -> Bool {
        var first = left.utf8[...]
        var second = right.utf8[...]
        while let one = first.first, let other = second.first {
            if isDigit(one), isDigit(other) {
                let (number, another) = (takeNumber(&first), takeNumber(&second))
                if number.count != another.count { return number.count < another.count }
                if !number.elementsEqual(another) { return number.lexicographicallyPrecedes(another) }
            } else if one != other {
                return one < other
            } else {
                first.removeFirst()
                second.removeFirst()
            }
        }
        if first.isEmpty != second.isEmpty { return first.isEmpty }
        return left < right
    }

    private static func isDigit(_ byte: UInt8) -> Bool { UInt8(ascii: "0")...UInt8(ascii: "9") ~= byte }

    /// Takes the digits at the front away; returns them without zeros in front.
    private static func takeNumber(_ text: inout Substring.UTF8View) -> [UInt8] {
        let digits = Array(text.prefix(while: isDigit))
        text.removeFirst(digits.count)
        return Array(digits.drop { $0 == UInt8(ascii: "0") })
    }
}
