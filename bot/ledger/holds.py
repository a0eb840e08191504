"""What nothing is proposed for until a person says so: holds after a rollback, and the circuit breaker (pure).

Derived from the records alone, in their order, so that every run and every auditor finds the same: a rollback puts
its targets on hold, so many of them trip the breaker, and a `resumed` record lifts what stood when it was written.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from bot.ledger.lifecycle import targets_of
from bot.model.clock import format_time
from bot.model.json import Json
from bot.model.limits import Breaker
from bot.model.names import ChangeId, PullNumber, RecipeId
from bot.model.record import Phase, Record
from bot.model.verdict import Recovery

EVERYTHING = "all"
"""The target of a hold on the whole agency; no service and no journey is named so."""


class HoldKind(StrEnum):
    """Why a target rests; BREAKER is lifted by a person's word only, never by an edit of a recipe."""

    ROLLED_BACK = "rolled_back"
    NOT_THE_CAUSE = "not_the_cause"
    BREAKER = "breaker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """A target that rests, and the change on account of which; `rollbacks` is how many tripped the breaker."""

    target: str
    kind: HoldKind
    change: ChangeId
    recipe: RecipeId
    recipe_digest: str
    pull: PullNumber | None
    since: datetime
    rollbacks: int = 0

    @property
    def key(self) -> str:
        """The key of the record that lifts it: one for each hold."""
        return f"{self.kind}:{self.target}"


def holds(records: Iterable[Record], breaker: Breaker) -> tuple[Hold, ...]:
    """Return every hold that stands, by target."""
    fold = _Fold(breaker=breaker)
    for record in records:
        fold.take(record)
    return tuple(fold.standing[target] for target in sorted(fold.standing))


def hold_on(standing: Iterable[Hold], targets: Iterable[str]) -> Hold | None:
    """Return what keeps one of these targets, the whole agency's hold first."""
    by_target = {hold.target: hold for hold in standing}
    return next((by_target[each] for each in (EVERYTHING, *targets) if each in by_target), None)


def told(hold: Hold) -> str:
    """Say in one line what stands and why."""
    since = format_time(hold.since)
    match hold.kind:
        case HoldKind.BREAKER if hold.target == EVERYTHING:
            return f"everything rests since {since}: {hold.rollbacks} rollbacks tripped the breaker"
        case HoldKind.BREAKER:
            return f"{hold.target} rests since {since}: {hold.rollbacks} rollbacks of it tripped the breaker"
        case HoldKind.NOT_THE_CAUSE:
            return (
                f"{hold.target} rests since {since}: change {hold.change} of {hold.recipe} was taken back, "
                "and that did not help"
            )
        case HoldKind.ROLLED_BACK:
            return f"{hold.target} rests since {since}: change {hold.change} of {hold.recipe} was taken back"
        case _:
            assert_never(hold.kind)


@dataclass(slots=True, kw_only=True)
class _Fold:
    """The records so far: who each change is, which targets rest, and the rollbacks that the breaker counts."""

    breaker: Breaker
    proposals: dict[ChangeId, Mapping[str, Json]] = field(default_factory=dict)
    standing: dict[str, Hold] = field(default_factory=dict)
    begun: dict[str, list[datetime]] = field(default_factory=dict)

    def take(self, record: Record) -> None:
        match record.phase:
            case Phase.PROPOSED:
                self.proposals[record.change] = record.facts
            case Phase.REVERTED:
                self._begin(record)
            case Phase.CLOSED:
                self._close(record)
            case Phase.RESUMED:
                self._lift(record)
            case _:
                pass

    def _begin(self, record: Record) -> None:
        """Count a rollback; the record that makes it too many trips the breaker, until a person resumes."""
        for target in (*self._targets(record), EVERYTHING):
            limit = self.breaker.agency if target == EVERYTHING else self.breaker.target
            young = [at for at in self.begun.get(target, ()) if at > record.at - self.breaker.within]
            self.begun[target] = [*young, record.at]
            count = len(self.begun[target])
            if count >= limit and (target not in self.standing or not _is_breaker(self.standing[target])):
                self.standing[target] = self._hold(record, target, HoldKind.BREAKER, rollbacks=count)

    def _close(self, record: Record) -> None:
        proposal = self.proposals.get(record.change, {})
        if record.facts.get("outcome") != "rolled_back" or proposal.get("rollback_of"):
            return
        helped = record.facts.get("recovery") != Recovery.NOT_RECOVERED
        kind = HoldKind.ROLLED_BACK if helped else HoldKind.NOT_THE_CAUSE
        for target in self._targets(record):
            if target not in self.standing or not _is_breaker(self.standing[target]):
                self.standing[target] = self._hold(record, target, kind)

    def _lift(self, record: Record) -> None:
        target = str(record.facts.get("target"))
        hold = self.standing.get(target)
        if hold is not None and (hold.change, hold.key) == (record.change, record.key):
            del self.standing[target]
            self.begun.pop(target, None)

    def _targets(self, record: Record) -> tuple[str, ...]:
        return targets_of(self.proposals.get(record.change, {}).get("keys"))

    def _hold(self, record: Record, target: str, kind: HoldKind, *, rollbacks: int = 0) -> Hold:
        proposal = self.proposals.get(record.change, {})
        pull = proposal.get("pull")
        return Hold(
            target=target,
            kind=kind,
            change=record.change,
            recipe=RecipeId(str(proposal.get("recipe", "")).partition("@")[0]),
            recipe_digest=str(proposal.get("recipe_digest", "")),
            pull=PullNumber(pull) if isinstance(pull, int) else None,
            since=record.at,
            rollbacks=rollbacks,
        )


def _is_breaker(hold: Hold) -> bool:
    return hold.kind is HoldKind.BREAKER
