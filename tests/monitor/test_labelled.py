"""The rule for readings on real telemetry with labelled incidents, and the arithmetic of precision and recall."""

from datetime import UTC, datetime, timedelta

import pytest
import realdata
from monitor.benchmark import block, load

from bot.model.series import Window

load("false_actions")
labelled = load("labelled")

START = datetime(2026, 1, 5, tzinfo=UTC)
FIVE = timedelta(minutes=5)


def a_series(values, *incidents: tuple[int, int]):
    return labelled.Labelled(
        name="s",
        times=[START + FIVE * i for i in range(len(values))],
        values=values,
        incidents=[Window(start=START + FIVE * a, end=START + FIVE * b) for a, b in incidents],
    )


CALM = [9.0, 11.0] * 30
"""Mean 10, limits a little more than 3 beyond it; the 60 values of probation of 400."""


@pytest.mark.parametrize(
    ("values", "incidents", "naive", "default"),
    [
        pytest.param([10.0] * 340, [(300, 320)], (0, 0, 0), (0, 0, 0), id="nothing happens"),
        pytest.param(
            [10.0] * 240 + [30.0] * 60 + [10.0] * 40, [(300, 350)], (1, 1, 1), (1, 1, 1), id="it stays worse"
        ),
        pytest.param([10.0] * 240 + [30.0] + [10.0] * 99, [(300, 350)], (1, 1, 1), (0, 0, 0), id="one reading"),
        pytest.param(
            [10.0] * 40 + [-9.0] + [10.0] * 299, [(300, 350)], (1, 0, 0), (0, 0, 0), id="one low, no incident"
        ),
        pytest.param([10.0] * 40 + [-9.0] * 60 + [10.0] * 240, [], (1, 0, 0), (1, 0, 0), id="low for hours"),
    ],
)
def test_alarms_are_held_against_incidents(values, incidents, naive, default):
    series = a_series(CALM + values, *incidents)
    for rule, expected in ((labelled.naive, naive), (labelled.default, default)):
        found = labelled.score("rule", series, rule(series))
        assert (found.alarms, found.right, len(found.delays)) == expected
        assert found.incidents == len(incidents)


def test_the_delay_counts_from_the_beginning_of_the_incidents_window():
    series = a_series(CALM + [10.0] * 240 + [30.0] * 100, (290, 400))
    naive = labelled.score("naive", series, labelled.naive(series))
    assert naive.delays == (FIVE * 10,)
    default = labelled.score("default", series, labelled.default(series))
    # Windows of an hour: one full enough to be beyond the limit, and one an hour before that.
    assert FIVE * 10 + timedelta(hours=1) < default.delays[0] <= FIVE * 10 + timedelta(hours=2)


def test_what_ends_within_probation_is_not_judged():
    series = a_series(CALM + [10.0] * 340, (2, 9))
    found = labelled.score("naive", series, labelled.naive(series))
    assert found.incidents == 0
    assert labelled.in_words(found) == "| s | naive | 0 | - | - | - |"


def test_the_table_in_the_docs_is_what_the_data_gives():
    folder = realdata.path("nab/labels/windows.json").parents[1]
    assert block("false-actions.md", "labelled") == "\n".join(labelled.markdown(labelled.scores(folder)))
