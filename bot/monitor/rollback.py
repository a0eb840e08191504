"""May this change be taken back, by whom, and with what? Pure: facts in, a plan or the reason against it out."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.forge.port import RevertConflict, Reverted
from bot.model.change import Change, FileEdit, KeyChange
from bot.model.names import ChangeId, CommitSha
from bot.model.recipe import Recipe, RollbackMode
from bot.propose.change import rollback_id


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """What is known when a rollback is due.

    `before` and `merged` are the bytes of every file that the merge touched, at its first parent and at itself;
    `now` the same files at the base head (None: no such file). `revert` is what `git revert -m 1` gave on the
    base head.
    """

    change: ChangeId
    recipe: Recipe
    merge: CommitSha
    keys: tuple[KeyChange, ...]
    before: Mapping[str, bytes | None]
    merged: Mapping[str, bytes | None]
    now: Mapping[str, bytes | None]
    revert: Reverted | RevertConflict
    is_rollback: bool
    rollbacks_today: int
    rollbacks_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """A rollback that is the exact inverse; a draft waits for a person, with the reasons why."""

    change: Change
    files: Mapping[str, bytes | None]
    draft_because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson:
    """A rollback that the bot cannot prepare."""

    reason: str


RollbackPlan = TakeBack | AskPerson


def plan_rollback(facts: RollbackFacts) -> RollbackPlan:
    """Decide whether the revert may go its way, waits as a draft, or cannot be made at all."""
    if facts.is_rollback:
        return AskPerson(reason="a rollback is never rolled back")
    if isinstance(facts.revert, RevertConflict):
        return AskPerson(reason=f"git cannot revert it by itself: conflict in {', '.join(facts.revert.paths)}")
    if facts.rollbacks_today >= facts.rollbacks_per_day:
        return AskPerson(reason=f"{facts.rollbacks_today} rollbacks in a day are the limit of the policy")
    if not is_exact_inverse(facts.revert.files, facts.before):
        return AskPerson(reason="the revert does not restore exactly what stood before the merge")
    change = Change(
        id=rollback_id(facts.change),
        recipe=facts.recipe.id,
        version=facts.recipe.version,
        episode="rollback",
        keys=tuple(
            KeyChange(target=key.target, key=key.key, before=key.after, after=key.before) for key in facts.keys
        ),
        edits=tuple(
            FileEdit(path=path, before=facts.now.get(path), after=content)
            for path, content in sorted(facts.revert.files.items())
            if content is not None
        ),
        rollback_of=facts.change,
    )
    return TakeBack(change=change, files=facts.revert.files, draft_because=_draft_because(facts))


def is_exact_inverse(files: Mapping[str, bytes | None], before: Mapping[str, bytes | None]) -> bool:
    """Tell whether a revert restores the very bytes from before the merge, in all of its files and no others."""
    return dict(files) == dict(before)


def _draft_because(facts: RollbackFacts) -> tuple[str, ...]:
    reasons = []
    if facts.recipe.watch.mode is RollbackMode.PROPOSE:
        reasons.append("the recipe's mode is `propose`")
    if not facts.recipe.reversible:
        reasons.append("the recipe says that it is not reversible")
    reasons.extend(
        f"`{path}` was changed again after the merge"
        for path, content in sorted(facts.merged.items())
        if facts.now.get(path) != content
    )
    return tuple(reasons)
