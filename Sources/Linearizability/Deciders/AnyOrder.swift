/// Queues that give back their elements in any order: only the two operations of an element bind each other, and empty
/// answers need an instant at which no element is surely inside.
enum AnyOrder: ContainerDiscipline {
    static var alwaysNeedsObligations: Bool { false }

    static func obligations(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> [RemovalObligation] {
        SingleInstants.obligations(table, operations, isOrdered: false)
    }

    static func arrange(
        _ table: borrowing ContainerTable, _ operations: UnsafeBufferPointer<ContainerOperation>
    ) -> Decision {
        SingleInstants.arrange(table, operations, isOrdered: false)
    }
}
