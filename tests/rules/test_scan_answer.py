"""What a scan answered, in words: both ends of a value must read the same, or the evaluator is asked."""

import pytest
from rules.environment import NOW, compiled

from bot.model.verdict import Measurement, RuleOutcome
from bot.rules.evaluate import Needs
from bot.rules.scan import Question, Surveyor
from bot.rules.scan_answer import OPEN, Answer, measurement_of

DAY = 86_400.0
QUIET = Answer(outcome=RuleOutcome.DOES_NOT_HOLD, unmet=1, weight=4.0, lower=6.2 * DAY, upper=6.2 * DAY)


def measurement(text: str, *answers: Answer) -> Measurement | None:
    question = Question(rule=compiled(text), needs=Needs())
    screening = Surveyor(NOW).survey(question)
    assert screening is not None
    return measurement_of(question, screening, answers, NOW)


@pytest.mark.parametrize(
    ("upper", "observed"),
    [
        (6.2 * DAY * (1 + 1e-14), "6.2 days"),
        (6.2001 * DAY, "6.2 days"),
        (6.206 * DAY, None),
        (20 * DAY * (1 - 1e-6), None),
    ],
)
def test_a_value_is_written_if_both_its_ends_read_the_same(upper, observed):
    found = measurement("wait_time > 20_days", QUIET._replace(upper=upper))
    assert (found and found.observed) == observed


def test_a_value_that_looks_like_its_limit_is_written_with_all_its_digits():
    near = 19.9999 * DAY
    found = measurement("wait_time > 20_days", QUIET._replace(lower=near, upper=near))
    assert found is not None
    assert found.observed == "19.9999 days"


def test_what_is_open_or_holds_has_no_words():
    assert measurement("wait_time > 20_days", OPEN) is None
    assert measurement("wait_time > 2_days", QUIET._replace(outcome=RuleOutcome.HOLDS)) is None


def test_one_part_that_cannot_be_told_leaves_the_whole_to_the_evaluator():
    vague = QUIET._replace(upper=7 * DAY)
    assert measurement("wait_time > 20_days and wait_time > 30_days", QUIET, vague) is None
