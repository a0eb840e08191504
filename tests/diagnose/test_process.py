import statistics
from collections import defaultdict

import pytest
from diagnose.logs import Step, a_log
from hypothesis import given
from hypothesis import strategies as st

from bot.collect.passages import Basis
from bot.diagnose.process import quantile, rank, rank_activities

HOUR = 3_600


def totals(steps: list[Step], basis: Basis | None = None) -> dict[str, float]:
    ranking = rank(a_log(steps), basis=basis)
    return {f"{each.source}→{each.target}": each.total / HOUR for each in ranking.hand_overs}


@pytest.mark.parametrize(
    ("steps", "waits"),
    [
        ([], {}),
        ([("1", "a", 0)], {}),
        ([("1", "a", 0), ("1", "b", 5)], {"a→b": 5}),
        ([("1", "b", 5), ("1", "a", 0)], {"a→b": 5}),
        ([("1", "a", 0), ("2", "b", 5)], {}),
        ([("1", "a", 0), ("1", "a", 5)], {"a→a": 5}),
        ([("1", "a", 0), ("1", "b", 0), ("1", "c", 1)], {"b→c": 1, "a→b": 0}),
        ([("1", "b", 0), ("1", "a", 0), ("1", "c", 1)], {"a→c": 1, "b→a": 0}),
        ([("1", "a", 0), ("2", "a", 0), ("1", "b", 2), ("2", "b", 3)], {"a→b": 5}),
    ],
)
def test_waiting_runs_from_completion_to_completion_within_a_case(steps: list[Step], waits: dict[str, float]):
    assert totals(steps) == waits


def test_with_starts_waiting_ends_when_the_next_activity_starts():
    steps: list[Step] = [("1", "a", 2, 0), ("1", "b", 9, 5)]
    assert totals(steps) == {"a→b": 3}
    assert totals(steps, Basis.COMPLETION) == {"a→b": 7}


def test_an_activity_that_starts_early_has_not_waited_less_than_nothing():
    assert totals([("1", "a", 5, 0), ("1", "b", 9, 3)]) == {"a→b": 0}


def test_one_unknown_start_makes_the_log_one_of_completions():
    assert totals([("1", "a", 2, 0), ("1", "b", 9)]) == {"a→b": 7}


def test_hand_overs_are_ranked_by_total_not_by_mean():
    rare: list[Step] = [("0", "a", 0), ("0", "c", 10)]
    often: list[Step] = [step for case in "123456" for step in ((case, "a", 0), (case, "b", 2))]
    ranking = rank(a_log([*rare, *often]))
    assert [(each.target, each.passages, each.mean / HOUR) for each in ranking.hand_overs] == [
        ("b", 6, 2),
        ("c", 1, 10),
    ]
    assert [round(each.share, 4) for each in ranking.hand_overs] == [0.5455, 0.4545]
    assert (ranking.cases, ranking.events, ranking.activities, ranking.total) == (7, 14, 3, 22 * HOUR)


def test_equal_totals_are_in_order_of_name():
    steps: list[Step] = [("1", "a", 0), ("1", "z", 1), ("2", "a", 0), ("2", "b", 1)]
    assert list(totals(steps)) == ["a→b", "a→z"]


def test_a_log_without_any_waiting_shares_nothing():
    ranking = rank(a_log([("1", "a", 0), ("1", "b", 0)]))
    assert [each.share for each in ranking.hand_overs] == [0]


def test_activities_are_ranked_by_the_waiting_before_them():
    steps: list[Step] = [("1", "a", 0), ("1", "c", 3), ("2", "b", 0), ("2", "c", 3), ("3", "a", 0), ("3", "b", 4)]
    waits = rank_activities(rank(a_log(steps)))
    assert [(each.activity, each.passages, each.total / HOUR) for each in waits] == [("c", 2, 6), ("b", 1, 4)]
    assert [each.share for each in waits] == pytest.approx([0.6, 0.4])


numbers = st.lists(st.floats(-1e9, 1e9), min_size=2, max_size=40).map(sorted)


@given(values=numbers)
def test_quantiles_agree_with_the_standard_library(values: list[float]):
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    assert quantile(values, 0.95) == pytest.approx(cuts[94], rel=1e-9, abs=1e-6)
    assert quantile(values, 0.5) == pytest.approx(statistics.median(values), rel=1e-9, abs=1e-6)


def test_the_quantile_of_one_number_is_that_number():
    assert quantile([7], 0.95) == 7


steps_of_logs = st.lists(st.tuples(st.sampled_from("123"), st.sampled_from("abcd"), st.integers(0, 50)), max_size=30)


@given(steps=steps_of_logs)
def test_all_waiting_is_the_sum_of_the_cases_lengths(steps: list[Step]):
    ends: defaultdict[str, list[float]] = defaultdict(list)
    for step in steps:
        ends[step[0]].append(step[2])
    ranking = rank(a_log(steps))
    assert ranking.total == HOUR * sum(max(times) - min(times) for times in ends.values())
    assert sum(each.passages for each in ranking.hand_overs) == len(steps) - len(ends)


@given(steps=steps_of_logs, data=st.data())
def test_the_order_of_cases_in_the_log_makes_no_difference(steps: list[Step], data: st.DataObject):
    order = data.draw(st.permutations("123"))
    shuffled = [step for case in order for step in steps if step[0] == case]
    assert rank(a_log(shuffled)) == rank(a_log(steps))
