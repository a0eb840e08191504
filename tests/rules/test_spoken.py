"""A rule in words says what its evaluation does."""

import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from rules.environment import compiled
from rules.test_properties import RULES

from bot.rules.functions import FUNCTIONS
from bot.rules.spoken import speak, speak_limit

MEASURED = "at least 90% of them measured and never more than 2 in a row missing"

CASES: list[dict[str, str]] = yaml.safe_load(Path(__file__).with_name("spoken.yaml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES, ids=[case["rule"] for case in CASES])
def test_a_rule_is_said_in_plain_words(case: dict[str, str]):
    said = case["said"].replace("MEASURED", MEASURED)
    assert speak(compiled(case["rule"]), coverage=0.9) == said


def test_full_coverage_leaves_no_window_out():
    said = speak(compiled("wait_time < 7_days for 3_days"), coverage=1.0)
    assert said.endswith("for 3 days, all of them measured and never more than 2 in a row missing")


def test_names_that_end_alike_are_said_in_full():
    rule = "metrics.passport.wait_time > metrics.visa.wait_time"
    said = speak(compiled(rule), coverage=0.9)
    assert "the mean metrics.passport.wait_time of the last day" in said
    assert "the mean metrics.visa.wait_time of the last day" in said


@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_has_words(name: str):
    limit = "3_per_day" if name == "rate" else "3"
    said = speak(compiled(f"{name}(applications) > {limit}"), coverage=0.9)
    assert "applications" in said
    assert f"{name}(" not in said


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ("error_rate > 5%", "error_rate is more than 5%"),
        ("mean(error_rate over 2_h) > 5%", "error_rate is more than 5%"),
    ],
)
def test_a_limit_is_said_without_its_time(rule: str, said: str):
    assert speak_limit(compiled(rule)) == said


@given(text=RULES, coverage=st.floats(0.01, 1.0))
def test_every_rule_can_be_said_and_no_sign_of_it_is_left(text: str, coverage: float):
    said = speak(compiled(text), coverage=coverage)
    assert not re.search(r"[<>=*/]|\w\(|  ", said), said
    assert said.count("(") == said.count(")")
