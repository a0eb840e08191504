"""The Ledger port over a memory world: the real envelope and chain, kept in a list; every append is one write."""

from collections.abc import Sequence

from fakes.world import MemoryWorld

from bot.ledger.chain import chained, verify_chain
from bot.model.names import ChangeId
from bot.model.record import Draft, Record


class MemoryLedger:
    """An append-only list of records."""

    def __init__(self, world: MemoryWorld) -> None:
        self.world = world
        self.held: list[Record] = []

    def records(self) -> tuple[Record, ...]:
        """Return every record, by index."""
        return verify_chain(tuple(self.held))

    def of(self, change: ChangeId) -> tuple[Record, ...]:
        """Return one change's records, by sequence."""
        return tuple(record for record in self.held if record.change == change)

    def append(self, draft: Draft) -> Record:
        """Append a record, or return the one already there with the same change, phase and key."""
        (record,) = self.append_all((draft,))
        return record

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        """Append what is not there yet of several records, all of them or none, by one write."""
        found, added = chained(self.held, drafts)
        if added:
            phases = ", ".join(record.phase for record, _ in added)
            with self.world.write(f"record {phases}"):
                self.held = [*self.held, *(record for record, _ in added)]
        return found
