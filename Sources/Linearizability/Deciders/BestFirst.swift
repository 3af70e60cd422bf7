/// Priority queues: the element with the smallest number leaves first. The caller numbers the elements so.
///
/// A removal needs an instant at which no better element is surely inside, an empty answer one at which none is; these
/// conditions suffice. Each removal is put at its first such instant, each insertion right before its return or before
/// the removal, whichever is earlier. A better element whose removal is put later than some instant then cannot be
/// inside there, unless it surely is: it would have been removed at that instant itself.
enum BestFirst: ContainerDiscipline {
    static var alwaysNeedsObligations: Bool { false }

    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [RemovalObligation] {
        SingleInstants.obligations(table, operations, isOrdered: true)
    }

    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Decision {
        SingleInstants.arrange(table, operations, isOrdered: true)
    }
}
