"""A watch as a chart, a table and the time that is left."""

from datetime import timedelta

import pytest
from fakes.builders import START

from bot.model.unit import DAY, Quantity
from bot.report.course import Course, Milestone, comparison_lines, course_lines, left, milestone_lines

BEFORE = (("2026-02-28", 28.0), ("2026-03-01", 30.0))
AFTER = (("2026-03-02", 12.5), ("2026-03-03", 4.0))
COURSE = Course(before=BEFORE, after=AFTER, unit="days", limit=Quantity(value=7, unit=DAY))


def test_days_before_and_since_are_one_chart_and_one_table():
    text = "\n".join(course_lines(COURSE))
    assert 'x-axis ["02-28", "03-01", "03-02", "03-03"]' in text
    assert "line [28, 30, 12.5, 4]" in text
    assert "line [7, 7, 7, 7]" in text
    assert "| 2026-03-01 | 30 | before the change |" in text
    assert "| 2026-03-03 | 4 | since |" in text


def test_a_first_day_is_a_table_without_a_chart():
    text = "\n".join(course_lines(Course(after=AFTER[:1])))
    assert "mermaid" not in text
    assert "| day | value | |" in text
    assert "| 2026-03-02 | 12.5 | since |" in text


@pytest.mark.parametrize("course", [Course(), Course(before=BEFORE), Course(after=(("yesterday", 1.0),))])
def test_nothing_is_shown_while_there_is_nothing_to_compare(course: Course):
    assert course_lines(course) == []
    assert comparison_lines(course) == []


def test_a_long_watch_shows_its_last_days_each_on_the_right_side():
    after = tuple((f"2026-01-{day:02}", float(day)) for day in range(1, 32))
    text = "\n".join(course_lines(Course(before=BEFORE, after=after, unit="days")))
    assert "before the change |" not in text
    assert text.count("| since |") == 31


def test_before_and_now_are_compared():
    lines = comparison_lines(COURSE)
    assert lines[3:] == [
        "| before the change | 29 | mean of 2 days, 2026-02-28 to 2026-03-01 |",
        "| now | 4 | 2026-03-03 |",
        "| difference | -25 | -86% |",
    ]


def test_more_is_written_with_its_sign_and_nothing_is_no_base_for_a_share():
    lines = comparison_lines(Course(before=(("2026-03-01", 0.0),), after=AFTER))
    assert lines[-1] == "| difference | +4 |  |"
    assert comparison_lines(Course(before=BEFORE, after=AFTER))[1] == "| | value | |"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(seconds=1), "1 minutes"),
        (timedelta(minutes=90), "90 minutes"),
        (timedelta(minutes=119, seconds=30), "120 minutes"),
        (timedelta(hours=2), "2 hours"),
        (timedelta(hours=25, minutes=1), "26 hours"),
        (timedelta(days=2), "2 days"),
        (timedelta(days=2, seconds=1), "3 days"),
    ],
)
def test_what_is_left_never_looks_over_before_it_is(span: timedelta, words: str):
    assert left(span) == words


def test_what_is_to_come_is_listed_from_the_nearest_on_and_what_is_past_is_not():
    stones = [
        Milestone(what="far", at=START + timedelta(days=3)),
        Milestone(what="past", at=START),
        Milestone(what="near", at=START + timedelta(hours=1)),
    ]
    lines = milestone_lines(stones, at=START)
    assert [line.split(" | ")[0] for line in lines[3:]] == ["| near", "| far"]
    assert milestone_lines(stones, at=START + timedelta(days=9)) == []
