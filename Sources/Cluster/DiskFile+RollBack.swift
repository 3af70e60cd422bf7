import CLinux
import Glibc

extension DiskFile {
    /// Unsynced bytes, and whether they are still there after a power failure.
    private struct Piece {
        var range: Range<Int64>
        var stays: Bool
    }

    /// Puts back what is on the disk, but for what the failure leaves; then nothing is dirty.
    mutating func rollBack(
        _ failure: PowerFailure, _ random: inout DrawnNumbers, _ proof: inout PowerFailureProof
    ) {
        defer { comeToRest() }
        let hasCopy = synced != nil
        guard hasCopy || isAppendedUnseen else { return }
        // Where everything is on the disk up to an end, only what is behind it can be lost.
        guard let synced = synced ?? DiskFile.emptyFile() else { return }
        defer { if !hasCopy { close(synced) } }
        let target = open("/proc/self/fd/\(descriptor)", O_RDWR | O_CLOEXEC)
        guard target >= 0 else { return }
        defer { close(target) }
        let size = DiskFile.size(target)
        var end = syncedSize
        var lost: Int64 = 0
        var kept: Int64 = 0
        for piece in pieces(failure, size: max(size, syncedSize), &random) {
            if piece.stays {
                kept += Int64(piece.range.count)
                end = max(end, min(size, piece.range.upperBound))
                continue
            }
            let behind = piece.range.clamped(to: syncedSize..<max(syncedSize, size))
            let before = piece.range.clamped(to: 0..<syncedSize)
            if !before.isEmpty { lost += max(0, FileCopy.match(target, to: synced, in: before)) }
            // Behind the synced end everything is new, whatever it is; what of it stays in the file is zero.
            if !behind.isEmpty, FileCopy.match(target, to: synced, in: behind) >= 0 { lost += Int64(behind.count) }
        }
        let changesSize = end != size && ftruncate(target, off_t(end)) == 0
        if lost > 0 || changesSize { proof.filesRolledBack += 1 }
        proof.bytesLost += lost
        proof.bytesKept += kept
        if kept > 0 {
            // What is left is on the disk now.
            dropCopy()
            syncedSize = end
        }
    }

    private static func emptyFile() -> Int32? {
        let descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC)
        return descriptor < 0 ? nil : descriptor
    }

    private func pieces(_ failure: PowerFailure, size: Int64, _ random: inout DrawnNumbers) -> [Piece] {
        let extents = extents(size: size)
        switch failure.remains {
        case .nothing:
            return extents.map { Piece(range: $0, stays: false) }
        case .beginning:
            let total = extents.reduce(0) { $0 + Int64($1.count) }
            var rest = total > 0 ? Int64(random.next(below: UInt64(total) + 1)) : 0
            var torn = false
            return extents.flatMap { extent -> [Piece] in
                let whole = Int64(extent.count)
                if !torn, rest >= whole {
                    rest -= whole
                    return [Piece(range: extent, stays: true)]
                }
                guard !torn else { return [Piece(range: extent, stays: false)] }
                torn = true
                let grain = Int64(max(1, failure.granularity))
                let cut = max(extent.lowerBound, (extent.lowerBound + rest) / grain * grain)
                return [
                    Piece(range: extent.lowerBound..<cut, stays: true),
                    Piece(range: cut..<extent.upperBound, stays: false),
                ].filter { !$0.range.isEmpty }
            }
        case .pages:
            let page: Int64 = 4096
            return extents.flatMap { extent -> [Piece] in
                var pieces: [Piece] = []
                var start = extent.lowerBound
                while start < extent.upperBound {
                    let end = min(extent.upperBound, (start / page + 1) * page)
                    pieces.append(Piece(range: start..<end, stays: random.next(below: 2) == 0))
                    start = end
                }
                return pieces
            }
        }
    }
}
