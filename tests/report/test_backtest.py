"""How a backtest reads: rows, Markdown, a chart of characters, an SVG. Nothing from outside acts in any of them."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.model.rehearsal import Backtest, Bucket, Curve, Episode, FalseActions, FeedUse, RehearsedWatch
from bot.model.series import FailureKind, FeedFailure, Window
from bot.model.unit import DAY, PLAIN_RATIO, Dimension, Unit
from bot.model.verdict import RuleOutcome, VerdictKind
from bot.report.backtest import (
    MARKER,
    Compared,
    backtest_json,
    comment_of,
    comparison_of,
    episode_rows,
    markdown_of,
    span_text,
    summary_rows,
    watch_rows,
)
from bot.report.backtest_chart import HEIGHT, chart_lines
from bot.report.backtest_svg import svg_of
from bot.report.pull_request import MAX_BODY

START = datetime(2026, 1, 5, tzinfo=UTC)
LENGTH = timedelta(days=30)
HOSTILE = "@maria <script>alert(1)</script> ``` | [x](http://evil) \x1b[31m"


def bucket(day: int, low: float | None, high: float | None, *, firing: float = 0.0) -> Bucket:
    return Bucket(start=START + timedelta(days=day), low=low, high=high, firing=firing)


CURVE = Curve(
    metric="max(wait_time)",
    unit=DAY,
    limit=20.0,
    buckets=tuple(bucket(day, day / 2, float(day), firing=float(day > 20)) for day in range(30)),
)
FOUND = Backtest(
    recipe="BACKLOG@v1",
    rule="max(wait_time) > 20_days",
    span=Window(start=START, end=START + LENGTH),
    every=timedelta(hours=1),
    outcomes={RuleOutcome.HOLDS: 216, RuleOutcome.DOES_NOT_HOLD: 500, RuleOutcome.STALE: 4},
    episodes=(
        Episode(begin=START + timedelta(days=3), end=START + timedelta(days=4)),
        Episode(begin=START + timedelta(days=21), end=START + timedelta(days=29), is_open=True),
    ),
    watches=(
        RehearsedWatch(begin=START, end=START + timedelta(days=3), verdict=VerdictKind.SUCCESS, sentence="it fell"),
        RehearsedWatch(
            begin=START,
            end=START + timedelta(days=9),
            verdict=VerdictKind.ROLLBACK,
            sentence="it rose",
            asked_at=START + timedelta(days=2),
        ),
    ),
    curve=CURVE,
    sources=(FeedUse(feed=FeedName("metrics.a.b"), samples=3, window=Window(start=START, end=START)),),
    false_actions=FalseActions(
        watches=200, length=timedelta(days=3), rolled_back=3, succeeded=20, low=0.005, high=0.043
    ),
)
FAILED = FeedFailure(feed=FeedName("metrics.a.b"), kind=FailureKind.TIMEOUT, message=HOSTILE)
BROKEN = (Diagnostic(path="pow/a.yml", line=3, column=7, id="unit", message="days are no share", source=HOSTILE),)


def test_the_summary_says_what_a_maintainer_asks():
    assert dict(summary_rows(FOUND)) == {
        "Rule": "max(wait_time) > 20_days",
        "History": "2026-01-05 to 2026-02-04, 30 days",
        "Looked": "720 times, every 1 hour",
        "Fired": "2 times, 9 days in all (30.0% of the looks), at most 8 days at once",
        "Not decided": "at 4 STALE of 720 looks",
        "Proposals": "2, 2 a month",
        "What the monitor says": "1 rolled back, 1 success",
        "False rollbacks": (
            "3 of 200 watches of 3 days without any change: 1.5%, between 0.5% and 4.3% with 95% confidence"
        ),
        "False successes": "20 of the same 200 watches would be called a success: 10.0%",
    }


def test_what_never_fired_and_could_not_be_drawn_is_said_so():
    quiet = replace(
        FOUND, episodes=(), watches=(), outcomes={RuleOutcome.NO_DATA: 5}, false_actions=None, undrawn="no"
    )
    rows = dict(summary_rows(quiet))
    assert rows["Fired"] == "never"
    assert rows["False rollbacks"] == "not known: no"
    assert "What the monitor says" not in rows
    once = replace(FOUND, episodes=FOUND.episodes[:1])
    assert dict(summary_rows(once))["Fired"].startswith("once, 1 day in all")


def test_rows_of_firings_and_proposals():
    assert episode_rows(FOUND.episodes)[1] == ("2026-01-26 00:00Z", "8 days, until the end")
    assert watch_rows(FOUND.watches) == (
        ("2026-01-05 00:00Z", "success after 3 days", "it fell"),
        ("2026-01-05 00:00Z", "rolled back after 9 days, a person asked 2026-01-07 00:00Z", "it rose"),
    )


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(days=1), "1 day"),
        (timedelta(hours=36), "1.5 days"),
        (timedelta(minutes=5), "5 minutes"),
        (timedelta(seconds=4), "4 seconds"),
    ],
)
def test_lengths_are_written_in_their_largest_unit(length, text):
    assert span_text(length) == text


# Markdown


def is_harmless(text: str) -> bool:
    """Tell whether nothing of HOSTILE is left that GitHub would act on."""
    outside = re.sub(r"(`{3,})[^\n]*\n.*?\n\1", "", text, flags=re.DOTALL)
    outside = re.sub(r"`[^`\n]*`", "", outside)
    return "@maria" not in outside and "<script" not in outside and "\x1b" not in text and "](http" not in outside


def test_one_backtest_as_markdown():
    text = markdown_of(replace(FOUND, rule=HOSTILE, failures=(FAILED,), recipe=HOSTILE))
    assert text.count("```mermaid") == 1
    assert "could not be read" in text
    assert "What it would propose" in text
    assert is_harmless(text)


def test_old_against_new_stand_side_by_side():
    old = replace(FOUND, recipe="BACKLOG@v0", rule="max(wait_time) > 25_days", outcomes={RuleOutcome.HOLDS: 1})
    text = comparison_of(Compared(path="pow/a.yml", old=old, new=FOUND))
    assert "|  | before: `BACKLOG@v0` | after: `BACKLOG@v1` |" in text
    assert "| Rule | `max(wait_time) > 25_days` | `max(wait_time) > 20_days` |" in text
    assert "| Not decided | - | at 4 STALE of 720 looks |" in text


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (None, FOUND, "new: `BACKLOG@v1`"),
        (FOUND, BROKEN, "This version does not load"),
        (FOUND, None, "The recipe is removed"),
        (BROKEN, FOUND, "The version on the base branch does not load"),
    ],
)
def test_a_version_that_is_missing_or_broken_is_said(old, new, said):
    text = comment_of([Compared(path=f"pow/{HOSTILE}.yml", old=old, new=new)], head="0" * 40)
    assert text.startswith(MARKER)
    assert said in text
    assert is_harmless(text)


def test_a_comment_without_a_recipe_and_one_with_too_many():
    assert "No recipe differs" in comment_of([], head="0" * 40)
    assert "Not replayed, for there are too many: `pow/b.yml`" in comment_of(
        [], head="0" * 40, left_out=["pow/b.yml"]
    )


def test_a_comment_is_never_longer_than_the_forge_takes():
    long = replace(BROKEN[0], source="x" * 700)
    many = [Compared(path=f"pow/{n}.yml", old=FOUND, new=(long,) * 20) for n in range(200)]
    text = comment_of(many, head="0" * 40)
    assert MAX_BODY - 3_000 < len(text) <= MAX_BODY
    assert text.count("```") % 2 == 0
    assert "left out here for length" in text
    charts = [Compared(path=f"pow/{n}.yml", old=FOUND, new=FOUND) for n in range(200)]
    assert len(comment_of(charts, head="0" * 40)) <= MAX_BODY


def test_more_than_ten_firings_and_proposals_are_counted():
    text = markdown_of(replace(FOUND, episodes=FOUND.episodes * 10, watches=FOUND.watches * 7))
    assert "10 more are not shown" in text
    assert "4 more are not shown" in text


def test_shares_are_drawn_in_percent_and_strange_units_by_no_name():
    share = replace(CURVE, unit=PLAIN_RATIO, limit=0.05, buckets=(bucket(0, 0.01, 0.02), bucket(1, 0.0, 0.2)))
    assert '    y-axis "%" 0 --> 22' in markdown_of(replace(FOUND, curve=share))
    strange = replace(CURVE, unit=Unit(name='"] x', dimension=Dimension("x")), limit=None)
    text = markdown_of(replace(FOUND, curve=strange))
    assert '    y-axis "value" 0 --> 31.9' in text
    flat = replace(CURVE, buckets=tuple(bucket(day, 0.0, 0.0) for day in range(3)), limit=0.0)
    assert '    y-axis "days" 0 --> 1' in markdown_of(replace(FOUND, curve=flat))
    assert "mermaid" not in markdown_of(replace(FOUND, curve=replace(CURVE, buckets=())))


def test_json_holds_everything():
    value = backtest_json(replace(FOUND, failures=(FAILED,)))
    assert value["looks"] == {"DOES_NOT_HOLD": 500, "HOLDS": 216, "STALE": 4}
    assert value["proposals"][1]["asked_at"] == "2026-01-07T00:00:00Z"
    assert value["false_actions"]["rate"] == 0.015
    assert value["failures"][0]["kind"] == "timeout"
    assert len(value["curve"]["buckets"]) == 30
    assert backtest_json(replace(FOUND, false_actions=None))["false_actions"] is None


# The chart


def test_the_chart_shows_range_limit_and_firing():
    lines = chart_lines(CURVE, width=42)
    assert len(lines) == HEIGHT + 2
    assert lines[0].text.startswith("        29 │")
    assert [line.text[:12] for line in lines if line.kind == "limit"] == ["        20 │"]
    firing = next(line.text for line in lines if line.kind == "firing")
    assert firing.startswith("     fires │·····")
    assert firing.endswith("█████████")
    assert "2026-01-05" in lines[-1].text
    assert "2026-02-03" in lines[-1].text
    assert max(len(line.text) for line in lines) <= 42


def test_more_stretches_than_columns_are_joined_and_long_numbers_shortened():
    many = tuple(
        bucket(day, *((1e-9, 2e-9) if day % 3 else (None, None)), firing=float(day == 7)) for day in range(300)
    )
    lines = chart_lines(replace(CURVE, limit=1e-9, buckets=many), width=60)
    assert max(len(line.text) for line in lines) <= 60
    assert lines[0].text.startswith("     2e-09 │")
    assert "█" in next(line.text for line in lines if line.kind == "firing")


def test_a_quiet_recipe_has_no_tables_of_firings():
    text = markdown_of(
        replace(FOUND, episodes=(), watches=(), curve=replace(CURVE, buckets=(*CURVE.buckets[:3],) * 9))
    )
    assert "When it fires" not in text
    assert "What it would propose" not in text
    gaps = replace(CURVE, buckets=(bucket(0, None, None), bucket(1, 1.0, 2.0), bucket(2, 1.0, 2.0)))
    assert "2026-01-05" not in markdown_of(replace(FOUND, episodes=(), watches=(), curve=gaps)).split("mermaid")[1]


def test_a_chart_without_values_is_none_and_one_with_a_single_value_is_flat():
    assert chart_lines(replace(CURVE, buckets=(bucket(0, None, None),)), width=80) == ()
    flat = chart_lines(replace(CURVE, limit=None, buckets=(bucket(0, 0.0, 0.0), bucket(1, None, None))), width=80)
    assert [line.kind for line in flat].count("limit") == 0


values = st.none() | st.floats(-1e9, 1e9)


@given(
    pairs=st.lists(st.tuples(values, values, st.floats(0, 1)), min_size=1, max_size=300),
    limit=st.none() | st.floats(-1e9, 1e9),
    width=st.integers(1, 300),
)
def test_any_curve_fits_its_width_and_is_valid_xml(pairs, limit, width):
    buckets = tuple(
        bucket(day, *((None, None) if None in {a, b} else (min(a, b), max(a, b))), firing=firing)
        for day, (a, b, firing) in enumerate(pairs)
    )
    curve = replace(CURVE, buckets=buckets, limit=limit)
    for line in chart_lines(curve, width=width):
        assert len(line.text) <= max(width, 32)
    ET.fromstring(svg_of(replace(FOUND, curve=curve)))  # noqa: S314 -- our own text


def test_the_svg_is_one_file_that_explains_itself_and_runs_nothing():
    text = svg_of(replace(FOUND, rule=HOSTILE, curve=replace(CURVE, metric=HOSTILE)))
    root = ET.fromstring(text)  # noqa: S314 -- our own text
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "desc", "style", "rect", "text", "line"}
    assert "False rollbacks" in "".join(root.itertext())
    assert "prefers-color-scheme:dark" in text
    assert "\x1b" not in text
    assert "no look at all" in svg_of(replace(FOUND, curve=replace(CURVE, buckets=())))
    ET.fromstring(svg_of(replace(FOUND, curve=replace(CURVE, buckets=(bucket(0, None, None),)))))  # noqa: S314 - our own
