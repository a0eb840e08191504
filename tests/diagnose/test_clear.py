"""When a bottleneck is gone: between the rule that fires and `clear_when` it neither fires nor is gone."""

from datetime import UTC, datetime, timedelta

import pytest
from recipes.repository_files import FILES, files

from bot.diagnose.decide import remains
from bot.model.names import FeedName
from bot.model.series import Sample, Series, SeriesKind, Window
from bot.model.unit import DAY
from bot.model.verdict import RuleOutcome
from bot.recipes.check import Check
from bot.recipes.library import CompiledRecipe, load_library

NOW = datetime(2026, 1, 5, tzinfo=UTC)
WAIT = FeedName("metrics.passport.wait_time")
YES, NO = RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD


def recipe(more: str) -> CompiledRecipe | str:
    library = load_library(files(passport_backlog=FILES["pow/passport_backlog.yml"] + more), endpoints={})
    return library.recipes[0] if library.recipes else library.diagnostics[0].id


def still_there(more: str, days: float | None) -> RuleOutcome:
    compiled = recipe(more)
    assert isinstance(compiled, CompiledRecipe), compiled
    span = Window(start=NOW - timedelta(days=3), end=NOW)
    samples = () if days is None else tuple(Sample(at=NOW - timedelta(hours=n), value=days) for n in range(24, 0, -1))
    series = Series(
        feed=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1), span=span, samples=samples
    )
    return remains(compiled, {WAIT: series}, now=NOW).outcome


CLEAR = 'clear_when: "max(wait_time) < 15_days"\n'


@pytest.mark.parametrize(
    ("days", "without", "with_gap"),
    [(25, YES, YES), (18, NO, YES), (12, NO, NO), (None, RuleOutcome.NO_DATA, RuleOutcome.NO_DATA)],
)
def test_within_the_gap_a_bottleneck_is_not_gone(days, without, with_gap):
    assert still_there("", days) is without
    assert still_there(CLEAR, days) is with_gap


def test_what_cannot_be_measured_is_not_gone():
    rarer = 'clear_when: "p90(wait_time over 1_h) < 15_days"\n'
    assert still_there(rarer, 12) is RuleOutcome.INSUFFICIENT


@pytest.mark.parametrize(
    ("text", "fault"),
    [("error_rate < 1%", Check.CLEAR_WHEN), ("wait_time < 5%", "rule-unit-mismatch")],
)
def test_it_is_read_off_the_same_feed(text, fault):
    assert recipe(f'clear_when: "{text}"\n') == fault
