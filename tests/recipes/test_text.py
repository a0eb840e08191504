import time

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st

from bot.model.errors import Diagnostic
from bot.recipes.compose import FASTEST
from bot.recipes.fast_text import MAX_BYTES
from bot.recipes.outcome import MAX_REFUSALS
from bot.recipes.strict import parse_strictly as parse
from bot.recipes.tree import Document, Place

LOADERS = [yaml.SafeLoader, *([yaml.CSafeLoader] if yaml.__with_libyaml__ else [])]
ENCODING, SYNTAX, FEATURE, DUPLICATE, AMBIGUOUS, DEPTH, SIZE = (f"POW00{number}" for number in range(1, 8))

# name: (content, id of the first diagnostic, its line, its column)
REFUSED = {
    "empty file": (b"", SYNTAX, 1, 1),
    "only a comment": (b"# nothing\n", SYNTAX, 1, 1),
    "only blanks": (b"  \n\n", SYNTAX, 1, 1),
    "byte order mark": (b"\xef\xbb\xbfid: A\n", ENCODING, 1, 1),
    "byte order mark inside": (b"id: A\nb: \xef\xbb\xbfx\n", ENCODING, 2, 4),
    "UTF-16": ("id: A\n".encode("utf-16"), ENCODING, 1, 1),
    "Latin 1": ("id: Müller\n".encode("latin-1"), ENCODING, 1, 6),
    "cut-off UTF-8": (b"id: A\nb: \xc3", ENCODING, 2, 4),
    "overlong UTF-8": (b"id: \xc0\xaf\n", ENCODING, 1, 5),
    "surrogate in UTF-8": (b"id: \xed\xa0\x80\n", ENCODING, 1, 5),
    "bad byte after a wide character": ("id: 許\n".encode() + b"b: \xff", ENCODING, 2, 4),
    "NUL": (b"id: A\x00\n", ENCODING, 1, 6),
    "bell": (b"a: 1\nid: \x07A\n", ENCODING, 2, 5),
    "escape": (b"id: \x1b[31mA\n", ENCODING, 1, 5),
    "delete": (b"id: A\x7f\n", ENCODING, 1, 6),
    "next line, U+0085": ("id: A\u0085b: 1\n".encode(), ENCODING, 1, 6),
    "line separator": ("id: A\u2028b: 1\n".encode(), ENCODING, 1, 6),
    "right-to-left override": ("id: A\u202eB\n".encode(), ENCODING, 1, 6),
    "bidirectional isolate in a comment": ("# a \u2066b\nid: A\n".encode(), ENCODING, 1, 5),
    "zero-width space": ("id: PASS\u200bPORT\n".encode(), ENCODING, 1, 9),
    "soft hyphen": ("id: PASS\u00adPORT\n".encode(), ENCODING, 1, 9),
    "tag characters": ("id: A\U000e0041\n".encode(), ENCODING, 1, 6),
    "replacement character": ("id: A\ufffd\n".encode(), ENCODING, 1, 6),
    "tab indent": (b"a:\n\tb: 1\n", ENCODING, 2, 1),
    "tab between": (b"a:\t1\n", ENCODING, 1, 3),
    "lone carriage return": (b"a: 1\rb: 2\n", ENCODING, 1, 5),
    "binary": (bytes(range(256)), ENCODING, 2, 118),
    "gzip": (b"\x1f\x8b\x08\x00\x00", ENCODING, 1, 2),
    "too large": (b"# " + b"x" * MAX_BYTES, SIZE, 1, 1),
    "escaped NUL": (b'a: "\\0"\n', ENCODING, 1, 4),
    "escaped escape": (b'a: 1\nb: "x\\e[0m"\n', ENCODING, 2, 4),
    "escaped override": (b'a: "\\u202e"\n', ENCODING, 1, 4),
    "escaped hidden key": (b'"a\\u200b": 1\n', ENCODING, 1, 1),
    "anchor": (b"a: &x 1\n", FEATURE, 1, 4),
    "anchor of a mapping": (b"a: &x\n  b: 1\n", FEATURE, 1, 4),
    "anchor of a key": (b"&k a: 1\n", FEATURE, 1, 1),
    "alias": (b"a: 1\nb: *x\n", FEATURE, 2, 4),
    "alias as a key": (b"*x : 1\n", FEATURE, 1, 1),
    "alias bomb": (b"a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", FEATURE, 1, 4),
    "tag": (b"a: !!str 1\n", FEATURE, 1, 4),
    "local tag": (b"a: !secret x\n", FEATURE, 1, 4),
    "empty tag": (b"a: ! x\n", FEATURE, 1, 4),
    "Python tag": (b"a: !!python/object/apply:os.system [id]\n", FEATURE, 1, 4),
    "tagged mapping": (b"!!map\na: 1\n", FEATURE, 1, 1),
    "binary tag": (b"a: !!binary aGk=\n", FEATURE, 1, 4),
    "YAML directive": (b"%YAML 1.2\n---\na: 1\n", FEATURE, 1, 1),
    "TAG directive": (b"%TAG ! tag:x,2000:\n---\na: 1\n", FEATURE, 1, 1),
    "second document": (b"a: 1\n---\nb: 2\n", FEATURE, 2, 1),
    "empty second document": (b"a: 1\n---\n", FEATURE, 2, 1),
    "merge key": (b"<<: {a: 1}\n", FEATURE, 1, 1),
    "key without text": (b'"": 1\n', FEATURE, 1, 1),
    "list as a key": (b"? [a, b]\n: 1\n", FEATURE, 1, 3),
    "mapping as a key": (b"{a: 1}: 2\n", FEATURE, 1, 1),
    "duplicate key": (b"a: 1\nb: 2\na: 3\n", DUPLICATE, 3, 1),
    "duplicate key inside": (b"x:\n  a: 1\n  a: 1\n", DUPLICATE, 3, 3),
    "duplicate key in braces": (b"x: {a: 1, a: 2}\n", DUPLICATE, 1, 11),
    "duplicate key, quoted": (b"a: 1\n'a': 2\n", DUPLICATE, 2, 1),
    "duplicate key, escaped": (b'a: 1\n"\\x61": 2\n', DUPLICATE, 2, 1),
    "octal": (b"a: 012\n", AMBIGUOUS, 1, 4),
    "octal of YAML 1.2": (b"a: 0o14\n", AMBIGUOUS, 1, 4),
    "hexadecimal": (b"a: 0x1F\n", AMBIGUOUS, 1, 4),
    "binary number": (b"a: 0b11\n", AMBIGUOUS, 1, 4),
    "underscores": (b"a: 1_000\n", AMBIGUOUS, 1, 4),
    "plus sign": (b"a: +1\n", AMBIGUOUS, 1, 4),
    "minus zero": (b"a: -0\n", AMBIGUOUS, 1, 4),
    "trailing point": (b"a: 1.\n", AMBIGUOUS, 1, 4),
    "leading point": (b"a: .5\n", AMBIGUOUS, 1, 4),
    "version as a number": (b"version: 1.10\n", AMBIGUOUS, 1, 10),
    "leading zeros": (b"a: 00.5\n", AMBIGUOUS, 1, 4),
    "infinity": (b"a: .inf\n", AMBIGUOUS, 1, 4),
    "not a number": (b"a: .nan\n", AMBIGUOUS, 1, 4),
    "overflow": (b"a: 1e999\n", AMBIGUOUS, 1, 4),
    "past 2^53": (b"a: 9007199254740993\n", AMBIGUOUS, 1, 4),
    "thousands of digits": (b"a: " + b"9" * 5000 + b"\n", AMBIGUOUS, 1, 4),
    "thousands of decimals": (b"a: 0." + b"1" * 5000 + b"\n", AMBIGUOUS, 1, 4),
    "deep lists": (b"[" * 10_000, DEPTH, 1, 33),
    "deep block lists": (b"- " * 10_000 + b"x", DEPTH, 1, 65),
    "deep mappings": (b"".join(b" " * n + b"a:\n" for n in range(100)), DEPTH, 33, 33),
    "deep mappings in braces": (b"{a: " * 10_000, DEPTH, 1, 129),
    "open bracket": (b"a: [1, 2\n", SYNTAX, 2, 1),
    "open quote": (b'a: "x\n', SYNTAX, 2, 1),
    "text after a quote": (b'a: "x" y\n', SYNTAX, 1, 8),
    "two colons": (b"a: b: c\n", SYNTAX, 1, 5),
    "bad indent": (b"a: 1\n  b: 2\n", SYNTAX, 2, 4),
    "percent sign first": (b"a: %x\n", SYNTAX, 1, 4),
    "at sign first": (b"a: @x\n", SYNTAX, 1, 4),
    "colon without a key": (b": 1\n", SYNTAX, 1, 1),
    "list under a key's value": (b"a: 1\n- b\n", SYNTAX, 2, 1),
    "CR LF lines": (b"a: 1\r\nb: 2\r\na: 3\r\n", DUPLICATE, 3, 1),
}


def first(content: bytes, loader=LOADERS[-1]) -> Diagnostic:
    read = parse("pow/x.yml", content, loader=loader)
    assert isinstance(read, tuple), read
    return read[0]


def document(content: bytes, loader=LOADERS[-1]) -> Document:
    read = parse("pow/x.yml", content, loader=loader)
    assert isinstance(read, Document), read
    return read


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", REFUSED)
def test_what_surprises_is_refused_at_its_place(name, loader):
    content, check, line, column = REFUSED[name]

    fault = first(content, loader)

    assert (fault.id, fault.line, fault.column) == (check, line, column), fault
    assert fault.message
    assert fault.hint
    assert fault.path == "pow/x.yml"


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("True", True),
        ("false", False),
        ("null", None),
        ("~", None),
        ("", None),
        ("0", 0),
        ("-12", -12),
        ("9007199254740991", 9007199254740991),
        ("0.5", 0.5),
        ("2.0", 2.0),
        ("1e3", 1000.0),
        ("1.5e-07", 1.5e-07),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("12:30:45", "12:30:45"),
        ("2026-01-05", "2026-01-05"),
        ("20_days", "20_days"),
        ("1.2.3", "1.2.3"),
        ("5%", "5%"),
        ("'012'", "012"),
        ('"1.10"', "1.10"),
        ('"null"', "null"),
        ('"a\\tb\\nc"', "a\tb\nc"),
        ("許可", "許可"),
        ("<<", "<<"),
        ("=", "="),
    ],
)
def test_a_plain_word_is_what_it_says(text, value, loader):
    read = document(f"a: {text}\n".encode(), loader).value

    assert read == {"a": value}
    assert type(read["a"]) is type(value)


def test_keys_are_text_whatever_they_look_like():
    assert document(b"on: 1\n1: 2\nnull: 3\n2.50: 4\n").value == {"on": 1, "1": 2, "null": 3, "2.50": 4}


@pytest.mark.parametrize("loader", LOADERS)
def test_line_ends_of_windows_change_nothing_but_the_bytes(loader):
    unix = document(b"a: 1\nb:\n  - x\n  - {c: 'd'}\n", loader)
    windows = document(b"a: 1\r\nb:\r\n  - x\r\n  - {c: 'd'}\r\n", loader)

    assert (windows.value, windows.root, windows.lines) == (unix.value, unix.root, unix.lines)


def test_all_faults_are_told_at_once_in_order_of_place():
    read = parse("x.yml", b"a: 012\nb: &x 1\na: !t 2\n")

    assert [(fault.line, fault.id) for fault in read] == [(1, AMBIGUOUS), (2, FEATURE), (3, DUPLICATE), (3, FEATURE)]


def test_no_more_faults_are_told_than_a_person_can_read():
    assert len(parse("x.yml", b"a: 012\n" * 1000)) == MAX_REFUSALS
    assert len(parse("x.yml", b"\x07\n" * 1000)) == MAX_REFUSALS


def test_values_and_keys_have_places():
    read = document(b"id: A\nfix:\n  service:\n    - name: 'x y'\n      config: {k: 4}\nempty:\n")

    assert read.place(("id",)) == Place(line=1, column=5, width=1)
    assert read.key(("fix", "service")) == Place(line=3, column=3, width=7)
    assert read.place(("fix", "service", 0, "name")) == Place(line=4, column=13, width=5)
    assert read.place(("fix", "service", 0, "config", "k")) == Place(line=5, column=19, width=1)
    assert read.key(("fix", "service", 0)) == Place(line=4, column=7, width=1)
    assert read.place(("empty",)) == Place(line=6, column=1, width=5)


def test_the_place_of_what_is_not_there_is_that_of_what_is_above_it():
    read = document(b"a:\n  b: 1\n")

    assert read.place(("a", "c", 3)) == Place(line=2, column=3)
    assert read.place(("z",)) == Place(line=1, column=1)
    assert read.key(("z",)) == Place(line=1, column=1)
    assert read.place(("a", "b", 0)) == Place(line=2, column=6)
    assert read.node(("a", 0)) is None


# The characters from `offset` on, `width` of them, and where they stand.
INSIDE = {
    "plain": (b"r: max(x) > 20_days\n", 9, 7, (1, 13, 7)),
    "double quotes": (b'r: "max(x) > 20_days"\n', 9, 7, (1, 14, 7)),
    "single quotes": (b"r: 'max(x) > 20_days'\n", 9, 7, (1, 14, 7)),
    "doubled quote before": (b"r: 'it''s > 20_days'\n", 7, 7, (1, 13, 7)),
    "escape before": (b'r: "a\\u0062c > 20_days"\n', 6, 7, (1, 16, 7)),
    "escaped quote before": (b'r: "a\\"c > 20_days"\n', 6, 7, (1, 12, 7)),
    "escaped line feed before": (b'r: "a\\nc > 20_days"\n', 6, 7, (1, 12, 7)),
    "wide characters before": ("r: '許 > 20_days'\n".encode(), 4, 7, (1, 9, 7)),
    "block": (b"r: |\n  max(x)\n   > 20_days\n", 10, 7, (3, 6, 7)),
    "block with a header": (b"r: |2- # text\n  max(x) > 20_days\n", 9, 7, (2, 12, 7)),
    "folded block": (b"r: >-\n  max(x)\n  > 20_days\n", 9, 7, (3, 5, 7)),
    "folded plain text": (b"r: max(x)\n  > 20_days\n", 9, 7, (2, 5, 7)),
    "folded quoted text": (b'r: "max(x)\n\n  > 20_days"\n', 9, 7, (3, 5, 7)),
    "continued quoted text": (b'r: "max(x) \\\n  > 20_days"\n', 9, 7, (2, 5, 7)),
    "over several lines": (b"r: max(x)\n  > 20_days\n", 4, 5, (1, 8, 1)),
    "white space": (b"r: max(x) > 20_days\n", 6, 1, (1, 11, 1)),
    "past the end": (b"r: max(x) > 20_days\n", 16, 1, (1, 20, 1)),
    "far past the end": (b"r: max(x) > 20_days\n", 999, 9, (1, 20, 1)),
    "no text": (b"r: 12\n", 1, 1, (1, 4, 2)),
    "no text at all": (b'r: ""\n', 0, 1, (1, 4, 2)),
    "not there": (b"q: x\n", 0, 1, (1, 1, 1)),
}


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize("name", INSIDE)
def test_a_character_of_a_text_is_found_in_the_file(name, loader):
    content, offset, width, (line, column, found) = INSIDE[name]

    assert document(content, loader).inside(("r",), offset, width) == Place(line=line, column=column, width=found)


def test_a_fault_shows_its_source_line():
    assert first(b"a: 1\nb: 012 # twelve\n").source == "b: 012 # twelve"


@pytest.mark.parametrize("loader", LOADERS)
@pytest.mark.parametrize(
    "pattern",
    [
        b"[",
        b"{",
        b"- ",
        b"? ",
        b"[a,",
        b"*a ",
        b"&a ",
        b"a: ",
        b"x: \n",
        b"- |\n",
        b'"',
        b"'",
        b"#",
        b"!<",
        b"%a\n",
        b"\\",
    ],
)
def test_the_worst_file_is_read_in_seconds(pattern, loader):
    size = MAX_BYTES if loader is FASTEST else MAX_BYTES // 8
    content = pattern * (size // len(pattern))
    start = time.process_time()

    parse("x.yml", content, loader=loader)

    assert time.process_time() - start < 10


def test_a_rule_of_100_kilobytes_is_read_and_placed_fast():
    read = document(b'r: "' + b"max(x) > 20_days and " * 5000 + b'"\n')
    start = time.process_time()

    place = read.inside(("r",), 21 * 4000, 3)

    assert (place.column, place.width) == (5 + 21 * 4000, 3)
    assert time.process_time() - start < 2


yaml_like = st.text(st.sampled_from("ab:-?[]{},&*!|>'\"%@`# \n\\0159._~x\u00e9\u8a31"), max_size=60)


@given(st.binary(max_size=200))
@example(b"\xff\xfe")
@example(b'"\\U00110000"')
@example(b'"\\ud800"')
def test_arbitrary_bytes_give_a_document_or_diagnostics(content):
    for loader in LOADERS:
        read = parse("x.yml", content, loader=loader)

        if isinstance(read, Document):
            assert read.root is not None
        else:
            assert read
            assert all(fault.line >= 1 and fault.column >= 1 and fault.width >= 1 for fault in read)


@given(yaml_like)
@example("{a: ,b: }")
@example("[?x: 1]")
@example("a: |3\n  x")
def test_both_parsers_of_pyyaml_read_the_same(text):
    reads = [parse("x.yml", text.encode(), loader=loader) for loader in LOADERS]
    documents = [read for read in reads if isinstance(read, Document)]

    if len(documents) == len(reads):
        assert all(read.root == documents[0].root for read in documents)


@given(yaml_like, st.integers(0, 50), st.integers(1, 9))
def test_every_text_has_its_characters_inside_the_file(text, offset, width):
    read = parse("x.yml", b"r: " + text.encode())
    if isinstance(read, Document):
        place = read.inside(("r",), offset, width)

        assert 1 <= place.line <= len(read.lines)
        assert 1 <= place.column <= len(read.lines[place.line - 1]) + 1
