"""A recipe over its history: episodes, proposals, false actions, and what is read for them."""

from collections.abc import Container
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest
import realdata
from rehearse.pasts import AGE, ERRORS, METRICS, MINUTE, QUEUE, START, WAIT, failure_of, rule_of, series_of
from rehearse.pasts import recipe_of as any_recipe_of

from bot.collect.gather import Collector
from bot.collect.sources.http_json import feed_client
from bot.model.errors import BotError
from bot.model.proof import ControlChoice, RankChoice, SurvivalChoice
from bot.model.series import FeedFailure, Sample, Series, Window
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.recipes.files import read_files
from bot.recipes.library import CompiledRecipe, load_library
from bot.rehearse.backtest import History, backtest, every_of, feeds_of
from bot.rehearse.curve import curve_of
from bot.rehearse.read_past import Asked, read_past, unread
from bot.rehearse.replay import Looks
from bot.rehearse.resample import false_actions
from bot.rehearse.strand import Strand
from bot.rehearse.track import micros_at, micros_of, moment_at
from bot.rules.catalog import Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

ROOT = Path(__file__).resolve().parents[2]
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
TEST = RollbackTest()


def history(days: int, *, high: Container[int] = (), errors: float = 0.02, seed: int = 1) -> History:
    """Return a wait each hour, of 30 days on the high days and of 10 on the others, and errors every ten minutes."""
    random = Random(seed)
    waits = [
        Sample(at=START + timedelta(hours=hour), value=30.0 if hour // 24 in high else 10.0)
        for hour in range(days * 24)
    ]
    counts = [
        Sample(at=START + step * 10 * MINUTE, value=float(max(0, round(random.gauss(50 * errors, 1)))), of=50.0)
        for step in range(days * 144)
    ]
    readings = {WAIT: series_of(WAIT, waits), ERRORS: series_of(ERRORS, counts)}
    return History(readings=readings, span=Window(start=START, end=START + days * DAY))


def recipe_of(
    *, bottleneck: str = "wait_time > 20_days", success: str = "wait_time < 7_days for 2_hours", **given: Any
):
    return any_recipe_of(bottleneck=bottleneck, success=success, **given)


def test_it_fires_from_the_first_look_that_holds_to_the_first_that_does_not():
    found = backtest(recipe_of(), history(20, high=range(3, 5)), TEST)
    assert found.every == timedelta(hours=1)
    (episode,) = found.episodes
    assert (episode.begin, episode.length, episode.is_open) == (START + 3 * DAY + HOUR, 2 * DAY, False)
    assert found.fired == 2 * DAY
    assert found.outcomes == {RuleOutcome.HOLDS: 48, RuleOutcome.DOES_NOT_HOLD: 20 * 24 - 48}
    assert found.looks == 20 * 24


def test_a_firing_at_the_last_look_is_still_open():
    (episode,) = backtest(recipe_of(), history(9, high=range(8, 9)), TEST).episodes
    assert episode.is_open
    assert episode.end == START + 9 * DAY


def test_it_proposes_once_and_again_only_after_watch_and_cool_down():
    recipe = recipe_of(deadline=3 * DAY, cooldown=2 * DAY)
    found = backtest(recipe, history(20, high=range(2, 20)), TEST)
    first = START + 2 * DAY + HOUR
    assert [watch.begin for watch in found.watches] == [first + each * 5 * DAY for each in range(4)]
    assert [watch.verdict for watch in found.watches] == [VerdictKind.ASK] * 3 + [VerdictKind.HOLD]
    assert found.per_month == pytest.approx(4 * 30 / 20)


def test_firings_within_a_watch_or_a_cool_down_are_no_proposals():
    recipe = recipe_of(success="wait_time < 60_days", cooldown=4 * DAY)
    found = backtest(recipe, replace(history(20, high=range(2, 20, 2))), TEST)
    assert len(found.episodes) == 9
    assert [(watch.begin - START) // DAY for watch in found.watches] == [2, 6, 10, 14, 18]
    assert {watch.verdict for watch in found.watches} == {VerdictKind.SUCCESS}


def test_a_healthy_history_draws_no_rollback_and_an_unhealthy_one_does():
    recipe = recipe_of()
    healthy, sick = history(10), history(10, errors=0.04)
    drawn = backtest(recipe, healthy, TEST).false_actions
    assert drawn is not None
    assert (drawn.watches, drawn.rolled_back, drawn.low, drawn.rate) == (200, 0, 0.0, 0.0)
    assert 0.01 < drawn.high < 0.03
    burst = [replace(s, value=25.0) if s.at.hour in {3, 4, 5} and s.at.day % 3 == 0 else s for s in _counts(sick)]
    worse = {**sick.readings, ERRORS: series_of(ERRORS, burst)}
    sparse = replace(TEST, breaches=4)  # a sample every ten minutes leaves every other window empty
    other = backtest(recipe, replace(sick, readings=worse), sparse).false_actions
    assert other is not None
    assert other.rolled_back > 20
    assert other.low < other.rate < other.high


def _counts(past: History) -> tuple[Sample, ...]:
    series = past.readings[ERRORS]
    assert isinstance(series, Series)
    return series.samples


def test_the_same_data_draws_the_same_watches():
    past = {feed: Strand(reading) for feed, reading in history(10, errors=0.05).readings.items()}
    span = Window(start=START, end=START + 10 * DAY)
    first, second = (
        false_actions(recipe_of(success="wait_time < 20_days"), past, TEST, span, draws=30) for _ in range(2)
    )
    assert first == second
    assert not isinstance(first, str)
    assert first.succeeded > 0
    assert first.success_rate == first.succeeded / 30


@pytest.mark.parametrize(
    ("days", "readings", "why"),
    [
        (5, {}, "the history is shorter than 7 days"),
        (20, {}, "metrics.passport.wait_time could not be read"),
        (20, {WAIT: failure_of(WAIT)}, "metrics.passport.wait_time could not be read"),
    ],
)
def test_what_cannot_be_drawn_says_why(days, readings, why):
    past = {feed: Strand(reading) for feed, reading in readings.items()}
    grouped = any_recipe_of(success="queue > 2_days by office")
    whole = Window(start=START, end=START + 20 * DAY)
    assert "asked of groups" in str(false_actions(grouped, {QUEUE: Strand(failure_of(QUEUE))}, TEST, whole))
    assert false_actions(recipe_of(), past, TEST, Window(start=START, end=START + days * DAY)) == why


@pytest.mark.parametrize("test", [RankChoice(), SurvivalChoice(), ControlChoice(control={"office": ("north",)})])
def test_no_watch_is_drawn_for_a_rule_that_is_compared(test):
    past = history(10)
    strands = {feed: Strand(reading) for feed, reading in past.readings.items()}
    plain = recipe_of()
    assert not isinstance(false_actions(plain, strands, TEST, past.span, draws=1), str)
    recipe = replace(plain.recipe, watch=replace(plain.recipe.watch, test=test))
    compared = CompiledRecipe(
        recipe=recipe, bottleneck=plain.bottleneck, success=plain.success, rollback=plain.rollback
    )
    assert "compared with a baseline" in str(false_actions(compared, strands, TEST, past.span, draws=1))


def test_no_watch_is_drawn_for_a_rule_on_cases_that_are_still_open():
    past = history(10)
    strands = {feed: Strand(reading) for feed, reading in past.readings.items()}
    plain = recipe_of()
    lasting = compile_rule(
        "median(wait_time) < 7_days", Scope(watched=(), metrics=(replace(METRICS[0], open_cases=True),))
    )
    assert isinstance(lasting, Rule)
    recipe = CompiledRecipe(
        recipe=plain.recipe, bottleneck=plain.bottleneck, success=lasting, rollback=plain.rollback
    )
    assert false_actions(recipe, strands, TEST, past.span, draws=1) == (
        "`median(wait_time) < 7_days` is asked of cases that last longer than the days that are drawn"
    )


def test_samples_that_are_no_counts_are_not_counted():
    past = history(10)
    odd = [replace(sample, value=-1.0) if sample.at.minute == 10 else sample for sample in _counts(past)]
    strands = {feed: Strand(reading) for feed, reading in past.readings.items()} | {
        ERRORS: Strand(series_of(ERRORS, odd))
    }
    drawn = false_actions(recipe_of(), strands, TEST, past.span, draws=3)
    assert not isinstance(drawn, str)


def test_unusable_samples_are_not_drawn():
    past = history(10)
    odd = [replace(sample, value=float("nan")) if sample.at.minute == 10 else sample for sample in _counts(past)]
    strands = {feed: Strand(reading) for feed, reading in past.readings.items()} | {
        ERRORS: Strand(series_of(ERRORS, odd))
    }
    drawn = false_actions(recipe_of(), strands, TEST, past.span, draws=5)
    assert not isinstance(drawn, str)
    assert drawn.rolled_back == 0


def test_a_feed_that_failed_is_told_and_nothing_fires():
    past = history(10)
    readings = {**past.readings, WAIT: failure_of(WAIT)}
    found = backtest(recipe_of(), replace(past, readings=readings), TEST)
    assert found.outcomes == {RuleOutcome.ERROR: 240}
    assert (found.failures, found.watches, found.false_actions) == ((failure_of(WAIT),), (), None)
    assert found.undrawn == "metrics.passport.wait_time could not be read"
    assert {bucket.high for bucket in found.curve.buckets} == {None}


@pytest.mark.parametrize("rule", ["success", "bottleneck", "rollback"])
@pytest.mark.parametrize("sustain", ["for 5_seconds", "in 5_000 of 10_000 windows"])
def test_windows_that_would_take_for_ever_are_refused(rule, sustain):
    uneven = recipe_of(**{rule: f"age over 0.7_milliseconds > 9_days {sustain}"})
    with pytest.raises(BotError, match="cannot be replayed"):
        backtest(uneven, history(40), TEST)


def test_progress_is_told():
    told: list[str] = []
    backtest(recipe_of(), history(2), TEST, progress=told.append)
    assert told[0] == "replaying 48 looks"
    assert len(told) == 3


@pytest.mark.parametrize(
    ("rule", "days", "minutes"),
    [("error_rate > 5%", 365, 5), ("wait_time > 5_days", 365, 60), ("error_rate > 5%", 3650, 30)],
)
def test_a_rule_is_looked_at_once_in_its_narrowest_window_as_far_as_that_is_feasible(rule, days, minutes):
    assert every_of(rule_of(rule), Window(start=START, end=START + days * DAY)) == minutes * MINUTE


# The curve


def curve(rule: str, readings: dict[str, Series | FeedFailure], looks: int = 10):
    every = Looks(start=micros_at(START) + micros_of(10 * MINUTE), step=micros_of(10 * MINUTE), count=looks)
    past = {feed: Strand(reading) for feed, reading in readings.items()}
    return curve_of(rule_of(rule), past, every, Needs(), [RuleOutcome.DOES_NOT_HOLD] * looks)


AGES = {AGE: series_of(AGE, [Sample(at=START + 10 * step * MINUTE, value=float(step)) for step in range(10)])}


def test_the_curve_follows_the_first_comparison_in_the_unit_of_its_limit():
    found = curve("not (age > 240_hours) and error_rate > 5%", AGES)
    assert (found.metric, found.unit.name, found.limit) == ("mean(age)", "hours", 240.0)
    assert [bucket.high for bucket in found.buckets] == [24.0 * step for step in range(10)]


def test_the_limit_may_come_first_or_be_no_number():
    assert curve("5_days < age", AGES).limit == 5.0
    assert curve("age > wait_time", AGES).limit is None


def test_a_feed_that_was_not_read_leaves_the_curve_empty():
    assert {bucket.high for bucket in curve("age > 5_days", {}).buckets} == {None}
    assert curve("age > 5_days", AGES, looks=0).buckets == ()


# What is read


@pytest.fixture(scope="module")
def library():
    return load_library(read_files(ROOT), endpoints={})


def write(folder: Path, name: str, columns: str, rows: list[str]) -> None:
    (folder / f"{name}.csv").write_text("\n".join([columns, *rows]) + "\n")


@pytest.fixture
def folder(tmp_path) -> Path:
    times = [(START + hour * timedelta(hours=1)).isoformat() for hour in range(24 * 12)]
    write(tmp_path, WAIT, "at,value", [f"{at},{25 if hour > 200 else 9}" for hour, at in enumerate(times)])
    (tmp_path / f"{ERRORS}.json").write_text(
        "[" + ",".join(f'{{"at": "{at}", "value": 1, "of": 100}}' for at in times) + "]"
    )
    return tmp_path


def read(library, folder: Path, since=None, until=None, files=None):
    recipe = library.find("PASSPORT_BACKLOG")
    given = Asked(since=since, until=until, now=START, files=files)
    with feed_client() as client:
        collector = Collector(endpoints=library.settings.targets.endpoints, root=folder, client=client)
        return recipe, read_past([recipe], library.settings, collector, given)


def test_files_stand_in_for_the_sources_and_say_the_span_by_themselves(library, folder):
    recipe, found = read(library, folder, files={path.name for path in folder.iterdir()})
    assert unread(found) == ()
    assert found.span.start == START
    assert timedelta(hours=24 * 12 - 1) < found.span.length < timedelta(hours=24 * 12)
    replayed = backtest(recipe, found, library.settings.policy.rollback)
    assert len(replayed.episodes) == 1
    assert [use.samples for use in replayed.sources] == [288, 288]


def test_a_file_that_is_missing_is_a_failure_with_its_name(library, folder):
    (folder / f"{WAIT}.csv").unlink()
    _, found = read(library, folder, files=set(), until=START)
    assert set(unread(found)) == {WAIT, ERRORS}
    failure = found.readings[WAIT]
    assert isinstance(failure, FeedFailure)
    assert f"{WAIT}.csv" in failure.message


def test_a_file_without_the_columns_is_told_of_the_file_and_not_of_the_settings(library, folder):
    write(folder, WAIT, "when,days", [f"{START.isoformat()},9"])
    _, found = read(library, folder, files={path.name for path in folder.iterdir()})
    assert unread(found) == (WAIT,)
    failure = found.readings[WAIT]
    assert isinstance(failure, FeedFailure)
    assert failure.hint == f"{WAIT}.csv needs the columns at, value"


def test_a_span_without_time_is_refused(library, folder):
    with pytest.raises(BotError, match="no time between"):
        read(library, folder, since=START, until=START)


def test_sources_are_read_over_a_year_or_as_long_as_they_keep(library, folder):
    _, whole = read(library, folder)
    assert whole.span == Window(start=START - 365 * DAY, end=START)
    assert len(unread(whole)) == 2
    recipe = library.find("PASSPORT_BACKLOG")
    feeds = tuple(replace(spec, keeps=30 * DAY) for spec in library.settings.feeds)
    settings = replace(library.settings, feeds=feeds)
    with feed_client() as client:
        collector = Collector(endpoints={}, root=folder, client=client)
        kept = read_past([recipe], settings, collector, Asked(since=None, until=None, now=START))
    assert kept.span == Window(start=START - 30 * DAY, end=START)
    assert feeds_of(recipe) == (WAIT, ERRORS)


def test_long_waits_at_real_offices_fire_in_the_spring_of_2025():
    """California's field offices: the mean wait rose from 25 to 61 minutes by April 2025 (public data, CC0)."""
    source = realdata.path("ca_dmv/ca_dmv_waits.parquet")
    with duckdb.connect() as connection:
        statement = (
            "SELECT epoch_us(captured_pacific), avg(no_appt_wait_min) FROM read_parquet(?) "
            "WHERE no_appt_wait_min IS NOT NULL GROUP BY 1 ORDER BY 1"
        )
        rows = connection.execute(statement, [str(source)]).fetchall()
    minutes = [Sample(at=moment_at(at), value=wait / 1440) for at, wait in rows]
    span = Window(start=moment_at(rows[0][0]) + 8 * DAY, end=moment_at(rows[-1][0]))
    recipe = recipe_of(bottleneck="p90(wait_time over 7_days) > 80_minutes", success="wait_time < 1_days")
    readings = {WAIT: series_of(WAIT, minutes), ERRORS: series_of(ERRORS, [])}
    found = backtest(recipe, History(readings=readings, span=span), TEST)
    firing = {
        f"{episode.begin + day * DAY:%Y-%m}" for episode in found.episodes for day in range(episode.length.days)
    }
    assert "2025-04" in firing
    assert not {"2024-10", "2024-11", "2025-10"} & firing
