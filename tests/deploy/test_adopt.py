"""Live values come into a file as they are, and nothing else of it changes; hostile ones never do."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.deploy.adopt import Adoption, Ask, Drift, adopt
from bot.deploy.desired import parse_desired
from bot.model.errors import BotError, DiagnosticError
from bot.sync.setting import is_same

PHOTO = "patches/services/PHOTO_VALIDATOR.yml"
FILE = """\
# What is to be live.
service: PHOTO_VALIDATOR
tenant: east   # for this tenant only
changes:
  # the blur
  max_blur_px: 2      # more than this goes to a clerk

  mode: "strict"
  # the end
"""
LIVE = {"max_blur_px": 2, "mode": "strict", "retries": 3, "quick": True, "share": 0.5}


def adopted(content: str | None, live: dict[str, Any] | None = None, **ask: Any) -> Adoption:
    given_live = LIVE if live is None else live
    asked = Ask(**{"target": "PHOTO_VALIDATOR", **ask})
    return adopt(asked, given_live, None if content is None else content.encode())


def text(adoption: Adoption) -> str:
    assert adoption.edit is not None
    return adoption.edit.after.decode()


# What is written


def test_a_new_file_holds_what_recipes_patch():
    found = adopted(None, wanted=("retries", "max_blur_px"))
    assert found.path == PHOTO
    assert text(found) == "service: PHOTO_VALIDATOR\nchanges:\n  retries: 3\n  max_blur_px: 2\n"
    assert found.added == {"retries": 3, "max_blur_px": 2}
    assert found.edit is not None
    assert found.edit.before is None


def test_missing_keys_go_below_the_last_one_and_all_else_stays():
    found = adopted(FILE, wanted=("share", "retries"))
    assert text(found) == FILE.replace('  mode: "strict"\n', '  mode: "strict"\n  share: 0.5\n  retries: 3\n')
    assert found.unchanged == ("max_blur_px", "mode")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("service: A\nchanges:\n  b: 1", "service: A\nchanges:\n  b: 1\n  x: 7\n"),
        ("service: A\r\nchanges:\r\n  b: 1\r\n", "service: A\r\nchanges:\r\n  b: 1\r\n  x: 7\r\n"),
        ("service: A\nchanges:\n    b: 1\ntenant: t\n", "service: A\nchanges:\n    b: 1\n    x: 7\ntenant: t\n"),
        ("changes:\n  b: 1\nservice: A\n", "changes:\n  b: 1\n  x: 7\nservice: A\n"),
        (
            "service: A\nchanges:\n  b: |\n    one\n    two\ntenant: t\n",
            "service: A\nchanges:\n  b: |\n    one\n    two\n  x: 7\ntenant: t\n",
        ),
        ("service: A\nchanges:\n  b: >\n    one\n", "service: A\nchanges:\n  b: >\n    one\n  x: 7\n"),
        ("service: A\nchanges:\n  b: one\n    two\n", "service: A\nchanges:\n  b: one\n    two\n  x: 7\n"),
    ],
)
def test_the_files_own_layout_is_kept(before: str, after: str):
    assert text(adopted(before, {"x": 7}, target="A", keys=("x",))) == after


@pytest.mark.parametrize(
    ("before", "reason"),
    [
        ("service: A\nchanges: {b: 1}\n", "`changes` stands in braces"),
        ("service: A\nchanges:\n  b: |\n    one", "without changing more than was asked"),
    ],
)
def test_a_file_that_cannot_be_extended_by_a_line_is_left_alone(before: str, reason: str):
    with pytest.raises(BotError, match=reason) as caught:
        adopted(before, {"x": 7}, target="A", keys=("x",))
    assert caught.value.hint


def test_values_are_written_as_what_they_are():
    live = {
        "text": "plain",
        "word": "true",
        "number": "4",
        "empty": "",
        "quote": 'a "b" \\',
        "share": 0.5,
        "no": False,
    }
    found = adopted(None, live, every=True)
    assert dict(parse_desired(PHOTO, text(found).encode()).values) == live


def test_keys_that_are_named_are_the_only_ones_looked_at():
    found = adopted(FILE, {**LIVE, "max_blur_px": 9}, keys=("retries",), wanted=("share",))
    assert (dict(found.added), found.drifted) == ({"retries": 3}, ())


def test_all_takes_everything_that_is_live():
    found = adopted(FILE, every=True)
    assert list(found.added) == ["retries", "quick", "share"]


def test_what_is_there_as_it_is_live_needs_no_writing():
    found = adopted(FILE)
    assert (found.edit, dict(found.added), found.unchanged) == (None, {}, ("max_blur_px", "mode"))
    whole = adopted("service: PHOTO_VALIDATOR\nchanges:\n  max_blur_px: 2.0\n", {"max_blur_px": 2})
    assert whole.edit is None, "2.0 is 2 to a gateway"


# Drift


def test_a_value_that_is_not_live_stays_and_is_told():
    found = adopted(FILE, {**LIVE, "max_blur_px": 4}, wanted=("retries",))
    assert found.drifted == (Drift(key="max_blur_px", desired=2, live=4),)
    assert found.drifted[0].sentence == "max_blur_px: desired 2, live 4"
    assert "max_blur_px: 2 " in text(found)
    assert dict(found.added) == {"retries": 3}


def test_update_takes_the_live_value_on_its_line():
    found = adopted(FILE, {**LIVE, "max_blur_px": 4}, update=True)
    assert text(found) == FILE.replace("max_blur_px: 2 ", "max_blur_px: 4 ")
    assert found.updated == (Drift(key="max_blur_px", desired=2, live=4),)
    assert found.drifted == ()


def test_a_key_that_is_not_live_at_all_is_told():
    found = adopted(FILE, {"max_blur_px": 2}, wanted=("retries",), update=True)
    assert [each.sentence for each in found.drifted] == [
        "mode: desired strict, live not set",
        "retries: desired not set, live not set",
    ]


@pytest.mark.parametrize(("desired", "live"), [(1, True), ("4", 4), (0, False)])
def test_a_value_of_another_kind_is_another_value(desired: Any, live: Any):
    content = text(adopted(None, {"x": desired}, target="A", every=True))
    assert len(adopted(content, {"x": live}, target="A").drifted) == 1


# Journeys


def test_a_journeys_version_is_adopted():
    found = adopted(None, {"version": "v3"}, target="journeys/passport_renewal")
    assert found.path == "patches/journeys/passport_renewal.yml"
    assert text(found) == "journey: passport_renewal\nversion: v3\n"


def test_a_journey_that_runs_another_version_is_told_or_taken():
    present = "# ours\njourney: passport_renewal\nversion: v1  # since May\n"
    target = "journeys/passport_renewal"
    assert adopted(present, {"version": "v2"}, target=target).drifted[0].sentence == "version: desired v1, live v2"
    taken = adopted(present, {"version": "v2"}, target=target, update=True)
    assert text(taken) == present.replace("v1", "v2")


# What is refused


def test_a_key_that_the_gateway_does_not_show_is_refused_with_what_it_shows():
    with pytest.raises(BotError) as caught:
        adopted(FILE, keys=("max_blur",))
    assert caught.value.message == "the gateway shows no plain value `max_blur` for PHOTO_VALIDATOR"
    assert caught.value.hint == "did you mean `max_blur_px`?"
    many = {f"key_{number}": number for number in range(20)}
    with pytest.raises(BotError) as caught:
        adopted(FILE, many, keys=("other",))
    assert caught.value.hint.startswith("it shows key_0, key_1, ")


@pytest.mark.parametrize(("live", "shown"), [(LIVE, "max_blur_px, mode"), ({}, "nothing")])
def test_without_anything_that_says_what_to_adopt_there_is_help(live: dict[str, Any], shown: str):
    with pytest.raises(BotError, match="no recipe patches PHOTO_VALIDATOR") as caught:
        adopted(None, live)
    assert "--all" in caught.value.hint
    assert shown in caught.value.hint


HOSTILE: list[tuple[str, Any]] = [
    ("a\nservice", 1),
    ("a: 1\nb", 1),
    ("Upper", 1),
    ("", 1),
    ("x" * 65, 1),
    ("__proto__", 1),
    ("a", "x" * 501),
    ("a", "two\nlines"),
    ("a", "\x1b[2J"),
    ("a", "\u202eevil"),
    ("a", "\ud800"),
    ("a", math.inf),
    ("a", math.nan),
    ("a", 2**60),
    ("a", 1e400),
]


@pytest.mark.parametrize("content", [None, FILE], ids=["new", "there"])
@pytest.mark.parametrize(("key", "value"), HOSTILE, ids=[repr(each)[:30] for each in HOSTILE])
def test_hostile_keys_and_values_are_refused_whole(key: str, value: Any, content: str | None):
    with pytest.raises(BotError) as caught:
        adopted(content, {**LIVE, key: value}, every=True)
    assert caught.value.hint
    assert "\x1b" not in caught.value.message


def test_a_journeys_version_that_is_none_is_refused():
    with pytest.raises(BotError, match="cannot be adopted"):
        adopted(None, {"version": "latest"}, target="journeys/passport_renewal", every=True)


def test_more_values_than_a_file_may_hold_are_refused():
    with pytest.raises(DiagnosticError):
        adopted(None, {f"key_{number}": number for number in range(101)}, every=True)


@pytest.mark.parametrize("content", ["service: OTHER\nchanges: {a: 1}\n", "service: [\n", "changes: {a: 1}\n", ""])
def test_a_file_that_is_broken_is_left_to_lint(content: str):
    with pytest.raises(BotError):
        adopted(content, keys=("retries",))


KEYS = st.from_regex(r"[a-z][a-zA-Z0-9_]{0,20}", fullmatch=True)
VALUES = st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.floats(allow_nan=False, allow_infinity=False)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)


@given(live=st.dictionaries(KEYS, VALUES | TEXTS, min_size=1, max_size=6), there=st.sets(KEYS, max_size=3))
def test_whatever_is_live_is_in_the_file_afterwards_or_nothing_is(live: dict[str, Any], there: set[str]):
    lines = "".join(f"  {key}: 1  # {key}\n" for key in sorted(there))
    content = f"service: PHOTO_VALIDATOR\nchanges:\n{lines}tenant: t\n" if there else None
    try:
        found = adopted(content, live, every=True, update=True)
    except BotError:
        return
    values = parse_desired(PHOTO, (found.edit.after if found.edit else (content or "").encode())).values
    assert all(is_same(values[key], value) for key, value in live.items())
    assert values.keys() == live.keys() | there
