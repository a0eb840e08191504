"""How many proposals are open of each kind, what room is left, and how long those wait that found none (pure)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.ledger.lifecycle import Stage, standings
from bot.model.change import KeyChange
from bot.model.clock import format_time
from bot.model.level import Level
from bot.model.recipe import Recipe
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.propose.impact import Stakes, impact_of, threshold_of


class Kind(StrEnum):
    """What a proposal is counted as, each in a budget of its own, so that none keeps another kind back.

    URGENT are those of recipes that say so on the base branch, as many as policy has room for; all others, and the
    urgent ones beyond that, are counted by whether people must approve them.
    """

    AUTOMATIC = "automatic"
    PEOPLE = "people"
    URGENT = "urgent"


_WORDS = {
    Kind.AUTOMATIC: "proposals that need no approval",
    Kind.PEOPLE: "proposals that wait for people",
    Kind.URGENT: "urgent proposals",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Full:
    """There is no room for one more of this kind; `sentence` says so."""

    kind: Kind
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """Proposals that are open: of each kind the times at which they were proposed, oldest first."""

    since: Mapping[Kind, tuple[datetime, ...]]

    def admit(self, policy: Policy, *, needs_people: bool, urgent: bool) -> Kind | Full:
        """Return the kind that one more proposal is counted as, or what is full."""
        kind = Kind.PEOPLE if needs_people else Kind.AUTOMATIC
        if urgent and self._has_room(Kind.URGENT, policy):
            return Kind.URGENT
        if self._has_room(kind, policy):
            return kind
        return Full(kind=kind, sentence=self._full(kind, policy))

    def reached(self, policy: Policy) -> tuple[str, ...]:
        """Say which limits are reached."""
        return tuple(self._full(kind, policy) for kind in Kind if not self._has_room(kind, policy))

    def plus(self, kind: Kind, at: datetime) -> "Opened":
        """Count one more."""
        return Opened(since={**self.since, kind: (*self.since.get(kind, ()), at)})

    def filled(self, kind: Kind, policy: Policy, now: datetime) -> tuple[datetime, ...]:
        """Return the times of a kind that this run has filled up, oldest first."""
        held = sorted(self.since.get(kind, ()))
        return (*held, *[now] * (limit_of(kind, policy) - len(held)))

    def _full(self, kind: Kind, policy: Policy) -> str:
        used, limit = len(self.since.get(kind, ())), limit_of(kind, policy)
        return f"the limit is reached: {used} of {limit} {_WORDS[kind]} are open"

    def _has_room(self, kind: Kind, policy: Policy) -> bool:
        return len(self.since.get(kind, ())) < limit_of(kind, policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """Firing recipes that are to be proposed and are not yet: how many for the next runs, how many for room."""

    for_runs: int
    for_room: Mapping[Kind, int]

    def sentences(self, counted: Opened, policy: Policy, now: datetime) -> tuple[str, ...]:
        """Say how long the queue is, and when the last of it is proposed; `counted` is what was open before this run.

        Room is made by every decision; without any it is made when what is open expires.
        """
        said = [_by_runs(self.for_runs, policy.proposals_per_run)] if self.for_runs else []
        for kind, count in sorted(self.for_room.items()):
            said.append(_by_room(kind, count, counted.filled(kind, policy, now), policy))
        return tuple(said)


def limit_of(kind: Kind, policy: Policy) -> int:
    """Return how many of a kind may be open at a time."""
    limits = {Kind.AUTOMATIC: policy.budget.automatic, Kind.PEOPLE: policy.budget.people}
    return limits.get(kind, policy.budget.urgent)


def _by_runs(count: int, limit: int) -> str:
    waits = f"{count:,} wait{'s' if count == 1 else ''} for the next runs, {limit} a run"
    if limit == 0:
        return f"{waits}: none is ever proposed"
    runs = -(-count // limit)
    return f"{waits}: the last is proposed in {runs} run{'' if runs == 1 else 's'}"


def _by_room(kind: Kind, count: int, since: tuple[datetime, ...], policy: Policy) -> str:
    """Say when the last gets its turn if nobody decides on anything: the oldest open ones expire first."""
    limit = limit_of(kind, policy)
    waits = f"{count:,} wait{'s' if count == 1 else ''} for room among {limit} {_WORDS[kind]}"
    if not since:
        return f"{waits}: none is ever proposed"
    rounds, place = divmod(count - 1, len(since))
    last = since[place] + policy.expire_after * (rounds + 1)
    return f"{waits}: the last is proposed by {format_time(last)}, or sooner if somebody decides on what is open"


def opened(records: tuple[Record, ...], policy: Policy) -> Opened:
    """Count the proposals that are neither merged nor closed, rollbacks aside."""
    waiting = {
        each.change
        for each in standings(records)
        if each.stage in {Stage.PROPOSED, Stage.APPROVED} and each.rollback_of is None
    }
    found: dict[Kind, tuple[datetime, ...]] = {}
    for each in records:
        if each.phase is Phase.PROPOSED and each.change in waiting:
            kind = _recorded_kind(each.facts, policy)
            found[kind] = (*found.get(kind, ()), each.at)
    return Opened(since=found)


def queue_of(for_runs: int, for_room: Iterable[Kind]) -> Queue:
    """Count what waits."""
    return Queue(for_runs=for_runs, for_room=Counter(for_room))


def needs_people(keys: Iterable[KeyChange], recipe: Recipe, policy: Policy, stakes: Stakes) -> bool:
    """Tell whether somebody would have to approve these values."""
    level = impact_of(tuple(keys), policy.impact, stakes).level
    return _waits(level, threshold_of(recipe, policy), policy)


def _waits(level: Level, threshold: Level, policy: Policy) -> bool:
    asked = level is not Level.LOW or bool(policy.approvals.get(level, ()))
    return level.rank >= threshold.rank and asked


def _recorded_kind(facts: Mapping[str, object], policy: Policy) -> Kind:
    """Read a record; what it does not say counts as waiting for people."""
    if facts.get("urgent") is True:
        return Kind.URGENT
    impact, threshold = facts.get("impact"), facts.get("threshold")
    level = impact.get("level") if isinstance(impact, Mapping) else None
    try:
        waits = _waits(Level(str(level)), Level(str(threshold)), policy)
    except ValueError:
        return Kind.PEOPLE
    return Kind.PEOPLE if waits else Kind.AUTOMATIC
