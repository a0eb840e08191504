"""One value changed on its line: before and after, what is refused, and that nothing else ever moves."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tries import tries

from bot.model.recipe import Setting
from bot.propose.redline import Redlined, Refused, set_value
from bot.recipes.text import parse
from bot.recipes.tree import Document

PATH = "patches/services/S.yml"
WAY = ("changes", "k")

PAIRS = {
    "a number": ("changes:\n  k: 2\n", 4, "changes:\n  k: 4\n"),
    "the comment stays": ("changes:\n  k: 2     # why\n", 10, "changes:\n  k: 10     # why\n"),
    "order and blank lines": (
        "# top\nservice: S\n\nchanges:\n  a: 1\n\n  k: 2\n  z: 3\n# end",
        4,
        "# top\nservice: S\n\nchanges:\n  a: 1\n\n  k: 4\n  z: 3\n# end",
    ),
    "line ends of Windows": ("changes:\r\n  k: 2 # c\r\n  z: 1\r\n", 4, "changes:\r\n  k: 4 # c\r\n  z: 1\r\n"),
    "mixed line ends": ("changes:\r\n  k: 2\n  z: 1\r\n", 4, "changes:\r\n  k: 4\n  z: 1\r\n"),
    "no final line end": ("changes:\n  k: 2", 4, "changes:\n  k: 4"),
    "double quotes stay": ('changes:\n  k: "a"  # c\n', "b", 'changes:\n  k: "b"  # c\n'),
    "single quotes stay": ("changes:\n  k: 'a'\n", "it's", "changes:\n  k: 'it''s'\n"),
    "double quotes escape": ('changes:\n  k: "a"\n', 'a"\\b', 'changes:\n  k: "a\\"\\\\b"\n'),
    "plain text stays plain": ("changes:\n  k: slow\n", "fast", "changes:\n  k: fast\n"),
    "text that reads as something else is quoted": ("changes:\n  k: slow\n", "no", 'changes:\n  k: "no"\n'),
    "a number as text is quoted": ("changes:\n  k: slow\n", "1.10", 'changes:\n  k: "1.10"\n'),
    "empty text": ("changes:\n  k: slow\n", "", 'changes:\n  k: ""\n'),
    "text with a colon": ("changes:\n  k: slow\n", "a: b", 'changes:\n  k: "a: b"\n'),
    "text for a number": ("changes:\n  k: 2\n", "two", "changes:\n  k: two\n"),
    "a number for quoted text": ('changes:\n  k: "2"\n', 2, "changes:\n  k: 2\n"),
    "true": ("changes:\n  k: false\n", True, "changes:\n  k: true\n"),
    "false": ("changes:\n  k: true\n", False, "changes:\n  k: false\n"),
    "a fraction": ("changes:\n  k: 0.5\n", 0.25, "changes:\n  k: 0.25\n"),
    "a whole fraction": ("changes:\n  k: 0.5\n", 2.0, "changes:\n  k: 2.0\n"),
    "a small fraction": ("changes:\n  k: 0.5\n", 1e-7, "changes:\n  k: 1.0e-07\n"),
    "a negative": ("changes:\n  k: 5\n", -3, "changes:\n  k: -3\n"),
    "a key of the same name elsewhere": ("k: 1\nchanges:\n  k: 1\n", 2, "k: 1\nchanges:\n  k: 2\n"),
    "a value of the same text elsewhere": ("changes:\n  a: 2\n  k: 2\n", 4, "changes:\n  a: 2\n  k: 4\n"),
    "letters beyond ASCII before it": (
        'changes:\n  "größe 🙂": 1\n  k: 2 # später\n',
        4,
        'changes:\n  "größe 🙂": 1\n  k: 4 # später\n',
    ),
    "braces around it": ("changes: {a: 1, k: 2} # c\n", 4, "changes: {a: 1, k: 4} # c\n"),
    "braces around everything": ("{changes: {k: 2}}\n", 4, "{changes: {k: 4}}\n"),
    "braces over several lines": (
        "changes: {\n  a: 1,  # one\n  k: slow,\n  z: 3}\n",
        "fast",
        "changes: {\n  a: 1,  # one\n  k: fast,\n  z: 3}\n",
    ),
    "text in braces that braces would end is quoted": ("changes: {k: slow}\n", "a, b}", 'changes: {k: "a, b}"}\n'),
    "as JSON is written": ('{"changes":{"a":"x","k":2}}\n', 4, '{"changes":{"a":"x","k":4}}\n'),
    "beside a literal text": (
        "changes:\n  note: |\n    k: 2\n    two  lines\n\n  k: 2\n",
        4,
        "changes:\n  note: |\n    k: 2\n    two  lines\n\n  k: 4\n",
    ),
    "beside a folded text": (
        "changes:\n  note: >-\n    long\n     words\n  k: 2\n  end: 'it''s'\n",
        4,
        "changes:\n  note: >-\n    long\n     words\n  k: 4\n  end: 'it''s'\n",
    ),
    "a key in quotes": ("changes:\n  \"k\": 2\n  'z': 3\n", 4, "changes:\n  \"k\": 4\n  'z': 3\n"),
    "the value it has already": ("changes:\n  k: 2\n", 2, "changes:\n  k: 2\n"),
}


@pytest.mark.parametrize(("before", "value", "after"), PAIRS.values(), ids=PAIRS.keys())
def test_a_value_is_changed_on_its_line(before: str, value: Setting, after: str) -> None:
    assert set_value(PATH, before.encode(), WAY, value) == Redlined(after=after.encode())


def test_a_journeys_version_is_changed_at_the_top() -> None:
    before = b"journey: passport_renewal\nversion: v1  # see the wiki\n"

    assert set_value("patches/journeys/passport_renewal.yml", before, ("version",), "v2") == Redlined(
        after=b"journey: passport_renewal\nversion: v2  # see the wiki\n"
    )


REFUSALS = {
    "a missing key": ("changes:\n  a: 2\n", 4, "has no `changes.k`"),
    "no block at all": ("service: S\n", 4, "has no `changes.k`"),
    "a list": ("changes:\n  k: [1, 2]\n", 4, "not a single value"),
    "a mapping": ("changes:\n  k:\n    x: 1\n", 4, "not a single value"),
    "a folded text": ("changes:\n  k: >\n    a\n    b\n", "x", "spans several lines"),
    "a literal text": ("changes:\n  k: |\n    a\n", "x", "spans several lines"),
    "a plain text over two lines": ("changes:\n  k: a\n    b\n", "x", "spans several lines"),
    "nothing behind the key": ("changes:\n  k:\n", 4, "is empty"),
    "an anchor": ("changes:\n  k: &a 2\n", 4, "2"),
    "a duplicate key": ("changes:\n  k: 1\n  k: 2\n", 4, "3"),
    "not YAML": ("changes: [\n", 4, PATH),
    "text over two lines": ("changes:\n  k: a\n", "b\nc", "spans lines"),
    "a control character": ("changes:\n  k: a\n", "b\x07", "control characters"),
    "no number": ("changes:\n  k: 1\n", float("nan"), "not a number"),
    "no end": ("changes:\n  k: 1\n", float("inf"), "not a number"),
    "a number that no reader holds exactly": ("changes:\n  k: 1\n", 10**30, "on its line alone"),
    "a text with a hidden character": ("changes:\n  k: a\n", "a\u202eb", "on its line alone"),
}


@pytest.mark.parametrize(("before", "value", "reason"), REFUSALS.values(), ids=REFUSALS.keys())
def test_everything_else_is_refused_with_a_reason(before: str, value: Setting, reason: str) -> None:
    outcome = set_value(PATH, before.encode(), WAY, value)

    assert isinstance(outcome, Refused)
    assert reason in outcome.reason
    assert outcome.hint


scalars = st.one_of(
    st.booleans(),
    st.integers(-(10**9), 10**9),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
)
names = st.from_regex(r"[a-z][a-z_]{0,8}", fullmatch=True).filter(
    lambda name: name not in {"y", "n", "no", "on", "yes"}
)
words = st.sampled_from(["1", "2.5", "true", "slow", "'it''s'", '"a # b"', "0", "-7", '"ä"'])
comments = st.sampled_from(["", "  # why", " # k: 9", "   "])
endings = st.sampled_from(["\n", "\r\n"])


@st.composite
def files(draw: st.DrawFn) -> tuple[str, str]:
    """Return a service file and one of its keys."""
    keys = draw(st.lists(names, min_size=1, max_size=5, unique=True))
    end = draw(endings)
    lines = ["# settings of S", "service: S", "changes:"]
    lines += [f"  {key}: {draw(words)}{draw(comments)}" for key in keys]
    return end.join([*lines, draw(st.sampled_from(["", "# end"]))]), draw(st.sampled_from(keys))


@settings(max_examples=tries(150), deadline=None)
@given(files(), scalars)
def test_only_the_one_value_changes(file: tuple[str, str], value: Setting) -> None:
    text, key = file
    before = parse(PATH, text.encode())
    assume(isinstance(before, Document))
    outcome = set_value(PATH, text.encode(), ("changes", key), value)
    assume(isinstance(outcome, Redlined))
    assert isinstance(outcome, Redlined)
    assert isinstance(before, Document)
    after = parse(PATH, outcome.after)

    assert isinstance(after, Document)
    expected = {**before.value, "changes": {**before.value["changes"], key: value}}  # type: ignore[dict-item,index,call-overload]
    assert repr(after.value) == repr(expected)
    old, new = text.split("\n"), outcome.after.decode().split("\n")
    assert len(old) == len(new)
    assert sum(one != other for one, other in zip(old, new, strict=True)) <= 1
