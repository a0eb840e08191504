"""A recipe over its history: when it would have fired, what would have come of it, and how often that would be wrong.

Pure: readings in, a Backtest out. It counts a proposal for every firing that finds no change open and the cool-down
of the last one over, merges it at once, and lets it change nothing: the data are those of a world without it.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from bot.model.errors import BotError
from bot.model.names import FeedName
from bot.model.rehearsal import Backtest, Episode, FalseActions, FeedUse, RehearsedWatch
from bot.model.series import FeedFailure, Reading, Series, Window
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import lookback, reach_before
from bot.monitor.clocks import BLIND_AFTER
from bot.recipes.library import CompiledRecipe
from bot.rehearse.curve import curve_of
from bot.rehearse.replay import Looks, is_even, is_plain, replay
from bot.rehearse.resample import false_actions
from bot.rehearse.strand import Strand
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rehearse.watch_past import EVERY, Watcher
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs
from bot.rules.grid import step_of

LEAST_EVERY = timedelta(minutes=5)
"""More often than that nobody looks."""
_MOST_LOOKS = 200_000
_MOST_ASKED = 10_000
"""Looks at a rule that the evaluator must be asked about one by one."""

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What a recipe is replayed on: readings that begin `lookback_of` before `span`."""

    readings: Mapping[FeedName, Reading]
    span: Window


def feeds_of(recipe: CompiledRecipe) -> tuple[FeedName, ...]:
    """Name the feeds that the recipe's rules read, each once."""
    return tuple(dict.fromkeys(feed for rule in _rules(recipe) for feed in rule.feeds))


def lookback_of(recipe: CompiledRecipe, test: RollbackTest) -> timedelta:
    """Return how much data before the first look is needed."""
    held = [(each.rule, test.chosen(each.guard.test)) for each in recipe.watching]
    baselines = max(*(rule.baseline for rule in _rules(recipe)), *(reach_before(*each) for each in held))
    watching = max(lookback(*each) for each in held)
    return max(recipe.bottleneck.lookback, recipe.success.lookback, watching) + baselines


def every_of(rule: Rule, span: Window) -> timedelta:
    """Return how often a rule is looked at: once in its narrowest window, as far as that is feasible."""
    most = _MOST_LOOKS if is_plain(rule) else _MOST_ASKED
    least = -(-span.length // most // LEAST_EVERY) * LEAST_EVERY if span.length > LEAST_EVERY * most else LEAST_EVERY
    return max(step_of(rule.tree.logic), least)


def backtest(
    recipe: CompiledRecipe,
    history: History,
    test: RollbackTest,
    *,
    progress: Progress = lambda _: None,
    is_drawn: bool = True,
    blind_after: int = BLIND_AFTER,
) -> Backtest:
    """Replay a recipe over a history; `progress` is told what is done next.

    `test` and `blind_after` are the policy's. Unless `is_drawn` no watches are drawn, which takes most of the time.
    """
    past = {feed: Strand(reading) for feed, reading in history.readings.items()}
    rule, span, watch = recipe.bottleneck, history.span, recipe.recipe.watch
    every = every_of(rule, span)
    looks = _looks(span, every)
    _refuse_uneven(recipe, looks)
    needs = Needs(min_samples=watch.min_samples, coverage=watch.coverage)
    progress(f"replaying {looks.count:,} looks")
    outcomes = replay(rule, past, looks, needs)
    episodes = _episodes(outcomes, looks)
    progress("watching what it would have proposed")
    watches = _watches(Watcher(recipe=recipe, past=past, test=test, blind_after=blind_after), episodes, span, every)
    progress("drawing watches of changes that change nothing")
    drawn: FalseActions | str = "no watches were drawn"
    if is_drawn:
        drawn = false_actions(recipe, past, test, span, blind_after=blind_after)
    readings = [history.readings[feed] for feed in feeds_of(recipe) if feed in history.readings]
    return Backtest(
        recipe=recipe.recipe.reference,
        rule=rule.text,
        span=span,
        every=every,
        outcomes=Counter(outcomes),
        episodes=episodes,
        watches=tuple(watches),
        curve=curve_of(rule, past, looks, needs, outcomes),
        sources=tuple(_use(each) for each in readings if isinstance(each, Series)),
        failures=tuple(each for each in readings if isinstance(each, FeedFailure)),
        false_actions=None if isinstance(drawn, str) else drawn,
        undrawn=drawn if isinstance(drawn, str) else "",
    )


def _refuse_uneven(recipe: CompiledRecipe, looks: Looks) -> None:
    """Refuse rules whose windows would have to be judged one by one at every look."""
    hourly = Looks(start=0, step=micros_of(EVERY), count=recipe.recipe.watch.deadline // EVERY + 1)
    for rule, asked in ((recipe.bottleneck, looks), *((rule, hourly) for rule in recipe.looking)):
        if not is_even(rule, asked):
            message = f"`{rule.text}` cannot be replayed: its windows are too narrow or too uneven for its length"
            raise BotError(message, hint="write windows of whole minutes")


def _use(series: Series) -> FeedUse:
    return FeedUse(feed=series.feed, samples=len(series.samples), window=series.span)


def _rules(recipe: CompiledRecipe) -> tuple[Rule, ...]:
    return recipe.bottleneck, *recipe.looking


def _looks(span: Window, every: timedelta) -> Looks:
    """Look for the first time when one interval is over, and for the last time at the end."""
    return Looks(start=micros_at(span.start) + micros_of(every), step=micros_of(every), count=span.length // every)


def _episodes(outcomes: Sequence[RuleOutcome], looks: Looks) -> tuple[Episode, ...]:
    """Join looks at which the rule holds and that follow each other."""
    found, place = [], 0
    for holds, group in groupby(outcome is RuleOutcome.HOLDS for outcome in outcomes):
        after = place + sum(1 for _ in group)
        if holds:
            is_open = after == len(outcomes)
            end = looks.moments[after - 1 if is_open else after]
            found.append(Episode(begin=moment_at(looks.moments[place]), end=moment_at(end), is_open=is_open))
        place = after
    return tuple(found)


def _watches(
    watcher: Watcher, episodes: Sequence[Episode], span: Window, every: timedelta
) -> Iterator[RehearsedWatch]:
    """Propose at every firing that finds nothing open and the cool-down over, and watch what comes of it."""
    ready = span.start
    cooldown = watcher.recipe.recipe.cooldown
    for episode in episodes:
        begin = max(episode.begin, _look_from(ready, span, every))
        last = episode.end if episode.is_open else episode.end - every
        while begin <= last:
            watched = watcher.watch(begin, span.end)
            yield watched
            ready = watched.end + cooldown
            begin = max(_look_from(ready, span, every), begin + every)


def _look_from(moment: datetime, span: Window, every: timedelta) -> datetime:
    """Return the first look at a moment or after it."""
    return span.start + every * -(-(moment - span.start) // every)
