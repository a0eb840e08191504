"""May this change be taken back, by whom, and with what? Pure: facts in, a plan or the reason against it out."""

from dataclasses import dataclass

from bot.approve.footprint import Files, Footprint, changed_since, values_changed
from bot.approve.precedent import Precedent, Relanded, TakenUp, Vetoed, in_words
from bot.forge.port import RevertConflict, Reverted
from bot.model.change import Change, FileEdit, KeyChange
from bot.model.names import ChangeId, PullNumber
from bot.model.recipe import Recipe, RollbackMode
from bot.monitor.inverse import Inverse, inverse_of
from bot.propose.change import rollback_id
from bot.propose.desired import Unreadable


@dataclass(frozen=True, slots=True, kw_only=True)
class RollbackFacts:
    """What is known when a rollback is due.

    `revert` is what `git revert -m 1` gave on the base head, `precedent` what others did about the change, `cautions`
    are reasons around it to leave it to a person. `opened_today` counts the rollbacks that were begun within a day,
    this one aside. `stopped` says who stopped the bot from taking it back, if somebody did.
    """

    change: ChangeId
    recipe: Recipe
    footprint: Footprint
    revert: Reverted | RevertConflict
    is_rollback: bool
    opened_today: int
    opened_per_day: int
    cautions: tuple[str, ...] = ()
    precedent: Precedent | None = None
    stopped: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeBack:
    """A rollback that can be made; a draft waits for a person, with the reasons why.

    One that `is_partial` leaves values as somebody else has set them since.
    """

    change: Change
    files: Files
    draft_because: tuple[str, ...]
    is_partial: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AskPerson:
    """A rollback that the bot does not make; `support` is somebody's pull request that does the same."""

    reason: str
    support: PullNumber | None = None


RollbackPlan = TakeBack | AskPerson


def plan_rollback(facts: RollbackFacts) -> RollbackPlan:
    """Decide whether the revert may go its way, waits as a draft, or cannot be made at all."""
    if facts.is_rollback:
        return AskPerson(reason="a rollback is never rolled back")
    if isinstance(facts.precedent, TakenUp | Vetoed):
        support = facts.precedent.pull if isinstance(facts.precedent, TakenUp) else None
        return AskPerson(reason=in_words(facts.precedent), support=support)
    if facts.stopped:
        return AskPerson(reason=facts.stopped)
    if facts.opened_today >= facts.opened_per_day:
        return AskPerson(reason=f"{facts.opened_today} rollbacks in a day are the limit of the policy")
    return _plan_inverse(facts, inverse_of(facts.revert, facts.footprint))


def _plan_inverse(facts: RollbackFacts, inverse: Inverse) -> RollbackPlan:
    """Hold what would be written against the bytes; what was merged on top since makes it a draft."""
    later = changed_since(facts.footprint)
    files = inverse.files
    if not later and not inverse.left and not is_exact_inverse(files, facts.footprint.before):
        return AskPerson(reason="the revert does not restore exactly what stood before the merge")
    keys = values_changed({path: facts.footprint.now.get(path) for path in files}, files)
    if isinstance(keys, Unreadable):
        return AskPerson(reason=f"{keys.path} cannot be taken back by the bot: {keys.reason}")
    if not keys:
        return AskPerson(reason="; ".join((*inverse.left, "the revert changes no value")))
    edits = tuple(
        FileEdit(path=path, before=facts.footprint.now.get(path), after=content)
        for path, content in sorted(files.items())
        if content is not None
    )
    change = rollback_change(facts.change, facts.recipe, keys=keys, edits=edits)
    because = dict.fromkeys((*inverse.left, *_draft_because(facts, later)))
    return TakeBack(change=change, files=files, draft_because=tuple(because), is_partial=bool(inverse.left))


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


def _draft_because(facts: RollbackFacts, later: tuple[str, ...]) -> tuple[str, ...]:
    recipe, reasons = facts.recipe, list[str]()
    if isinstance(facts.precedent, Relanded):
        reasons.append(in_words(facts.precedent))
    if recipe.watch.mode is RollbackMode.PROPOSE:
        reasons.append("the recipe's mode is `propose`")
    if not recipe.reversible:
        reasons.append("the recipe says that it is not reversible")
    reasons.extend(f"`{path}` was changed again after the merge" for path in later)
    return (*reasons, *facts.cautions)
