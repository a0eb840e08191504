"""Which changes are under watch, as the ledger's records tell it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.ledger.lifecycle import targets_of
from bot.model.clock import parse_time
from bot.model.errors import LedgerError
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, PullNumber
from bot.model.record import Phase, Record

SUCCESS = "success"
"""How a change ends that did what it was for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A change that is live, or was; `latest` holds the newest facts of each phase, `records` all of them.

    Whatever is asked of it and not in the records is a LedgerError.
    """

    id: ChangeId
    latest: Mapping[Phase, Mapping[str, Json]]
    records: tuple[Record, ...] = ()

    @property
    def pull(self) -> PullNumber:
        """The pull request that brought it."""
        number = self.fact(Phase.PROPOSED, "pull")
        if not isinstance(number, int):
            raise self._damaged(Phase.PROPOSED, "pull")
        return PullNumber(number)

    @property
    def recipe(self) -> str:
        """The recipe's id."""
        return self.text(Phase.PROPOSED, "recipe")

    @property
    def targets(self) -> tuple[str, ...]:
        """The services and journeys that it changed."""
        return targets_of(self.latest.get(Phase.PROPOSED, {}).get("keys"))

    @property
    def merge(self) -> CommitSha:
        """The merge commit that was deployed."""
        return CommitSha(self.text(Phase.DEPLOYED, "merge"))

    @property
    def merged(self) -> CommitSha | None:
        """The merge commit that was deployed, if the records tell it."""
        merge = self.latest.get(Phase.DEPLOYED, {}).get("merge")
        return CommitSha(merge) if isinstance(merge, str) else None

    @property
    def effective_at(self) -> datetime:
        """When it went live: the deployment's time, not the merge's."""
        try:
            return parse_time(self.text(Phase.DEPLOYED, "effective_at"))
        except ValueError:
            raise self._damaged(Phase.DEPLOYED, "effective_at") from None

    @property
    def rollback_of(self) -> ChangeId | None:
        """The change that this one takes back, if it is a rollback."""
        original = self.latest.get(Phase.PROPOSED, {}).get("rollback_of")
        return ChangeId(str(original)) if original else None

    @property
    def intent(self) -> Mapping[str, Json] | None:
        """The facts of the intent to roll back, once it is written."""
        return self.latest.get(Phase.REVERTED)

    def fact(self, phase: Phase, name: str) -> Json:
        """Return what the newest record of a phase says."""
        value = self.latest.get(phase, {}).get(name)
        if value is None:
            raise self._damaged(phase, name)
        return value

    def text(self, phase: Phase, name: str) -> str:
        """Return a text that the newest record of a phase holds."""
        value = self.fact(phase, name)
        if not isinstance(value, str):
            raise self._damaged(phase, name)
        return value

    def _damaged(self, phase: Phase, name: str) -> LedgerError:
        return LedgerError(
            f"the ledger has no usable `{name}` in a {phase} record of change {self.id}",
            hint="run `git log pow-ledger` to see who wrote it",
        )


def watch_list(records: Iterable[Record]) -> tuple[Watched, ...]:
    """Return every change that is deployed and not closed, in order of its first record."""
    return tuple(each for each in ever_live(records) if Phase.CLOSED not in each.latest)


def ever_live(records: Iterable[Record]) -> tuple[Watched, ...]:
    """Return every change that was ever deployed, in order of its first record; those that are closed, too."""
    changes: dict[ChangeId, list[Record]] = {}
    for record in records:
        changes.setdefault(record.change, []).append(record)
    found = ((change, {each.phase: each.facts for each in own}, own) for change, own in changes.items())
    return tuple(
        Watched(id=change, latest=phases, records=tuple(own))
        for change, phases, own in found
        if Phase.DEPLOYED in phases
    )


def is_recorded(records: Iterable[Record], change: ChangeId) -> bool:
    """Tell whether the ledger knows a change as proposed."""
    return any(record.change == change and record.phase is Phase.PROPOSED for record in records)


def closing_of(records: Iterable[Record], change: ChangeId) -> Mapping[str, Json] | None:
    """Return how a change was closed, or None while it is open."""
    return next((r.facts for r in records if r.change == change and r.phase is Phase.CLOSED), None)
