"""The replay in a proposal's text: on what was read, within bounds, and with the reason where there is none."""

from dataclasses import replace
from typing import Any

import pytest
from rehearse.pasts import AGE, ERRORS, WAIT, failure_of, series_of
from rehearse.pasts import recipe_of as any_recipe_of
from rehearse.test_backtest import history

from bot.model.names import FeedName
from bot.model.series import Reading, Series
from bot.model.settings import RollbackTest
from bot.rehearse import preview as previewing
from bot.rehearse.preview import preview, preview_by

TEST = RollbackTest()
RECIPE = any_recipe_of(bottleneck="wait_time > 20_days", success="wait_time < 7_days for 2_hours")


def data(days: int, **high: Any) -> dict[FeedName, Reading]:
    return dict(history(days, **high).readings)


def test_it_says_how_often_it_would_have_fired_and_what_would_have_come_of_it():
    rows = dict(preview_by(TEST)(RECIPE, data(20, high=range(12, 14))).rows)
    assert list(rows) == ["History", "Fired", "Proposals", "What the monitor says"]
    assert rows["Fired"].startswith("once, 2 days in all")
    assert rows["Proposals"].startswith("1, ")


def without(feed: FeedName) -> dict[FeedName, Reading]:
    return {name: reading for name, reading in data(20).items() if name != feed}


REFUSED: dict[str, tuple[dict[FeedName, Reading], str]] = {
    "a feed was not read": (without(ERRORS), "metrics.passport.error_rate could not be read"),
    "a feed failed": ({**data(20), WAIT: failure_of(WAIT)}, f"{WAIT} could not be read"),
    "too little was read": (data(3), "what was read is too short to look back"),
}


@pytest.mark.parametrize(("readings", "why"), REFUSED.values(), ids=REFUSED)
def test_where_there_is_no_replay_it_says_why(readings: dict[FeedName, Reading], why: str):
    found = preview(RECIPE, readings, TEST)
    assert found.rows == ()
    assert found.why_not.startswith(why)


def test_more_than_a_run_can_replay_is_left_to_the_command():
    waits = data(20)[WAIT]
    assert isinstance(waits, Series)
    times = previewing.MOST_SAMPLES // len(waits.samples) + 1
    found = preview(RECIPE, {**data(20), WAIT: replace(waits, samples=waits.samples * times)}, TEST)
    assert "samples are more than a run replays" in found.why_not


def test_rules_that_cannot_be_replayed_are_said_to_be_so():
    uneven = any_recipe_of(
        bottleneck="age over 0.7_milliseconds > 9_days for 5_seconds", success="wait_time < 7_days for 2_hours"
    )
    waits = data(20)[WAIT]
    assert isinstance(waits, Series)
    found = preview(uneven, {**data(20), AGE: series_of(AGE, waits.samples)}, TEST)
    assert "cannot be replayed" in found.why_not
