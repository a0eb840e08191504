import pytest
from diagnose.logs import a_log

from bot.diagnose.process import rank, rank_activities
from bot.report.ranking import activity_table, duration, hand_over_table, markdown_of, summary_of, text_of, worst_of

RANKING = rank(a_log([("1", "apply", 0), ("1", "review", 48), ("1", "pay | @all", 48.005), ("2", "apply", 0)]))


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0.0 s"),
        (37.54, "37.5 s"),
        (60, "1.0 min"),
        (3_599, "60.0 min"),
        (13_000, "3.6 h"),
        (86_400, "1.00 days"),
        (670_056_454.5, "7,755.28 days"),
    ],
)
def test_durations_are_written_in_a_unit_that_a_person_reads(seconds: float, text: str):
    assert duration(seconds) == text


def test_the_summary_is_one_sentence():
    assert summary_of(RANKING) == "2 cases, 4 events, 3 activities: 2.00 days of waiting over 2 hand-overs"


def test_where_most_time_is_lost_is_one_sentence_and_without_a_hand_over_nothing_is_said():
    assert worst_of(RANKING) == "most time is lost at apply → review: 100.0% of all waiting, 2.00 days a passage"
    assert not worst_of(rank(a_log([("1", "apply", 0), ("2", "apply", 5)])))


def test_the_terminal_gets_columns():
    assert text_of(hand_over_table(RANKING)) == (
        "From    To          Passages  Total wait   Share       Mean     Median        p95\n"
        "apply   review             1   2.00 days  100.0%  2.00 days  2.00 days  2.00 days\n"
        "review  pay | @all         1      18.0 s    0.0%     18.0 s     18.0 s     18.0 s"
    )


def test_markdown_gets_names_that_do_nothing():
    lines = markdown_of(hand_over_table(RANKING)).splitlines()
    assert lines[:2] == [
        "| From | To | Passages | Total wait | Share | Mean | Median | p95 |",
        "|---|---|--:|--:|--:|--:|--:|--:|",
    ]
    assert lines[3].startswith("| review | pay \\| @\u200ball | 1 | 18.0 s |")


def test_activities_have_their_own_table_and_tables_stop_at_their_limit():
    table = activity_table(rank_activities(RANKING), limit=1)
    assert table.rows == (("review", "1", "2.00 days", "100.0%", "2.00 days"),)
    assert len(hand_over_table(RANKING, limit=1).rows) == 1
