"""The Ledger port over a memory world: the real envelope and chain, kept in a list; every append is one write."""

from collections.abc import Sequence

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
        (record,) = self.append_all((draft,))
        return record

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        """Append what is not there yet of several records, all of them or none, by one write."""
        held = list(self.held)
        found = tuple(_kept(held, draft) for draft in drafts)
        if len(held) > len(self.held):
            phases = ", ".join(record.phase for record in held[len(self.held) :])
            with self.world.write(f"record {phases}"):
                self.held = held
        return found


def _kept(held: list[Record], draft: Draft) -> Record:
    for record in held:
        if (record.change, record.phase, record.key) == (draft.change, draft.phase, draft.key):
            return record
    previous = held[-1].digest if held else None
    sequence = 1 + sum(1 for record in held if record.change == draft.change)
    record, _ = seal(draft, index=len(held) + 1, sequence=sequence, previous=previous)
    held.append(record)
    return record
