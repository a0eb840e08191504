"""The Ledger port over a memory world: the real envelope and chain, kept in a list; every append is one write."""

from fakes.world import MemoryWorld

from bot.ledger.chain import verify_chain
from bot.ledger.envelope import seal
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
        for record in self.held:
            if (record.change, record.phase, record.key) == (draft.change, draft.phase, draft.key):
                return record
        previous = self.held[-1].digest if self.held else None
        index, sequence = len(self.held) + 1, len(self.of(draft.change)) + 1
        record, _ = seal(draft, index=index, sequence=sequence, previous=previous)
        with self.world.write(f"record {draft.phase}"):
            self.held.append(record)
        return record
