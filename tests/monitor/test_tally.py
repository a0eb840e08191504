"""Counts that are made ready once say what going through all samples says."""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.series import Sample
from bot.monitor.groups import is_countable
from bot.monitor.tally import Tally

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WIDTH, COUNT = 10 * MINUTE, 6

AGES = st.integers(-5 * 60, 90 * 60).map(lambda seconds: timedelta(seconds=seconds))
VALUES = st.integers(0, 50).map(float) | st.floats(0, 50, width=16) | st.sampled_from([math.nan, math.inf, -1.0])
SAMPLES = st.lists(
    st.builds(lambda age, value, of: Sample(at=NOW - age, value=value, of=of), AGES, VALUES, VALUES), max_size=40
)
SINCE = st.none() | AGES.map(lambda age: NOW - age)


def plainly(samples, width, count, since):
    """Put each sample into its window, one by one."""
    found = [(0.0, 0.0)] * count
    for back in range(count):
        inside = [
            sample
            for sample in samples
            if NOW - width * (back + 1) <= sample.at < NOW - width * back
            and (since is None or sample.at >= since)
            and is_countable(sample)
        ]
        found[back] = (math.fsum(each.value for each in inside), math.fsum(each.of for each in inside))
    return found


@settings(max_examples=150, deadline=None)
@given(SAMPLES, SINCE, st.sampled_from([MINUTE, WIDTH, 7 * WIDTH]))
def test_windows_hold_what_lies_in_them(samples, since, width):
    windows = Tally(samples).windows(width, COUNT, NOW, since=since)
    expected = plainly(samples, width, COUNT, since)
    assert windows == expected[: len(windows)]
    assert set(expected[len(windows) :]) <= {(0.0, 0.0)}, "what is left out has no counts"


@settings(max_examples=100, deadline=None)
@given(SAMPLES, AGES, st.randoms(use_true_random=False))
def test_the_order_of_samples_makes_no_difference(samples, age, chance):
    mixed = list(samples)
    chance.shuffle(mixed)
    one, other = Tally(samples), Tally(mixed)
    assert one.of(NOW - age, NOW) == other.of(NOW - age, NOW)
    assert one.newest_before(NOW) == other.newest_before(NOW)


@pytest.mark.parametrize(
    ("samples", "newest"),
    [
        ((), None),
        ((Sample(at=NOW, value=1.0, of=2.0),), None),
        ((Sample(at=NOW - MINUTE, value=1.0, of=2.0), Sample(at=NOW, value=1.0, of=2.0)), NOW - MINUTE),
        ((Sample(at=NOW - MINUTE, value=math.nan, of=2.0),), NOW - MINUTE),
    ],
)
def test_what_is_no_count_tells_how_far_the_feed_goes(samples, newest):
    assert Tally(samples).newest_before(NOW) == newest
