"""The backtest in a proposal's text: the recipe replayed on the very data that the detection has read (pure).

It is bounded: what holds more samples than a run can replay beside its work is left to `pow backtest`.
"""

from collections.abc import Mapping
from datetime import timedelta

from bot.model.errors import BotError
from bot.model.names import FeedName
from bot.model.rehearsal import Rehearsed
from bot.model.series import Reading, Series, Window
from bot.model.settings import RollbackTest
from bot.monitor.clocks import BLIND_AFTER
from bot.propose.desk import Rehearse
from bot.recipes.library import CompiledRecipe
from bot.rehearse.backtest import History, backtest, feeds_of, lookback_of
from bot.report.backtest import summary_rows

MOST_SAMPLES = 50_000
_LEAST = timedelta(days=7)
_LEFT_OUT = frozenset({"Rule", "Looked"})
"""What the rest of the text says, or a reader with two minutes does not need."""


def preview_by(test: RollbackTest, *, blind_after: int = BLIND_AFTER) -> Rehearse:
    """Return what a detection calls to have a recipe replayed, watched by the policy's numbers as by the monitor."""
    return lambda recipe, readings: preview(recipe, readings, test, blind_after=blind_after)


def preview(
    recipe: CompiledRecipe,
    readings: Mapping[FeedName, Reading],
    test: RollbackTest,
    *,
    blind_after: int = BLIND_AFTER,
) -> Rehearsed:
    """Replay a recipe on what was read; where that cannot be, say why."""
    found = {feed: readings.get(feed) for feed in feeds_of(recipe)}
    series = {feed: reading for feed, reading in found.items() if isinstance(reading, Series)}
    if missing := [feed for feed in found if feed not in series]:
        return _not(f"{missing[0]} could not be read")
    samples = sum(len(each.samples) for each in series.values())
    if samples > MOST_SAMPLES:
        return _not(f"{samples:,} samples are more than a run replays")
    start = max(each.span.start for each in series.values()) + lookback_of(recipe, test)
    end = min(each.span.end for each in series.values())
    if end - start < _LEAST:
        return _not("what was read is too short to look back")
    try:
        history = History(readings=series, span=Window(start=start, end=end))
        told = backtest(recipe, history, test, is_drawn=False, blind_after=blind_after)
    except BotError as error:
        return _not(error.message)
    rows = (row for row in summary_rows(told) if row[0] not in _LEFT_OUT)
    return Rehearsed(rows=tuple((name, text) for name, text in rows if not text.startswith("not known")))


def _not(why: str) -> Rehearsed:
    return Rehearsed(rows=(), why_not=why)
