"""What must not matter to a breach does not: when it was, what the feed is called, in what order equal times came."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.names import FeedName
from bot.model.series import Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import RuleOutcome
from bot.monitor.breach import breach_of
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
STEP = timedelta(minutes=5)
COUNTS = st.lists(st.tuples(st.integers(0, 30), st.integers(30, 60)), min_size=1, max_size=40)


def outcome(samples: list[Sample], *, now: datetime = NOW, name: str = "metrics.passport.error_rate") -> RuleOutcome:
    feed = FeedName(name)
    metric = Metric(name=feed, unit=PERCENT, kind=SeriesKind.RATIO, window=STEP)
    rule = compile_rule(f"{name} > 20%", Scope(watched=(), metrics=(metric,)))
    assert isinstance(rule, Rule), rule
    series = Series(
        feed=feed,
        unit=PERCENT,
        kind=SeriesKind.RATIO,
        window=STEP,
        span=Window(start=now - timedelta(days=1), end=now),
        samples=tuple(samples),
    )
    since = now - timedelta(hours=3)
    return breach_of(rule, {feed: series}, RollbackTest(), now=now, needs=Needs(fresh_after=since)).outcome


def laid(counts: list[tuple[int, int]]) -> list[Sample]:
    return [
        Sample(at=NOW - STEP * (n // 2 + 1), value=float(hits), of=float(of)) for n, (hits, of) in enumerate(counts)
    ]


@settings(max_examples=40)
@given(counts=COUNTS, shift=st.timedeltas(timedelta(days=-900), timedelta(days=900)), seed=st.integers(0, 9))
def test_time_names_and_order_change_nothing(counts: list[tuple[int, int]], shift: timedelta, seed: int):
    samples = laid(counts)
    found = outcome(samples)
    assert outcome([replace(each, at=each.at + shift) for each in samples], now=NOW + shift) is found
    assert outcome(samples, name="metrics.visa.zulu") is found
    Random(seed).shuffle(samples)
    assert outcome(samples) is found


@settings(max_examples=40)
@given(counts=COUNTS, empty=st.lists(st.integers(1, 30), max_size=20))
def test_rows_without_a_number_neither_prove_harm_nor_its_absence(counts: list[tuple[int, int]], empty: list[int]):
    samples = laid(counts)
    nothing = [Sample(at=NOW - STEP * place, value=value, of=0.0) for place in empty for value in (0.0, float("nan"))]
    before, after = outcome(samples), outcome([*samples, *nothing])
    assert after is before
