"""The port to the ledger."""

from collections.abc import Sequence
from typing import Protocol

from bot.model.names import ChangeId
from bot.model.record import Draft, Record


class Ledger(Protocol):
    """An append-only, chained list of records."""

    def records(self) -> tuple[Record, ...]:
        """Return every record, by index; LedgerError if the chain is broken."""
        ...

    def of(self, change: ChangeId) -> tuple[Record, ...]:
        """Return one change's records, by sequence."""
        ...

    def append(self, draft: Draft) -> Record:
        """Append a record, or return the one already there with the same change, phase and key."""
        ...

    def append_all(self, drafts: Sequence[Draft]) -> tuple[Record, ...]:
        """Append what is not there yet of several records, all of them or none; returns one for each draft."""
        ...
