"""The course of a watch, out of its records and the change's evidence."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from fakes.builders import START
from hypothesis import given, settings
from hypothesis import strategies as st
from monitor.test_take_back import a_watch
from monitor.watchtower import DAY, FILES, HOUR, RECIPE

from bot.model.json import digest_of
from bot.model.names import ChangeId
from bot.model.record import Phase, Record
from bot.model.verdict import Measurement, RuleOutcome, Verdict, VerdictKind
from bot.monitor.course import course_of, milestones_of
from bot.recipes.library import CompiledRecipe, load_library
from bot.rules.sustain import held_of

CHANGE = ChangeId("0" * 16)
SHADOWED = "would be rolled back (mode shadow): it is bad"


def compiled(text: bytes = RECIPE) -> CompiledRecipe:
    library = load_library({**FILES, "pow/blur.yml": text}, endpoints={})
    (recipe,) = library.recipes
    return recipe


def a_verdict(observed: str = "3 days", **fields: Any) -> Verdict:
    success = Measurement(rule="", outcome=RuleOutcome.DOES_NOT_HOLD, sentence="", observed=observed)
    verdict = Verdict(
        change=CHANGE,
        kind=VerdictKind.HOLD,
        at=START + 3 * DAY,
        sentence="still waiting",
        success=success,
        rollback=success,
        armed=True,
    )
    return replace(verdict, **fields)


def a_look(hours: float, observed: object, sentence: str = "") -> Record:
    success = {"observed": observed} if isinstance(observed, str) else observed
    return Record(
        index=1,
        sequence=1,
        previous=None,
        digest=digest_of(b""),
        change=CHANGE,
        phase=Phase.MEASURED,
        at=START + timedelta(hours=hours),
        facts={"success": success, "sentence": sentence},  # type: ignore[dict-item]
    )


def evidence(unit: str = "days", values: object = (("2026-02-28", 21.5), ("2026-03-01", 23))) -> bytes:
    return json.dumps({"daily": {"unit": unit, "values": values}}).encode()


def test_of_each_day_the_last_look_counts_and_the_present_one_is_the_last():
    looks = [a_look(1, "19 days"), a_look(5, "12.5 days"), a_look(30, "1 day"), a_look(72, "99 days")]
    course = course_of(looks, a_verdict(), compiled(), evidence())
    assert course.after == (("2026-03-02", 12.5), ("2026-03-03", 1.0), ("2026-03-05", 3.0))
    assert course.before == (("2026-02-28", 21.5), ("2026-03-01", 23.0))
    assert (course.unit, course.limit is not None, course.looks) == ("days", True, 4)


@pytest.mark.parametrize(
    ("observed", "value"),
    [("4.2%", 4.2), ("1,200", 1200.0), ("-3 days", -3.0), ("1.2e-05 days", 1.2e-05), ("41 usd per day", 41.0)],
)
def test_one_value_is_read_as_it_is_worded(observed: str, value: float):
    assert course_of([], a_verdict(observed), compiled(), None).after == (("2026-03-05", value),)


@pytest.mark.parametrize("observed", ["", "no data", "A 3 days, B 4 days", "3 days, and 2 more", "nan days"])
def test_what_is_not_one_value_is_not_drawn(observed: str):
    assert course_of([], a_verdict(observed), compiled(), None).after == ()


@pytest.mark.parametrize("success", [None, 7, {"observed": 3}])
def test_a_record_without_a_measurement_is_passed_over(success: object):
    course = course_of([a_look(1, success)], a_verdict(""), compiled(), None)
    assert course.after in {(), (("2026-03-02", 3.0),)}


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"",
        b"[",
        b"[]",
        b"{}",
        evidence(unit="hours"),
        evidence(values=7),
        evidence(values=[["2026-03-01", "high"]]),
        b'{"daily": {"unit": "days", "values": [["2026-03-01", NaN]]}}',
        b"[" * 100_000,
    ],
)
def test_evidence_that_is_not_as_the_bot_writes_it_has_no_days(content: bytes | None):
    assert course_of([], a_verdict(), compiled(), content).before == ()


def test_a_rule_of_another_shape_has_no_course_but_its_looks_are_counted():
    groups = RECIPE.replace(b"wait_time < 7_days for 3_days", b"wait_time < 7_days and error_rate < 5%")
    course = course_of([a_look(1, "3 days", SHADOWED)], a_verdict(sentence=SHADOWED), compiled(groups), evidence())
    assert (course.after, course.before) == ((), ())
    assert (course.looks, course.shadowed) == (2, 2)


def test_looks_in_shadow_are_counted():
    looks = [a_look(1, "19 days", SHADOWED), a_look(5, "12 days", "fine")]
    course = course_of(looks, a_verdict(sentence=SHADOWED), compiled(), None)
    assert (course.looks, course.shadowed) == (3, 2)


# What is to come


def stones(verdict: Verdict, recipe: CompiledRecipe | None = None) -> dict[str, datetime]:
    found = milestones_of(verdict, recipe or compiled(), effective_at=START)
    return {each.what.removeprefix("the ").split()[0].strip(":"): each.at for each in found}


def success(sentence: str, outcome: RuleOutcome = RuleOutcome.DOES_NOT_HOLD) -> Measurement:
    return Measurement(rule="", outcome=outcome, sentence=sentence)


def test_a_watch_is_armed_holds_for_long_enough_and_comes_to_its_deadline():
    found = stones(a_verdict(success=success("needs < 7 days for 3 days; holds for 1.5 of 3 days")))
    assert found == {"arming": START + HOUR / 2, "deadline": START + 21 * DAY, "success": START + 4.5 * DAY}


def test_the_deadline_is_the_verdicts_own_where_clocks_stood():
    assert stones(a_verdict(ends_at=START + 30 * DAY))["deadline"] == START + 30 * DAY


def test_success_is_never_before_the_watch_is_armed():
    verdict = a_verdict(at=START + HOUR / 4, success=success("holds since 2026-01-01T00:00Z (3 of 3 days)"))
    assert stones(verdict)["success"] == START + HOUR / 2


@pytest.mark.parametrize("outcome", [RuleOutcome.NO_DATA, RuleOutcome.STALE, RuleOutcome.ERROR])
def test_what_cannot_be_measured_promises_no_success(outcome: RuleOutcome):
    assert "success" not in stones(a_verdict(success=success("holds for 1 of 3 days", outcome)))


def test_a_rule_without_for_promises_no_time():
    recipe = compiled(RECIPE.replace(b" for 3_days", b""))
    assert "success" not in stones(a_verdict(success=success("holds for 1 of 3 days")), recipe)
    assert "success" not in stones(a_verdict(success=success("nothing of the kind")))


@settings(max_examples=8)
@given(st.integers(0, 71), st.integers(1, 6))
def test_what_the_monitor_says_of_for_is_read_back_from_its_own_sentence(hours: int, days: int):
    tower, _ = a_watch(blur=RECIPE.replace(b"for 3_days", f"for {days}_days".encode()))
    tower.go(hours * HOUR, waits=3.0)
    tower.monitor()
    (record,) = [each for each in tower.ledger.records() if each.phase is Phase.MEASURED]
    said = record.facts["success"]
    assert isinstance(said, dict)
    held = held_of(str(said["sentence"]), days * DAY)
    assert held is not None
    assert held <= min(hours * HOUR, days * DAY)


def test_of_several_conditions_the_one_counts_that_held_shortest():
    assert held_of("a holds for 2 of 3 days; b holds since 2026-01-01T00:00Z (0.5 of 3 days)", 3 * DAY) == DAY / 2
    assert held_of("nothing", DAY) is None


def test_the_comment_shows_the_course_and_what_is_left():
    tower, _ = a_watch()
    for day in range(3):
        tower.go(DAY, waits=9.0 - day)
        tower.monitor()
    text = tower.comment(1)
    assert "line [9, 8, 7]" in text
    assert "| the deadline | 18 days |" in text
    assert "success at the earliest" in text


def test_the_comment_of_a_success_shows_no_time_that_is_left():
    tower, _ = a_watch()
    tower.go(4 * DAY, waits=3.0)
    tower.monitor()
    assert "the deadline" not in tower.comment(1)


def test_the_comment_in_shadow_counts_what_it_would_have_done():
    tower, _ = a_watch(blur=RECIPE + b"watch: {mode: shadow}\n")
    for times in ("once", "2 times"):
        tower.go(2 * HOUR, errors=0.2)
        tower.monitor()
        assert f"it would have been taken back {times}" in tower.comment(1)
