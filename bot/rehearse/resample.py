"""How often a change that changes nothing would be rolled back: watches drawn from the history, block by block.

A moving-block bootstrap (H. R. Kuensch, The jackknife and the bootstrap for general stationary observations, Annals
of Statistics 17, 1989): each watch is put together from whole days, drawn with replacement, that begin at the same
time of day, so that bursts and the daily course stay as they were. All feeds are cut at the same times.
"""

from bisect import bisect_left
from dataclasses import dataclass, replace
from datetime import timedelta
from random import Random

from bot.model.rehearsal import FalseActions
from bot.model.series import FeedFailure, Window
from bot.model.settings import RollbackTest
from bot.model.verdict import VerdictKind
from bot.monitor.breach import lookback
from bot.monitor.clocks import BLIND_AFTER
from bot.monitor.wilson import lower_bound
from bot.recipes.library import CompiledRecipe
from bot.rehearse.replay import has_open_cases
from bot.rehearse.strand import Past, Strand
from bot.rehearse.track import Track, micros_at, micros_of, moment_at
from bot.rehearse.watch_past import Watcher

LENGTH = timedelta(days=3)
DRAWS = 200
SEED = 14
_DAY = timedelta(days=1)
_PHASE = timedelta(minutes=5)
_LEAST_DAYS = 7
_SIDE = 0.975
"""Confidence of either side of a two-sided interval of 95%."""


def false_actions(
    recipe: CompiledRecipe,
    past: Past,
    test: RollbackTest,
    span: Window,
    *,
    draws: int = DRAWS,
    blind_after: int = BLIND_AFTER,
) -> FalseActions | str:
    """Draw watches of three days and count how they end; a sentence where the history allows none."""
    reason = _refusal(recipe, past, test, span)
    if reason:
        return reason
    watching = max(lookback(each.rule, test.chosen(each.guard.test)) for each in recipe.watching)
    whole = max(watching, *(rule.baseline for rule in recipe.looking))
    before = max(1, -(-whole // _DAY))
    random = Random(SEED)  # noqa: S311 -- a seeded stream, so that the same data gives the same figure
    watcher = Watcher(recipe=recipe, past=past, test=test, blind_after=blind_after, as_auto=True)
    ends = [_ending(watcher, _drawn(past, span, random, before), before) for _ in range(draws)]
    rolled_back = ends.count(VerdictKind.ROLLBACK)
    return FalseActions(
        watches=draws,
        length=LENGTH,
        rolled_back=rolled_back,
        succeeded=ends.count(VerdictKind.SUCCESS),
        low=lower_bound(rolled_back, draws, _SIDE),
        high=1.0 - lower_bound(draws - rolled_back, draws, _SIDE),
    )


def _refusal(recipe: CompiledRecipe, past: Past, test: RollbackTest, span: Window) -> str:
    """Say why nothing can be drawn; empty if it can."""
    if span.length < _LEAST_DAYS * _DAY:
        return f"the history is shorter than {_LEAST_DAYS} days"
    if not all(test.chosen(each.guard.test).is_of_chance for each in recipe.watching):
        return "a rule is compared with a baseline, or asked of open cases, neither of which is drawn"
    for rule in recipe.looking:
        if rule.tree.grouping is not None:
            return f"`{rule.text}` is asked of groups, which are not drawn"
        if has_open_cases(rule):
            return f"`{rule.text}` is asked of cases that last longer than the days that are drawn"
        for feed in rule.feeds:
            if feed not in past or isinstance(past[feed].header, FeedFailure):
                return f"{feed} could not be read"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draw:
    """A past put together from days of the history; it begins at `start`."""

    past: Past
    start: int


def _drawn(past: Past, span: Window, random: Random, before: int) -> _Draw:
    """Draw as many days as a watch takes, and `before` more for what lies before it; the same days of every feed."""
    day, first = micros_of(_DAY), micros_at(span.start)
    start = first + random.randrange(0, day, micros_of(_PHASE))
    whole = (micros_at(span.end) - start) // day
    days = [start + day * random.randrange(whole) for _ in range(before + LENGTH // _DAY)]
    return _Draw(past={feed: _spliced(strand, days, start) for feed, strand in past.items()}, start=start)


def _spliced(strand: Strand, days: list[int], start: int) -> Strand:
    """Put the samples of some days behind each other, from `start` on."""
    columns, day = strand.columns, micros_of(_DAY)
    times: list[int] = []
    values: list[float] = []
    weights: list[float] = []
    for place, begin in enumerate(days):
        first, last = bisect_left(columns.times, begin), bisect_left(columns.times, begin + day)
        shift = start + day * place - begin
        times += [at + shift for at in columns.times[first:last]]
        values += columns.values[first:last]
        weights += columns.weights[first:last]
    return Strand(strand.header, Track(times, values, weights))


def _ending(watcher: Watcher, draw: _Draw, before: int) -> VerdictKind:
    """Watch a change that took effect after the days that lie before it."""
    begin = moment_at(draw.start) + before * _DAY
    return replace(watcher, past=draw.past).ends(begin, begin + LENGTH)
