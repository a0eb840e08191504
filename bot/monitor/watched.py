"""Which changes are under watch, as the ledger's records tell it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.change import KeyChange
from bot.model.clock import parse_time
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, PullNumber
from bot.model.record import Phase, Record

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A change that is live and not closed; `latest` holds the newest facts of each phase."""

    id: ChangeId
    latest: Mapping[Phase, Mapping[str, Json]]

    @property
    def pull(self) -> PullNumber:
        """The pull request that brought it."""
        return PullNumber(int(_text(self.latest[Phase.PROPOSED], "pull")))

    @property
    def recipe(self) -> str:
        """The recipe's id."""
        return _text(self.latest[Phase.PROPOSED], "recipe")

    @property
    def merge(self) -> CommitSha:
        """The merge commit that was deployed."""
        return CommitSha(_text(self.latest[Phase.DEPLOYED], "merge"))

    @property
    def effective_at(self) -> datetime:
        """When it went live: the deployment's time, not the merge's."""
        return parse_time(_text(self.latest[Phase.DEPLOYED], "effective_at"))

    @property
    def rollback_of(self) -> ChangeId | None:
        """The change that this one takes back, if it is a rollback."""
        original = self.latest[Phase.PROPOSED].get("rollback_of")
        return ChangeId(str(original)) if original else None

    @property
    def intent(self) -> Mapping[str, Json] | None:
        """The facts of the intent to roll back, once it is written."""
        return self.latest.get(Phase.REVERTED)

    @property
    def keys(self) -> tuple[KeyChange, ...]:
        """The values that it changed."""
        listed = self.latest[Phase.PROPOSED].get("keys")
        keys = listed if isinstance(listed, list | tuple) else ()
        return tuple(_key(each) for each in keys if isinstance(each, Mapping))


def watch_list(records: Iterable[Record]) -> tuple[Watched, ...]:
    """Return every change that is deployed and not closed, in order of its first record."""
    changes: dict[ChangeId, dict[Phase, Mapping[str, Json]]] = {}
    for record in records:
        changes.setdefault(record.change, {})[record.phase] = record.facts
    return tuple(
        Watched(id=change, latest=phases)
        for change, phases in changes.items()
        if Phase.DEPLOYED in phases and Phase.CLOSED not in phases
    )


def closing_of(records: Iterable[Record], change: ChangeId) -> Mapping[str, Json] | None:
    """Return how a change was closed, or None while it is open."""
    return next((r.facts for r in records if r.change == change and r.phase is Phase.CLOSED), None)


def rollbacks_within_a_day(records: Iterable[Record], now: datetime) -> int:
    """Count the rollbacks begun in the last 24 hours."""
    return sum(1 for r in records if r.phase is Phase.REVERTED and now - _DAY < r.at <= now)


def _key(facts: Mapping[str, Json]) -> KeyChange:
    before, after = facts["before"], facts["after"]
    if not isinstance(before, bool | int | float | str) or not isinstance(after, bool | int | float | str):
        raise TypeError(f"not a configuration value: {before!r} -> {after!r}")
    return KeyChange(target=str(facts["target"]), key=str(facts["key"]), before=before, after=after)


def _text(facts: Mapping[str, Json], name: str) -> str:
    return str(facts[name])
