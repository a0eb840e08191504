"""Where every change stands, as its records tell it (pure)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.model.decision import Authority
from bot.model.json import Json
from bot.model.names import ChangeId, CommitSha, PullNumber, RecipeId
from bot.model.record import NEUTRAL, OBSOLETE, REOPEN_WITHIN, Phase, Record


class Stage(StrEnum):
    """What a change waits for, or that it waits for nothing any more.

    RESTING: its pull request is closed, or about to be, without anybody's no; it may return, or is replaced.
    """

    PROPOSED = "proposed"
    APPROVED = "approved"
    RESTING = "resting"
    MERGED = "merged"
    DEPLOYED = "deployed"
    SYNCED = "synced"
    WATCHING = "watching"
    REVERTING = "reverting"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One change: its stage, who it is, and the facts of its newest records.

    `rollback` is the change that takes this one back, `rollback_of` the one that this one takes back. `result` is the
    newest of so many `decisions`, at `decided_at`.
    """

    change: ChangeId
    stage: Stage
    recipe: RecipeId
    targets: tuple[str, ...]
    opened_at: datetime
    updated_at: datetime
    pull: PullNumber | None = None
    merge: CommitSha | None = None
    outcome: str | None = None
    rollback: ChangeId | None = None
    rollback_of: ChangeId | None = None

    result: str | None = None
    decided_at: datetime | None = None
    decisions: int = 0

    def may_return(self, now: datetime) -> bool:
        """Whether its pull request may still be reopened, because what it was for came back."""
        return self.result == OBSOLETE and self.decided_at is not None and now < self.decided_at + REOPEN_WITHIN

    @property
    def is_open(self) -> bool:
        """Whether anything is still to happen to it."""
        return self.stage is not Stage.CLOSED


_STAGES: Mapping[Phase, Stage] = {
    Phase.PROPOSED: Stage.PROPOSED,
    Phase.MERGED: Stage.MERGED,
    Phase.DEPLOYED: Stage.DEPLOYED,
    Phase.SYNCED: Stage.SYNCED,
    Phase.MEASURED: Stage.WATCHING,
    Phase.REVERTED: Stage.REVERTING,
    Phase.CLOSED: Stage.CLOSED,
}
_BESIDE = frozenset({Phase.RESUMED, Phase.TRIGGERED})
"""What is no stage of a change: a lifted hold leaves its change where it stood, and a trigger belongs to none."""
_ORDER = tuple(Stage)
_APPROVING = frozenset(each.value for each in Authority)


def standings(records: Iterable[Record]) -> tuple[Standing, ...]:
    """Fold records, by index, into one standing per change, in order of their first records."""
    by_change: dict[ChangeId, list[Record]] = {}
    for record in records:
        if record.phase in _BESIDE:
            continue
        by_change.setdefault(record.change, []).append(record)
    return tuple(_standing(change, own) for change, own in by_change.items())


def working(records: Iterable[Record]) -> tuple[Standing, ...]:
    """Return the open changes that hold their targets: all but those that rest."""
    return tuple(standing for standing in open_changes(records) if standing.stage is not Stage.RESTING)


def open_changes(records: Iterable[Record]) -> tuple[Standing, ...]:
    """Return the changes to which anything is still to happen, oldest first."""
    return tuple(standing for standing in standings(records) if standing.is_open)


def ended(records: Iterable[Record], recipe: RecipeId) -> tuple[Standing, ...]:
    """Return the recipe's changes that are closed or rest, the last one last.

    A rollback belongs to the change that it takes back.
    """
    own = (each for each in standings(records) if each.recipe == recipe and each.rollback_of is None)
    over = (each for each in own if each.stage in {Stage.CLOSED, Stage.RESTING})
    return tuple(sorted(over, key=lambda standing: standing.updated_at))


def _standing(change: ChangeId, records: list[Record]) -> Standing:
    facts: dict[str, Json] = {}
    for record in records:
        facts.update({name: value for name, value in record.facts.items() if value is not None})
    pull, merge = facts.get("pull"), facts.get("merge")
    stage = max((_stage(record) for record in records), key=_ORDER.index)
    decisions = [record for record in records if record.phase is Phase.DECIDED]
    result = _text(decisions[-1].facts.get("result")) if decisions else None
    rests = stage in {Stage.PROPOSED, Stage.APPROVED} and result in NEUTRAL
    return Standing(
        change=change,
        stage=Stage.RESTING if rests else stage,
        recipe=RecipeId(str(facts.get("recipe", "")).partition("@")[0]),
        targets=targets_of(facts.get("keys")),
        opened_at=records[0].at,
        updated_at=records[-1].at,
        pull=PullNumber(pull) if isinstance(pull, int) else None,
        merge=CommitSha(merge) if isinstance(merge, str) else None,
        outcome=_text(facts.get("outcome")),
        rollback=_change(next((r.facts.get("rollback") for r in records if r.phase is Phase.REVERTED), None)),
        rollback_of=_change(facts.get("rollback_of")),
        result=result,
        decided_at=decisions[-1].at if decisions else None,
        decisions=len(decisions),
    )


def _stage(record: Record) -> Stage:
    """Return how far a record brings its change: a rejection or an expiry still waits for `closed`."""
    if record.phase is Phase.DECIDED:
        return Stage.APPROVED if record.facts.get("result") in _APPROVING else Stage.PROPOSED
    return _STAGES[record.phase]


def targets_of(keys: Json) -> tuple[str, ...]:
    """Return the targets that a proposal's `keys` name, each once."""
    listed = keys if isinstance(keys, list | tuple) else ()
    named = (str(key["target"]) for key in listed if isinstance(key, Mapping) and "target" in key)
    return tuple(dict.fromkeys(named))


def _change(value: Json) -> ChangeId | None:
    return ChangeId(value) if isinstance(value, str) and value else None


def _text(value: Json) -> str | None:
    return value if isinstance(value, str) else None
