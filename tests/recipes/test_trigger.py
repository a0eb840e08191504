"""A trigger's payload: three checked values, or what is wrong, without a word of what came."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.names import Login, RecipeId
from bot.model.trigger import Payload, Trigger
from bot.recipes.trigger import read_payload

GOOD: dict[str, Any] = {"recipe": "PASSPORT_BACKLOG", "reason": "complaints doubled", "by": "passport-agent"}


def test_a_payload_is_read() -> None:
    assert read_payload(GOOD) == Payload(
        recipe=RecipeId("PASSPORT_BACKLOG"), reason="complaints doubled", by=Login("passport-agent")
    )


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (None, ("it is no mapping",)),
        ([GOOD], ("it is no mapping",)),
        ({}, ("`recipe` is missing", "`reason` is missing", "`by` is missing")),
        ({**GOOD, "recipe": "passport"}, ("`recipe` is not a recipe's id such as PASSPORT_BACKLOG",)),
        ({**GOOD, "recipe": "A\n"}, ("`recipe` is not a recipe's id such as PASSPORT_BACKLOG",)),
        ({**GOOD, "recipe": 5}, ("`recipe` is not a recipe's id such as PASSPORT_BACKLOG",)),
        ({**GOOD, "reason": "no"}, ("`reason` is not one line of 3 to 500 characters",)),
        ({**GOOD, "reason": "x" * 501}, ("`reason` is not one line of 3 to 500 characters",)),
        ({**GOOD, "reason": "two\nlines"}, ("`reason` is not one line of 3 to 500 characters",)),
        ({**GOOD, "reason": "a\x1b[31m"}, ("`reason` is not one line of 3 to 500 characters",)),
        ({**GOOD, "reason": None}, ("`reason` is not one line of 3 to 500 characters",)),
        ({**GOOD, "by": "@sam"}, ("`by` is not a name of letters, digits, - and _",)),
        ({**GOOD, "by": ""}, ("`by` is not a name of letters, digits, - and _",)),
        ({**GOOD, "config": {"max_blur_px": 99}}, ("it has 1 unknown key",)),
        ({**GOOD, "ref": "evil", "sha": "x"}, ("it has 2 unknown keys",)),
    ],
)
def test_what_does_not_fit_is_refused(value: Any, faults: tuple[str, ...]) -> None:
    assert read_payload(value) == faults


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=20)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=4)),
    max_leaves=6,
)


@given(st.one_of(values, st.fixed_dictionaries({}, optional=dict.fromkeys(GOOD, values))))
def test_nothing_of_a_refused_payload_is_repeated(value: Any) -> None:
    read = read_payload(value)

    assert isinstance(read, tuple)
    said = "; ".join(read)
    assert said
    assert all(char.isascii() and char.isprintable() for char in said)


@pytest.mark.parametrize(
    ("actors", "by", "originators"),
    [
        (("a2a[bot]",), "agent", ("a2a[bot]", "agent")),
        (("sam",), "sam", ("sam",)),
        (("sam", "wei"), "agent", ("sam", "wei", "agent")),
    ],
)
def test_everybody_who_had_a_hand_in_it_is_an_originator(
    actors: tuple[str, ...], by: str, originators: tuple[str, ...]
) -> None:
    payload = Payload(recipe=RecipeId("R0"), reason="why", by=Login(by))

    assert Trigger(payload=payload, actors=tuple(map(Login, actors))).originators == originators
