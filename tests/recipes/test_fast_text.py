import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from recipes.malformed import corpus
from recipes.repository_files import FILES, RECIPE, ROOT
from tries import tries

from bot.recipes.fast_text import MAX_BYTES, MAX_LEVELS, read_values
from bot.recipes.strict import parse_strictly, places_of
from bot.recipes.text import parse
from bot.recipes.tree import Document

PLAIN = {
    "a mapping": ("a: 1\nb: x\n", {"a": 1, "b": "x"}),
    "a mapping in a mapping": ("a:\n  b:\n    c: 1\n  d: 2\ne: 3\n", {"a": {"b": {"c": 1}, "d": 2}, "e": 3}),
    "a list": ("a:\n  - x\n  - 2\n", {"a": ["x", 2]}),
    "a list below its key": ("a:\n- x\n- y\nb: 1\n", {"a": ["x", "y"], "b": 1}),
    "a list of mappings": ("a:\n  - b: 1\n    c: 2\n  - b: 3\n", {"a": [{"b": 1, "c": 2}, {"b": 3}]}),
    "a mapping in an entry": ("a:\n  - b:\n      c: 1\n    d: 2\n", {"a": [{"b": {"c": 1}, "d": 2}]}),
    "a list in an entry": ("a:\n- b:\n  - 1\n  - 2\n- c: 3\n", {"a": [{"b": [1, 2]}, {"c": 3}]}),
    "wide dashes": ("a:\n  -   b: 1\n      c: 2\n", {"a": [{"b": 1, "c": 2}]}),
    "brackets": ("a: [x, 'y, z', \"]\", 1]\nb: [ ]\nc: []\n", {"a": ["x", "y, z", "]", 1], "b": [], "c": []}),
    "braces": ("a: {b: 1, c: 'x: y'}\nd: {}\n", {"a": {"b": 1, "c": "x: y"}, "d": {}}),
    "brackets in an entry": ("a:\n  - [1, 2]\n  - {b: 1}\n", {"a": [[1, 2], {"b": 1}]}),
    "braces in braces": ("a: {b: {c: 1, d: [2]}}\n", None),
    "brackets in braces": ("a: {b: [1, 'x'], c: {d: 2}}\n", {"a": {"b": [1, "x"], "c": {"d": 2}}}),
    "braces in brackets": ("a: [{b: 1}, [c, d], {}]\n", {"a": [{"b": 1}, ["c", "d"], {}]}),
    "quotes": ('a: "x # y"\nb: \'it: is\'\nc: ""\n', {"a": "x # y", "b": "it: is", "c": ""}),
    "comments": ("# x\na: 1 # y\n  # z\nb:   # nothing here\n  c: d#e\n", {"a": 1, "b": {"c": "d#e"}}),
    "words": ("a: true\nb: no\nc: ~x\n", None),
    "no booleans but two": ("a: true\nb: no\nc: on\nd: Yes\n", {"a": True, "b": "no", "c": "on", "d": "Yes"}),
    "nothing": ("a: null\nb: NULL\n", {"a": None, "b": None}),
    "a URL": ("a: https://metrics.gov/x?y=1#z\n", {"a": "https://metrics.gov/x?y=1#z"}),
    "a rule": ("a: max(wait) > 20_days for 3_days\n", {"a": "max(wait) > 20_days for 3_days"}),
    "a fraction": ("a: -0.5\nb: 2e3\n", {"a": -0.5, "b": 2000.0}),
    "umlauts": ("a: B\u00fcrger\u00e4mter\n# \u8a31\u53ef\n", {"a": "B\u00fcrger\u00e4mter"}),
    "line ends of Windows": ("a:\r\n  - b\r\n", {"a": ["b"]}),
    "no line feed at the end": ("a: 1", {"a": 1}),
    "blanks at the end": ("a: x   \nb:   \n  c: 1   \n\n\n", {"a": "x", "b": {"c": 1}}),
}
NOT_PLAIN = (
    "",
    "# only a comment\n",
    "x\n",
    "- a\n",
    " a: 1\n",
    "a:\n",
    "a:\nb: 1\n",
    "a: 1\na: 2\n",
    "a: {b: 1, b: 2}\n",
    "a: 1\n  b: 2\n",
    "a:\n  b: 1\n c: 2\n",
    "a:\n  - 1\n  b: 2\n",
    "a:\n  b: 1\n  - 2\n",
    "a: 1\n- b\n",
    "a:\n  -\n",
    "a:\n  - - 1\n",
    "a: x\n  y\n",
    "a: 'it''s'\n",
    'a: "\\x41"\n',
    'a: "x\n',
    "a: |\n  x\n",
    "a: &x 1\n",
    "a: *x\n",
    "a: !x 1\n",
    "a: 010\n",
    "a: 1.10\n",
    "a: {b: [[1]]}\n",
    "a: {b: {c: 1, c: 2}}\n",
    "a: [1, 2\n",
    "a: [1,, 2]\n",
    "a: [b: 1]\n",
    "a: b: c\n",
    "a:b\n",
    "<<: {a: 1}\n",
    '"a": 1\n',
    "? a\n: 1\n",
    "---\na: 1\n",
    "a: 1\n...\n",
    "a:\t1\n",
    "a: \u200bx\n",
    "a: x\ry: 1\n",
    "a: @x\n",
    "".join(f"{' ' * level}a:\n" for level in range(MAX_LEVELS)) + " " * MAX_LEVELS + "a: 1\n",
    "a:\n" + "".join(f"{' ' * (2 * level)}- a:\n" for level in range(MAX_LEVELS)) + " " * 99 + "x: 1\n",
    "# " + "x" * MAX_BYTES + "\na: 1\n",
)


@pytest.mark.parametrize("name", PLAIN)
def test_what_is_plainly_written_is_read_as_it_stands(name):
    text, value = PLAIN[name]
    assert read_values(text.encode()) == value
    strict = parse_strictly("x.yml", text.encode())
    if value is not None:
        assert isinstance(strict, Document)
        assert_same(strict.value, value)


@pytest.mark.parametrize("text", NOT_PLAIN)
def test_everything_else_is_left_to_the_strict_reader(text):
    assert read_values(text.encode()) is None


@pytest.mark.parametrize("content", [b"\xff", b"a: \xc3\n", "a: 1".encode("utf-16")])
def test_what_is_no_text_is_left_to_it_too(content):
    assert read_values(content) is None


@pytest.mark.parametrize("path", sorted([*ROOT.glob("pow/**/*.yml"), *ROOT.glob("docs/examples/**/*.yml")]), ids=str)
def test_the_files_of_this_repository_are_plainly_written(path):
    value = read_values(path.read_bytes())
    assert value is not None
    assert_same(value, parse_strictly("x.yml", path.read_bytes()).value)


def assert_same(one, other):
    """Compare values, and kinds of values: 1, 1.0 and true are equal to Python, and the order of keys is not."""
    assert repr(one) == repr(other)


def assert_agreement(content: bytes):
    """Whatever the fast reader reads, the strict one reads as well, and both read the same."""
    fast = read_values(content)
    if fast is not None:
        strict = parse_strictly("x.yml", content)
        assert isinstance(strict, Document), strict
        assert_same(fast, strict.value)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(corpus()))
def test_both_readers_agree_on_what_is_malformed(name):
    assert_agreement(corpus()[name][1])


PIECES = st.sampled_from(
    [
        *("a", "b", "id", "x.y", "on", "no", "true", "null", "~", "<<", "=", "12", "-1", "0.5", "1.10", "010", "1e5"),
        *(":", ": ", " ", "  ", "\n", "\n", "\n  ", "\n    ", "\n- ", "\n  - ", "- ", "#", " # ", ",", ", ", "\r\n"),
        *(
            "[",
            "]",
            "{",
            "}",
            '"',
            "'",
            "\\",
            "|",
            ">",
            "&a",
            "*a",
            "!x",
            "%",
            "@",
            "`",
            "?",
            "? ",
            "---",
            "...",
            "\t",
        ),
        *("a: 1\n", "b:\n", "  c: d\n", "  - e\n", "- f: g\n", "'h i'", '"j: k"', "[l, m]", "{n: o}", "p(q) > 5%"),
        *("\u00e4", "\u00a0", "\u3000", "\u200b", "\u200d", "\ufeff", "\U0001f600", "\u2028", "\x85", "\0"),
    ]
)
LINE = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["", "  ", "    ", "- ", "  - ", "   "]),
    st.sampled_from(["a: ", "b: ", "c:", "dd: ", "e.f: ", "a:  ", ""]),
    st.sampled_from(
        [
            "",
            "x",
            "1",
            "x y",
            "'q'",
            '"r"',
            "[s, t]",
            "{u: {v: w}, x: [y]}",
            "[]",
            "{}",
            "w:x",
            "y#z",
            "-1",
            "0.50",
            "yes",
            "[1, 'a']",
        ]
    ),
    st.sampled_from(["", " ", " # n", "#", ":", ","]),
)


@given(st.lists(PIECES, max_size=30).map("".join))
@settings(max_examples=tries(400), deadline=None)
def test_both_readers_agree_on_loose_pieces(text):
    assert_agreement(text.encode())


@given(st.lists(LINE, max_size=9).map("\n".join))
@settings(max_examples=tries(400), deadline=None)
def test_both_readers_agree_on_lines(text):
    assert_agreement(text.encode())


@given(st.sampled_from(sorted(FILES)), st.data())
@settings(max_examples=tries(500), deadline=None)
def test_both_readers_agree_on_files_with_a_mistake(path, data):
    text = FILES[path]
    start = data.draw(st.integers(0, len(text)))
    stop = data.draw(st.integers(start, min(len(text), start + 12)))
    assert_agreement((text[:start] + data.draw(PIECES) + text[stop:]).encode())


@given(st.text(max_size=60))
@settings(max_examples=tries(300), deadline=None)
def test_both_readers_agree_on_any_value(text):
    assert_agreement(f"a: {text}\n".encode("utf-8", "surrogatepass"))
    assert_agreement(f"a: [{text}]\nb: {{c: {text}}}\nd: '{text}'\ne: \"{text}\"\n".encode("utf-8", "surrogatepass"))


def test_places_are_those_of_the_strict_reader():
    fast, strict = parse("x.yml", RECIPE.encode()), parse_strictly("x.yml", RECIPE.encode())
    assert isinstance(fast, Document)
    assert isinstance(strict, Document)
    assert fast.has(("fix_recipe", "service_patch", "config"))
    assert fast.has(("watch_feeds", 0))
    assert not fast.has(("watch_feeds", 1))
    assert not fast.has(("watch_feeds", "id"))
    assert not fast.has(("id", "x"))
    assert fast.lines == strict.lines
    assert fast.root == strict.root
    assert fast == strict
    assert hash(fast) == hash(strict)
    assert fast != "x.yml"
    assert fast.inside(("rollback_on",), 13, 2) == strict.inside(("rollback_on",), 13, 2)


@pytest.mark.parametrize("tail", ["a" + " " * 100_000 + ": b", "a: '" + "x" * 200_000, "a: [" + "x, " * 60_000])
def test_no_line_makes_the_fast_reader_try_again_and_again(tail):
    assert read_values(tail.encode()) is None


def test_a_file_that_was_never_read_has_no_places():
    with pytest.raises(TypeError, match=r"x\.yml"):
        places_of("x.yml", b"a: [")
