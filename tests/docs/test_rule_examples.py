"""Every function of the reference has its example, and every example compiles and is answered."""

from datetime import timedelta

import pytest
from docs.refresh import shown_functions
from docs.rule_examples import EXAMPLES, FUNCTIONS, example_metrics, example_rule
from rules.environment import NOW, reading

from bot.model.verdict import RuleOutcome
from bot.rules.evaluate import Needs, evaluate


def test_every_function_has_an_example_that_uses_it():
    assert [function.name for function in shown_functions()] == list(FUNCTIONS)
    assert [name for name, text in FUNCTIONS.items() if f"{name}(" not in text] == []


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_is_answered(text):
    groups = {1: "north | ", 2: "north, new | "}
    data = {
        metric.name: reading(metric, f"{groups.get(len(metric.labels), '')}20min: 1/9x288")
        for metric in example_metrics()
    }
    needs = Needs(changed_at=NOW - timedelta(days=1))
    outcome = evaluate(example_rule(text), data, now=NOW, needs=needs).outcome
    assert outcome in {RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD}
