"""Lets a rollback wait for its turn: until the breach is confirmed, and while a newer suspect is taken back."""

from collections.abc import Iterator
from dataclasses import replace

from bot.ledger.site import Site
from bot.model.recipe import ROLLBACK
from bot.model.record import Phase
from bot.model.verdict import RuleOutcome, Verdict, VerdictKind
from bot.monitor.confirm import is_confirmed
from bot.monitor.observe import Observer
from bot.monitor.suspect import Suspect, TakenBack, comes_first
from bot.monitor.watched import Watched, watch_list
from bot.recipes.library import CompiledRecipe


def in_turn(site: Site, observer: Observer, watched: Watched, verdict: Verdict) -> Verdict:
    """Return the verdict, or HOLD in the place of a rollback whose turn has not come."""
    if verdict.kind is not VerdictKind.ROLLBACK:
        return verdict
    if not _stands(site, observer, verdict):
        sentence = f"{verdict.sentence}, but the policy wants a look to confirm it: `confirm_after` later"
        return replace(verdict, kind=VerdictKind.HOLD, sentence=sentence)
    suspect = _suspect(watched, observer.recipe_of(watched))
    first = comes_first(suspect, _taken_back(site, observer), site.now)
    if first is None:
        return verdict
    sentence = f"{verdict.sentence}, but change {first} is newer: its rollback shows first whether it was the cause"
    return replace(verdict, kind=VerdictKind.HOLD, sentence=sentence)


def _stands(site: Site, observer: Observer, verdict: Verdict) -> bool:
    """Tell whether a breach needs no further look; what is taken back for want of success at its deadline is none."""
    if verdict.deciding.outcome is not RuleOutcome.HOLDS:
        return True
    rule = next((each.name for each in verdict.guards if each.name == verdict.by), ROLLBACK)
    own = (record for record in site.ledger.records() if record.change == verdict.change)
    return is_confirmed(own, rule, now=site.now, after=observer.settings.policy.rollbacks.confirm_after)


def _taken_back(site: Site, observer: Observer) -> Iterator[TakenBack]:
    records = site.ledger.records()
    begun_at = {record.change: record.at for record in records if record.phase is Phase.REVERTED}
    for other in watch_list(records):
        if other.id in begun_at and other.rollback_of is None:
            recipe = observer.recipe_of(other)
            within = recipe.recipe.watch.recover_within
            yield TakenBack(suspect=_suspect(other, recipe), begun_at=begun_at[other.id], within=within)


def _suspect(watched: Watched, recipe: CompiledRecipe) -> Suspect:
    return Suspect(
        change=watched.id,
        feeds=frozenset(recipe.rollback.feeds),
        targets=frozenset(watched.targets),
        effective_at=watched.effective_at,
    )
