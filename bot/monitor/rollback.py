"""May this change be taken back, by whom, and with what? Pure: facts in, a plan or the reason against it out."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.forge.port import RevertConflict, Reverted
from bot.model.change import Change, FileEdit, KeyChange
from bot.model.names import ChangeId
from bot.model.recipe import Recipe, RollbackMode
from bot.propose.change import rollback_id
from bot.propose.desired import Unreadable, key_changes, same, target_of, values_of

Files = Mapping[str, bytes | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """The bytes of every file that a merge touched: at its first parent, at itself, and on the base now.

    None stands for no such file; the three have the same paths.
    """

    before: Files
    merged: Files
    now: Files


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """What is known when a rollback is due; `revert` is what `git revert -m 1` gave on the base head."""

    change: ChangeId
    recipe: Recipe
    footprint: Footprint
    revert: Reverted | RevertConflict
    is_rollback: bool
    rollbacks_today: int
    rollbacks_per_day: int


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """A rollback that can be made; a draft waits for a person, with the reasons why."""

    change: Change
    files: Files
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
    return _plan_revert(facts, facts.revert)


def _plan_revert(facts: RollbackFacts, revert: Reverted) -> RollbackPlan:
    """Hold a clean revert against the bytes; what was merged on top since makes it a draft."""
    later = changed_since(facts.footprint)
    if not later and not is_exact_inverse(revert.files, facts.footprint.before):
        return AskPerson(reason="the revert does not restore exactly what stood before the merge")
    keys = values_changed({path: facts.footprint.now.get(path) for path in revert.files}, revert.files)
    if isinstance(keys, Unreadable):
        return AskPerson(reason=f"{keys.path} cannot be taken back by the bot: {keys.reason}")
    if not keys:
        return AskPerson(reason="the revert changes no value")
    edits = tuple(
        FileEdit(path=path, before=facts.footprint.now.get(path), after=content)
        for path, content in sorted(revert.files.items())
        if content is not None
    )
    change = rollback_change(facts.change, facts.recipe, keys=keys, edits=edits)
    return TakeBack(change=change, files=revert.files, draft_because=_draft_because(facts.recipe, later))


def rollback_change(
    original: ChangeId, recipe: Recipe, *, keys: tuple[KeyChange, ...] = (), edits: tuple[FileEdit, ...] = ()
) -> Change:
    """Return the one change that takes another back."""
    return Change(
        id=rollback_id(original),
        recipe=recipe.id,
        version=recipe.version,
        episode="rollback",
        keys=keys,
        edits=edits,
        rollback_of=original,
    )


def is_exact_inverse(files: Files, before: Files) -> bool:
    """Tell whether a revert restores the very bytes from before the merge, in all of its files and no others."""
    return dict(files) == dict(before)


def changed_since(footprint: Footprint) -> tuple[str, ...]:
    """Return the merge's files that something else has changed after it."""
    return tuple(path for path, content in sorted(footprint.merged.items()) if footprint.now.get(path) != content)


def is_back(footprint: Footprint) -> bool:
    """Tell whether every value that a merge set is what it was before, whoever put it back and in what words."""
    set_by_merge = values_changed(footprint.before, footprint.merged)
    if isinstance(set_by_merge, Unreadable) or not set_by_merge:
        return False
    now = {path: _values(path, footprint.now.get(path)) for path in footprint.merged}
    present = {(target_of(path), key): value for path, values in now.items() for key, value in values.items()}
    return all(
        (each.target, each.key) in present and same(present[each.target, each.key], each.before)
        for each in set_by_merge
    )


def values_changed(old: Files, new: Files) -> tuple[KeyChange, ...] | Unreadable:
    """Return the values of the desired state that differ, derived from the bytes themselves."""
    found: list[KeyChange] = []
    for path, content in sorted(new.items()):
        former = old.get(path)
        if target_of(path) is None or former == content:
            continue
        if former is None or content is None:
            return Unreadable(path=path, reason="it is not there on both sides")
        changes = key_changes(path, former, content)
        if isinstance(changes, Unreadable):
            return changes
        found += changes
    return tuple(found)


def _values(path: str, content: bytes | None) -> Mapping[str, bool | int | float | str]:
    if content is None or target_of(path) is None:
        return {}
    values = values_of(path, content)
    return {} if isinstance(values, Unreadable) else values


def _draft_because(recipe: Recipe, later: tuple[str, ...]) -> tuple[str, ...]:
    reasons = []
    if recipe.watch.mode is RollbackMode.PROPOSE:
        reasons.append("the recipe's mode is `propose`")
    if not recipe.reversible:
        reasons.append("the recipe says that it is not reversible")
    reasons.extend(f"`{path}` was changed again after the merge" for path in later)
    return tuple(reasons)
