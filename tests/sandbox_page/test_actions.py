"""What the page accepts as an action, and in which words it refuses the rest."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.model.errors import BotError
from bot.sandbox.page.actions import Action, Approve, Edit, Pass, Reject, read_action

HEAD = "a" * 40
APPROVE = {"kind": "approve", "pull": 1, "head": HEAD, "login": "sam"}
EDIT = {"kind": "edit", "pull": 1, "login": "sam", "target": "PHOTO_VALIDATOR", "key": "max_blur_px", "value": 3}
REJECT = {"kind": "reject", "pull": 1, "login": "wei", "reason": " too risky\n"}


def reading(document: Any) -> object:
    return read_action(json.dumps(document).encode())


@pytest.mark.parametrize(
    ("document", "action"),
    [
        (APPROVE, Approve(pull=1, head=HEAD, login="sam")),
        (EDIT, Edit(pull=1, login="sam", target="PHOTO_VALIDATOR", key="max_blur_px", value=3)),
        (EDIT | {"value": 2.5}, Edit(pull=1, login="sam", target="PHOTO_VALIDATOR", key="max_blur_px", value=2.5)),
        (REJECT, Reject(pull=1, login="wei", reason="too risky")),
        ({"kind": "pass", "hours": 24}, Pass(hours=24)),
    ],
)
def test_every_kind_of_action_is_read(document, action):
    assert reading(document) == action


def test_a_whole_number_stays_one_so_that_the_file_shows_no_point():
    action = reading(EDIT | {"value": 3.0})
    assert isinstance(action, Edit)
    assert isinstance(action.value, int)


@pytest.mark.parametrize(
    ("document", "word"),
    [
        ([], "not a JSON object"),
        ({}, "unknown kind"),
        ({"kind": "merge", "pull": 1}, "unknown kind"),
        (APPROVE | {"pull": True}, "`pull`"),
        (APPROVE | {"pull": 0}, "`pull`"),
        (APPROVE | {"pull": "1"}, "`pull`"),
        (APPROVE | {"head": "main"}, "`head`"),
        (APPROVE | {"head": HEAD + "\n"}, "`head`"),
        (APPROVE | {"login": "../../admin"}, "`login`"),
        (APPROVE | {"login": None}, "`login`"),
        (EDIT | {"target": "../../../etc/passwd"}, "`target`"),
        (EDIT | {"target": "journeys/../../x"}, "`target`"),
        (EDIT | {"key": "max blur"}, "`key`"),
        (EDIT | {"value": "4"}, "`value`"),
        (EDIT | {"value": True}, "`value`"),
        (EDIT | {"value": float("inf")}, "`value`"),
        (EDIT | {"value": float("nan")}, "`value`"),
        (EDIT | {"value": 1e300}, "too large"),
        (REJECT | {"reason": "  "}, "`reason` is empty"),
        (REJECT | {"reason": "x" * 1_001}, "`reason` is longer"),
        ({"kind": "pass", "hours": 1_000_000}, "`hours`"),
        ({"kind": "pass", "hours": True}, "`hours`"),
        ({"kind": "pass"}, "`hours`"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(document, word):
    with pytest.raises(BotError, match=word):
        reading(document)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content):
    with suppress(BotError):
        assert isinstance(read_action(content), Action)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from([APPROVE, EDIT, REJECT]), st.sampled_from(["pull", "head", "login", "value", "reason"]), JSON)
def test_any_value_in_any_field_is_read_or_refused(document, field, value):
    with suppress(BotError):
        assert isinstance(reading(document | {field: value}), Action)
