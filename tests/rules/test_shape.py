"""Which rules are one metric beyond something without it: those that a test on ranks or of open cases fits."""

from datetime import timedelta

import pytest

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.unit import DAY
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.shape import Level, level_of

WAIT = Metric(name=FeedName("waits"), unit=DAY, kind=SeriesKind.READINGS, window=timedelta(hours=1))
SCOPE = Scope(watched=(), metrics=(WAIT,), has_change=True)

LEVELS = {
    "waits > 5_days": Level(feed=WAIT.name, is_upper=True, percent=50),
    "5_days < p90(waits)": Level(feed=WAIT.name, is_upper=True, percent=90),
    "waits < 0.5 * before(waits)": Level(feed=WAIT.name, is_upper=False, percent=50),
    "2 * waits > 5_days": None,
    "waits == 5_days": None,
    "waits > 5_days for 3_days": None,
    "waits > 5_days and waits < 9_days": None,
}


@pytest.mark.parametrize(("text", "level"), LEVELS.items(), ids=LEVELS)
def test_a_level_is_one_metric_on_one_side(text: str, level: Level | None):
    rule = compile_rule(text, SCOPE)
    assert isinstance(rule, Rule), rule
    assert level_of(rule) == level
