"""The recipe's change in a test: proposed when the rule fires, merged, deployed, rejected, taken back.

Whether a firing becomes a proposal is decided by `bot.propose.plan` itself, on records as the ledger would hold them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import assert_never

from bot.model.change import Change
from bot.model.json import Json
from bot.model.names import Digest, RecipeId
from bot.model.recipe import Recipe, Setting
from bot.model.record import Phase, Record
from bot.model.settings import Policy
from bot.propose.plan import Held, Situation, plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """What proposals depend on besides the recipe: the files below `patches/`, and the settings."""

    files: Mapping[str, bytes]
    policy: Policy
    muted: frozenset[RecipeId]


class Step(StrEnum):
    """What may come about at a time."""

    FIRING = "firing"
    QUIET = "quiet"
    MERGE = "merge"
    DEPLOY = "deploy"
    REJECT = "reject"
    SUCCESS = "success"
    KEEP = "kept"
    ROLLBACK = "rolled_back"


class Desk:
    """Takes notes of what comes about, and works them off when something is asked."""

    def __init__(self, recipe: Recipe, office: Office) -> None:
        self._recipe = recipe
        self._office = office
        self._files = office.files
        self._records: list[Record] = []
        self._notes: list[tuple[Step, datetime]] = []
        self._worked_off = 0
        self._open: Change | None = None
        self._merged = False
        self._held: Held | None = None
        self._newest: Change | None = None
        self._idle: list[tuple[Step, datetime]] = []

    def note(self, step: Step, at: datetime) -> None:
        """Remember that something came about; times never go back."""
        self._notes.append((step, at))

    @property
    def is_proposing(self) -> bool:
        """Whether a proposal is open, which nobody has merged or closed."""
        self._work_off()
        return self._open is not None and not self._merged

    def redline(self) -> Mapping[str, str]:
        """Return what the newest change sets: `TARGET.key` with the value before and after."""
        self._work_off()
        keys = self._newest.keys if self._newest else ()
        return {f"{key.target}.{key.key}": f"{_shown(key.before)} -> {_shown(key.after)}" for key in keys}

    def reason(self, now: datetime) -> str:
        """Say why a recipe that fires proposes nothing new."""
        self._work_off()
        if self._open is not None:
            planned = plan((self._recipe,), self._situation(now))[0]
            return planned.sentence if isinstance(planned, Held) else ""
        return self._held.sentence if self._held else ""

    def idle(self) -> tuple[tuple[Step, datetime], ...]:
        """Return what could not come about, since there was nothing to do it to."""
        self._work_off()
        return tuple(self._idle)

    def _work_off(self) -> None:
        for step, at in self._notes[self._worked_off :]:
            self._take(step, at)
        self._worked_off = len(self._notes)

    def _take(self, step: Step, at: datetime) -> None:
        match step:
            case Step.FIRING:
                self._fire(at)
            case Step.QUIET:
                self._held = None
            case Step.MERGE:
                self._merge(at)
            case Step.DEPLOY:
                self._deploy(at)
            case Step.REJECT:
                self._reject(at)
            case Step.SUCCESS | Step.KEEP | Step.ROLLBACK:
                self._close(step, at)
            case _:
                assert_never(step)

    def _fire(self, at: datetime) -> None:
        if self._open is None:
            planned = plan((self._recipe,), self._situation(at))[0]
            if isinstance(planned, Held):
                self._held = planned
            else:
                self._propose(planned, at)

    def _propose(self, change: Change, at: datetime) -> None:
        self._open = self._newest = change
        self._merged, self._held = False, None
        keys: list[Json] = [{"target": key.target, "key": key.key} for key in change.keys]
        facts: dict[str, Json] = {"recipe": self._recipe.id, "recipe_digest": self._recipe.digest, "pull": 1}
        self._record(change, Phase.PROPOSED, at, {**facts, "keys": keys})

    def _merge(self, at: datetime) -> None:
        """Merge the open proposal; where there is none, the change that the recipe would propose the first time."""
        if self._open is None:
            planned = plan((self._recipe,), replace(self._situation(at), records=(), muted=frozenset()))[0]
            if isinstance(planned, Held):
                self._held = planned
                return
            self._propose(planned, at)
        change = self._open
        if change is not None and not self._merged:
            self._merged = True
            self._record(change, Phase.MERGED, at)
            self._files = {**self._files, **{edit.path: edit.after for edit in change.edits}}

    def _deploy(self, at: datetime) -> None:
        self._merge(at)
        if self._open is not None:
            self._record(self._open, Phase.DEPLOYED, at)

    def _reject(self, at: datetime) -> None:
        if self._open is None or self._merged:
            self._idle.append((Step.REJECT, at))
        else:
            self._close("rejected", at)

    def _close(self, outcome: str, at: datetime) -> None:
        """Close the change; one that was rolled back leaves every file as it was."""
        if self._open is None:
            return
        if outcome == Step.ROLLBACK:
            before = {edit.path: edit.before for edit in self._open.edits}
            self._files = {**self._files, **{path: text for path, text in before.items() if text is not None}}
        self._record(self._open, Phase.CLOSED, at, {"outcome": outcome})
        self._open, self._merged = None, False

    def _record(
        self, change: Change, phase: Phase, at: datetime, facts: Mapping[str, Json] = MappingProxyType({})
    ) -> None:
        count = len(self._records) + 1
        record = Record(
            index=count,
            sequence=count,
            previous=None,
            digest=Digest(""),
            change=change.id,
            phase=phase,
            at=at,
            facts=facts,
        )
        self._records.append(record)

    def _situation(self, now: datetime) -> Situation:
        return Situation(
            files=self._files,
            records=tuple(self._records),
            policy=self._office.policy,
            muted=self._office.muted,
            now=now,
        )


def _shown(value: Setting) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
