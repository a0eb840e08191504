"""What becomes of an open proposal when its base moves, or when its bottleneck goes and comes back (pure).

Nothing here touches a branch that a person has committed on, and nothing is decided from missing data:
docs/adr/0026-refresh-and-closing.md.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.ledger.holds import holds
from bot.ledger.lifecycle import Stage, Standing, open_changes
from bot.model.change import Change
from bot.model.clock import format_time
from bot.model.event import Mark
from bot.model.json import Json, digest_of
from bot.model.names import ChangeId, Digest, PullNumber, RecipeId
from bot.model.recipe import Recipe
from bot.model.record import KEPT, OBSOLETE, REOPENED, SUPERSEDED, Draft, Phase, Record
from bot.model.verdict import Measurement, RuleOutcome
from bot.propose.calendar import closed_because
from bot.propose.desired import target_of
from bot.propose.plan import Held, Situation, draft, on_hold, plan
from bot.propose.wishes import Content, changes_asked
from bot.recipes.library import Library

LOOKS = 12
"""A bottleneck is gone if its rule holds at none of so many instants before now, spread over the policy's time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replace:
    """A proposal that takes the place of one that no longer fits the base, and why it does."""

    change: Change
    old: Standing
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Revive:
    """A proposal that was closed because its bottleneck was gone, and whose bottleneck is back in time."""

    change: Change
    old: Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Retire:
    """A proposal that is to be closed because nothing is left for it to do, and why."""

    old: Standing
    sentence: str
    is_orphan: bool = False
    """Whether its recipe is gone: an approval does not keep it open, for without a recipe nothing may merge."""


Renewal = Replace | Revive | Retire | Held


def renew(recipe: Recipe, situation: Situation, edited: frozenset[ChangeId]) -> Renewal | None:
    """Decide on a firing recipe's own proposal; None where there is none, or nothing about it is to change.

    `edited` are the changes on whose branch somebody has committed.
    """
    policy, now = situation.policy, situation.now
    every = open_changes(situation.records)
    own = [each for each in every if each.recipe == recipe.id and each.rollback_of is None]
    is_stopped = policy.paused or situation.switch.against(recipe.id, {t for each in own for t in each.targets})
    if not own or is_stopped or recipe.id in situation.muted or closed_because(policy.calendar, now):
        return None
    if on_hold(recipe, holds(situation.records, policy.breaker)) is not None:
        return None
    live = [each for each in own if each.stage is not Stage.RESTING]
    if not live:
        return _revive(recipe, own[-1], situation) if own[-1].may_return(now) else None
    # What moved the base under a change that landed is its own merge, which the gate has yet to record.
    proposals = [
        each
        for each in live
        if each.stage in {Stage.PROPOSED, Stage.APPROVED} and each.change not in situation.landed
    ]
    return _refresh(recipe, proposals[-1], situation, edited) if proposals else None


def decide(
    firing: Iterable[Recipe], situation: Situation, edited: frozenset[ChangeId]
) -> tuple[Renewal | Change, ...]:
    """Decide on every firing recipe, in order: first on proposals of their own, then on new ones."""
    recipes = tuple(firing)
    known = {each.recipe for each in open_changes(situation.records)}
    own = [recipe for recipe in recipes if recipe.id in known]
    renewed = {recipe.id: each for recipe in own if (each := renew(recipe, situation, edited)) is not None}
    taken = {
        target: f"pull request {each.old.pull}, which is opened again,"
        for each in renewed.values()
        if isinstance(each, Revive)
        for target in each.change.targets
    }
    others = [recipe for recipe in recipes if recipe.id not in renewed]
    planned = plan(others, replace(situation, taken=taken))
    by_recipe: dict[RecipeId, Renewal | Change] = {
        recipe.id: each for recipe, each in zip(others, planned, strict=True)
    }
    return tuple((renewed | by_recipe)[recipe.id] for recipe in recipes)


def _refresh(
    recipe: Recipe, old: Standing, situation: Situation, edited: frozenset[ChangeId]
) -> Replace | Retire | Held | None:
    """Hold a proposal against the base as it is now, and the recipe as it stands there."""
    record = proposal_record(situation.records, old.change)
    why = _moved(record, recipe, situation.files) if record else ""
    if not why:
        return None
    if old.change in edited:
        return _by_hand(recipe, old, why)
    keys = changes_asked(recipe, situation.files, situation.policy)
    if isinstance(keys, Content) and old.result == KEPT:
        return None
    if isinstance(keys, Content):
        return Retire(old=old, sentence=f"{why}, and {keys.reason}")
    fresh = draft(recipe, _without(situation, old.change), episode=old.change)
    if isinstance(fresh, Held):
        return fresh
    is_urgent = record is not None and record.facts.get("urgent") is True
    return Replace(change=replace(fresh, urgent=is_urgent), old=old, why=why)


def _revive(recipe: Recipe, old: Standing, situation: Situation) -> Revive | None:
    """Bring the very same change back; where it would be another one, it is proposed as such."""
    record = proposal_record(situation.records, old.change)
    fresh = same_change(recipe, record, situation) if record else None
    return Revive(change=fresh, old=old) if fresh else None


def same_change(recipe: Recipe, record: Record, situation: Situation) -> Change | None:
    """Return the change of a record as it would be proposed today; None where it would be another one."""
    if _moved(record, recipe, situation.files):
        return None
    fresh = draft(recipe, _without(situation, record.change), episode=str(record.facts.get("episode")))
    return fresh if isinstance(fresh, Change) and fresh.id == record.change else None


def _by_hand(recipe: Recipe, old: Standing, why: str) -> Held:
    sentence = f"{recipe.id} fires, but {why}, and somebody edited the branch of pull request {old.pull}"
    hint = "note the values there and close it: then it is proposed anew, on the present base"
    return Held(recipe=recipe.id, mark=Mark.WAIT, sentence=sentence, hint=hint, change=old.change)


def _moved(record: Record, recipe: Recipe, files: Mapping[str, bytes]) -> str:
    """Say what moved under a proposal; what its record does not tell has not moved."""
    version = record.facts.get("version")
    if isinstance(version, int) and version != recipe.version:
        return f"the recipe is {recipe.reference} by now"
    for path, before in _digests(record.facts.get("files")):
        content = files.get(path)
        if target_of(path) is not None and before is not None and (content is None or digest_of(content) != before):
            return f"{path} has changed on the base branch"
    return ""


def _digests(files: Json) -> Iterable[tuple[str, str | None]]:
    for each in files if isinstance(files, list | tuple) else ():
        if isinstance(each, Mapping) and isinstance(path := each.get("path"), str):
            before = each.get("before")
            yield path, before if isinstance(before, str) else None


def _without(situation: Situation, change: ChangeId) -> Situation:
    return replace(situation, records=tuple(each for each in situation.records if each.change != change))


def proposal_record(records: Iterable[Record], change: ChangeId) -> Record | None:
    """Return the record that proposed a change."""
    return next((each for each in records if each.change == change and each.phase is Phase.PROPOSED), None)


def waiting(records: Iterable[Record]) -> Mapping[RecipeId, Standing]:
    """Return the proposals that nobody has decided on yet, by recipe; rollbacks are none."""
    proposed = (each for each in open_changes(records) if each.stage is Stage.PROPOSED)
    return {each.recipe: each for each in proposed if each.rollback_of is None}


def instants(now: datetime, span: timedelta) -> tuple[datetime, ...]:
    """Return the instants before now at which a rule must not hold either."""
    return tuple(now - span * step / LOOKS for step in range(1, LOOKS + 1))


def fading(old: Standing, measured: Iterable[Measurement], span: timedelta) -> Retire | None:
    """Retire a proposal whose rule held at none of these looks, unless people have kept it once.

    No look counts that could not be decided.
    """
    looks = tuple(measured)
    if not looks or old.result == KEPT or any(each.outcome is not RuleOutcome.DOES_NOT_HOLD for each in looks):
        return None
    days = span / timedelta(days=1)
    long = f"{days:g} day{'' if days == 1 else 's'}"
    return Retire(old=old, sentence=f"the bottleneck has been gone for {long}: {looks[0].sentence}")


def orphaned(records: Iterable[Record], library: Library) -> tuple[Retire, ...]:
    """Retire the proposals whose recipe is on the base no more; none while any file there could not be read."""
    if library.has_error or not library.is_whole:
        return ()
    known = {each.recipe.id for each in library.files}
    return tuple(
        Retire(old=old, sentence=f"the recipe {recipe} is no longer on the base branch", is_orphan=True)
        for recipe, old in waiting(records).items()
        if recipe not in known and old.result != KEPT
    )


def superseded(replaced: Replace, *, by: PullNumber, at: datetime, policy: Digest) -> Draft:
    """Return the decision that a proposal gives way to another one; the gate then closes it."""
    facts: Mapping[str, Json] = {
        "result": SUPERSEDED,
        "pull": replaced.old.pull,
        "by": replaced.change.id,
        "by_pull": by,
        "sentence": replaced.why,
    }
    return _decided(replaced.old, at, {**facts, "policy_digest": policy})


def obsolete(retired: Retire, *, at: datetime, policy: Digest) -> Draft:
    """Return the decision that a proposal has nothing left to do; the gate then closes it."""
    facts: Mapping[str, Json] = {"result": OBSOLETE, "pull": retired.old.pull, "sentence": retired.sentence}
    facts = {**facts, "recipe_gone": True} if retired.is_orphan else facts
    return _decided(retired.old, at, {**facts, "policy_digest": policy})


def reopened(revived: Revive, *, at: datetime, policy: Digest) -> Draft:
    """Return the decision that a proposal is wanted again."""
    sentence = f"the bottleneck was back at {format_time(at)}"
    facts: Mapping[str, Json] = {"result": REOPENED, "pull": revived.old.pull, "sentence": sentence}
    return _decided(revived.old, at, {**facts, "policy_digest": policy})


def _decided(old: Standing, at: datetime, facts: Mapping[str, Json]) -> Draft:
    """Name a decision by what it is and how many came before it: two runs that see the same record it once."""
    key = f"{facts['result']}:{old.decisions}"
    return Draft(change=old.change, phase=Phase.DECIDED, at=at, facts=facts, key=key)
