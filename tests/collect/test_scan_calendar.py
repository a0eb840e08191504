"""One scan and the evaluator agree where the calendar is uneven: leap days, and days of 23 and of 25 hours."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from collect.scanned import Row, collected, feed, question, screened, write
from hypothesis import given, settings
from hypothesis import strategies as st
from tries import tries

from bot.model.series import Series
from bot.model.verdict import RuleOutcome
from bot.rules.evaluate import Needs, evaluate

TURNS = {
    "leap day": (datetime(2024, 2, 29, tzinfo=UTC), "UTC"),
    "leap day elsewhere": (datetime(2024, 2, 29, 12, tzinfo=UTC), "Pacific/Auckland"),
    "no leap day": (datetime(2100, 3, 1, tzinfo=UTC), "UTC"),
    "a day of 23 hours": (datetime(2025, 3, 30, 1, tzinfo=UTC), "Europe/Amsterdam"),
    "a day of 25 hours": (datetime(2025, 10, 26, 1, tzinfo=UTC), "Europe/Amsterdam"),
    "half an hour": (datetime(2025, 4, 5, 15, tzinfo=UTC), "Australia/Lord_Howe"),
    "the turn of a year": (datetime(2024, 12, 31, 23, 59, 59, tzinfo=UTC), "America/St_Johns"),
}
RULES = [
    "{f}(wait{over}) {op} {limit}_days",
    "wait {op} {limit}_days for 3_days",
    "wait over 6h {op} {limit}_days for 36h",
    "wait {op} {limit}_days in 2 of 4 windows",
]
FUNCTIONS, WIDTHS = ["mean", "max", "min", "median", "sum"], ["", " over 1_day", " over 25h", " over 7_days"]


@st.composite
def asked(draw: st.DrawFn) -> list[str]:
    """Rules, each with a limit that its data may be on."""
    return [
        draw(st.sampled_from(RULES)).format(
            f=draw(st.sampled_from(FUNCTIONS)),
            over=draw(st.sampled_from(WIDTHS)),
            op=draw(st.sampled_from(["<", "<=", ">", ">="])),
            limit=draw(st.sampled_from([0, 3, 5, 7.5])),
        )
        for _ in range(12)
    ]


RARE = {"leap day elsewhere", "no leap day", "half an hour", "the turn of a year"}
EVERY = [pytest.param(turn, marks=[pytest.mark.slow] if turn in RARE else []) for turn in TURNS]


@pytest.mark.parametrize("turn", EVERY)
@given(
    minutes=st.lists(st.integers(-5 * 24 * 60, 3 * 24 * 60), max_size=60),
    texts=asked(),
    late=st.integers(0, 3 * 24),
    step=st.sampled_from([1, 30, 60]),
)
@settings(max_examples=tries(4))
def test_an_uneven_calendar_is_read_alike(tmp_path_factory, turn, minutes, texts, late, step):
    root: Path = tmp_path_factory.mktemp("calendar")
    moment, zone = TURNS[turn]
    now = moment + timedelta(hours=late)
    rows = [moment + timedelta(minutes=minute * step % (4 * 24 * 60)) for minute in minutes]
    local = [str(at.replace(tzinfo=None)) for at in rows]
    write(root, [Row(name="wait", at=at, value=str(place % 9)) for place, at in enumerate(local)])
    spec = feed("wait", time_zone=zone)
    known = collected(root, [spec], now=now)
    assert isinstance(known[spec.name], Series)
    questions = [question(text, [spec], min_samples=1) for text in texts]
    for each, found in zip(questions, screened(root, questions, [spec], now=now), strict=True):
        expected = evaluate(each.rule, known, now=now, needs=Needs(min_samples=1)).outcome
        assert found.outcome in {None, expected}, each.rule.text


@pytest.mark.parametrize("turn", EVERY)
def test_a_scan_decides_across_an_uneven_day(tmp_path: Path, turn):
    """Every hour for five days: what has held for three days holds, whichever lengths these had."""
    moment, zone = TURNS[turn]
    now = moment + timedelta(days=1)
    hours = [now - timedelta(hours=hour, minutes=1) for hour in range(5 * 24)]
    write(tmp_path, [Row(name="wait", at=str(at.replace(tzinfo=None)), value="6") for at in hours])
    spec = feed("wait", time_zone=zone)
    asked = [question(text, [spec]) for text in ("wait > 5_days for 3_days", "max(wait) > 6_days for 3_days")]
    found = screened(tmp_path, asked, [spec], now=now)
    assert [each.outcome for each in found] == [RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD]
