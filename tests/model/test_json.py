"""JSON as the bot writes it down is JSON as Python's own writer indents it."""

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.model.json import canonical, written
from bot.model.verdict import RuleOutcome
from bot.rules.scan import Mode

TEXTS = st.text(st.characters(exclude_categories=["Cs"]))
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=20)


@settings(max_examples=150, deadline=None)
@given(VALUES)
def test_it_is_what_pythons_own_writer_writes(value):
    expected = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    assert canonical(value) == expected.encode()


def test_words_that_are_texts_and_tuples_that_are_lists_are_written_as_such():
    assert (
        canonical({"b": RuleOutcome.HOLDS, "a": (1, {})}) == b'{\n  "a": [\n    1,\n    {}\n  ],\n  "b": "HOLDS"\n}\n'
    )


def test_what_nobody_foresaw_is_written_as_python_does():
    value = {"a": [Mode.SOME, {2: "two", 1: ["one"]}]}
    expected = json.dumps(value, sort_keys=True, indent=2) + "\n"
    assert canonical(value) == expected.encode()


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_no_number_is_refused(value):
    with pytest.raises(ValueError, match="not JSON compliant"):
        canonical({"a": [value]})


def test_what_is_no_json_is_refused():
    with pytest.raises(TypeError):
        canonical({"a": {1, 2}})


@settings(max_examples=50, deadline=None)
@given(VALUES)
def test_a_written_part_stands_as_if_the_value_were_there(value):
    assert canonical({"a": [written(value)], "b": written(value)}) == canonical({"a": [value], "b": value})
