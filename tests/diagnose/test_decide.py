from datetime import timedelta

import pytest
from collect.feeds import NOW, a_feed
from recipes.repository_files import RECIPE

from bot.diagnose.decide import NotFiring, daily_means, diagnose
from bot.model.finding import ComplaintCount, Finding, SourceUse
from bot.model.names import FeedName
from bot.model.series import FailureKind, FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.settings import FeedSpec
from bot.model.unit import DAY, PLAIN_RATIO
from bot.model.verdict import RuleOutcome
from bot.recipes.library import CompiledRecipe, compile_recipe
from bot.recipes.recipe import RecipeFile, read_recipe

WAIT = FeedName("metrics.passport.wait_time")
ERRORS = FeedName("metrics.passport.error_rate")
SPAN = Window(start=NOW - timedelta(days=30), end=NOW)


def compiled_recipe() -> CompiledRecipe:
    file = read_recipe("pow/passport_backlog.yml", RECIPE.encode())
    assert isinstance(file, RecipeFile)
    feeds: tuple[FeedSpec, ...] = (
        a_feed(name=WAIT),
        a_feed(name=ERRORS, unit=PLAIN_RATIO, kind=SeriesKind.RATIO, window=timedelta(minutes=5)),
    )
    compiled = compile_recipe(file, feeds).value
    assert compiled is not None
    return compiled


def a_series(*values: float, before_now: timedelta = timedelta(hours=1)) -> Series:
    samples = tuple(
        Sample(at=NOW - before_now - timedelta(minutes=index), value=value) for index, value in enumerate(values)
    )
    return Series(
        feed=WAIT, unit=DAY, kind=SeriesKind.READINGS, window=timedelta(days=1), span=SPAN, samples=samples[::-1]
    )


def diagnosed(reading: Reading | None) -> Finding | NotFiring:
    return diagnose(compiled_recipe(), {WAIT: reading} if reading else {}, now=NOW)


def test_a_rule_that_holds_is_a_finding_with_its_evidence():
    complaints = ComplaintCount(feed=FeedName("complaints.passport"), window=SPAN, topics={"wait": 3})
    data = {WAIT: a_series(19, 21, 25.5, 18, 20)}
    found = diagnose(compiled_recipe(), data, now=NOW, complaints=complaints)
    assert isinstance(found, Finding)
    assert found.rule == "max(wait_time) > 20_days"
    assert found.observed == "25.5 days"
    assert "25.5 days" in found.sentence
    assert found.at == NOW
    assert found.daily == (("2026-01-09", pytest.approx(20.7)),)
    assert found.daily_unit == "days"
    assert found.complaints == complaints
    assert [(use.feed, use.samples, use.window) for use in found.sources] == [(WAIT, 5, SPAN)]
    assert found.sources[0].digest.startswith("sha256:")


def test_sources_that_are_given_stand_in_the_finding():
    use = SourceUse(feed=WAIT, samples=1, window=SPAN, digest="sha256:0")
    found = diagnose(compiled_recipe(), {WAIT: a_series(*[25.0] * 5)}, now=NOW, sources=(use,))
    assert isinstance(found, Finding)
    assert found.sources == (use,)


@pytest.mark.parametrize(
    ("reading", "outcome"),
    [
        (a_series(1, 2, 3, 4, 5), RuleOutcome.DOES_NOT_HOLD),
        (a_series(25, 25), RuleOutcome.INSUFFICIENT),
        (a_series(), RuleOutcome.NO_DATA),
        (a_series(*[25.0] * 5, before_now=timedelta(days=9)), RuleOutcome.STALE),
        (FeedFailure(feed=WAIT, kind=FailureKind.TIMEOUT, message="too slow"), RuleOutcome.ERROR),
        (None, RuleOutcome.ERROR),
    ],
)
def test_anything_else_does_not_fire_and_says_why(reading: Reading | None, outcome: RuleOutcome):
    found = diagnosed(reading)
    assert isinstance(found, NotFiring)
    assert found.measurement.outcome is outcome
    assert found.measurement.sentence


def test_daily_means_pool_a_ratio_and_leave_out_days_without_a_denominator():
    samples = (
        Sample(at=NOW - timedelta(days=2), value=1, of=10),
        Sample(at=NOW - timedelta(days=2) + timedelta(hours=1), value=5, of=20),
        Sample(at=NOW - timedelta(days=1), value=0, of=0),
    )
    series = Series(
        feed=ERRORS, unit=PLAIN_RATIO, kind=SeriesKind.RATIO, window=timedelta(minutes=5), span=SPAN, samples=samples
    )
    assert daily_means(series) == (("2026-01-08", 0.2),)
