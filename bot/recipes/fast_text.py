"""The fast reader: the values of a file that is plainly written, or None where the strict reader must look.

It knows a part of YAML that no reader takes differently, line by line, and no places: block mappings and lists,
brackets and braces on one line, quotes without escapes, comments. It never refuses anything itself.
"""

import re
from typing import TypeAlias

from bot.model.json import Json
from bot.recipes.characters import has_hidden
from bot.recipes.scalar import Ambiguous, read_plain

MAX_BYTES = 256 * 1024
"""No file may be larger."""
MAX_LEVELS = 16
"""Half of what the strict reader takes: whatever is nested deeper is for it to count."""

# Single characters are repeated possessively, groups never: in these Python up to 3.11.4 loses its place, misreads
# values and never ends (python/cpython#106052). Nothing here can be taken in two ways: no way back is long.
_PLAIN_BYTES = b"\n" + bytes(range(0x20, 0x7F))
_KEY = r"[A-Za-z_][A-Za-z0-9_./-]{0,99}"
_QUOTED = r""""[^"\\\n]*+"|'[^'\n]*+'"""
_FIRST = r"(?:[A-Za-z0-9_/.(]|-(?=[0-9]))"
_PLAIN = rf"{_FIRST}(?:[^\ :\n]++|:(?=[^\ \n])|\ ++(?=[^\ \#\n]))*"
_WORD = rf"{_FIRST}(?:[^\ :\#?,\[\]{{}}\n]++|\ ++(?=[^\ :\#?,\[\]{{}}\n]))*"
"""A plain value between brackets, where commas and brackets end it."""
_ITEM = rf"(?:{_QUOTED}|{_WORD})"
_NEXT_ITEM = r"\ *+(?:,\ *+(?!\])|(?=\]))"
_NEXT_PAIR = r"\ *+(?:,\ *+(?!\})|(?=\}))"
"""A comma before another one, or the end. What repeats is written once: twice takes four times as long to compile."""
_SMALL_ROW = rf"\[\ *+(?:{_ITEM}{_NEXT_ITEM})*\]"
_SMALL_TABLE = rf"\{{\ *+(?:{_KEY}:\ ++{_ITEM}{_NEXT_PAIR})*\}}"
_PART = rf"(?:{_QUOTED}|{_WORD}|{_SMALL_ROW}|{_SMALL_TABLE})"
_ROW = rf"\[\ *+(?:{_PART}{_NEXT_ITEM})*\]"
_TABLE = rf"\{{\ *+(?:{_KEY}:\ ++{_PART}{_NEXT_PAIR})*\}}"
_LINE = re.compile(
    rf"""
    ^(?:
        (\ *+)(-\ ++)?(?:({_KEY}):(?:\ ++|$))?     # indentation, dash, key
        ({_QUOTED}|{_ROW}|{_TABLE}|{_PLAIN})?     # value
        \ *+(?:(?<![^\ \n])\#.*+)?
      | (.++)                                      # a line that this reader does not know
    )$
    """,
    re.VERBOSE | re.MULTILINE,
)
_PARTS = re.compile(_PART)
_PAIRS = re.compile(rf"({_KEY}):\ ++({_PART})")

_Level: TypeAlias = "tuple[int, dict[str, Json] | list[Json]]"
"""A mapping or list that may go on, and the column that its keys or dashes stand in."""


def read_values(content: bytes) -> dict[str, Json] | None:
    """Return what the strict reader would read, if the file is a mapping and plainly written."""
    if len(content) > MAX_BYTES:
        return None
    if not content.translate(None, _PLAIN_BYTES):
        return _read(content.decode("ascii"))
    try:
        text = content.decode("utf-8").replace("\r\n", "\n")
    except UnicodeDecodeError:
        return None
    return None if has_hidden(text) else _read(text)


class _UnsureError(Exception):
    """The strict reader is to look at this file."""


def _read(text: str) -> dict[str, Json] | None:
    root: dict[str, Json] = {}
    try:
        _fill(root, text)
    except _UnsureError:
        return None
    return root or None


def _fill(root: dict[str, Json], text: str) -> None:  # noqa: C901 -- one pass with one state, run on every file
    """Read line by line; `waiting` is the key whose value begins on the next line."""
    levels: list[_Level] = [(0, root)]
    column, box, waiting = 0, levels[0][1], ""
    for indent, dash, key, raw, unknown in _LINE.findall(text):
        if not (key or raw):
            if dash or unknown:
                raise _UnsureError
            continue
        at = len(indent)
        if waiting:
            column, box = _open(levels, waiting, at, is_list=bool(dash))
            waiting = ""
        elif at != column or (isinstance(box, list) and not dash):
            column, box = _back_to(levels, at, is_list=bool(dash))
        if dash:
            if not isinstance(box, list):
                raise _UnsureError
            if not key:
                box.append(_value(raw))
                continue
            column, box = _open_item(levels, box, at + len(dash))
        if not key or key in box or isinstance(box, list):
            raise _UnsureError
        box[key] = _value(raw) if raw else None
        waiting = "" if raw else key
    if waiting:
        raise _UnsureError


def _open(levels: list[_Level], key: str, at: int, *, is_list: bool) -> _Level:
    """Begin the mapping or list that is the value of a key on a line before; dashes may stand below their key."""
    column, box = levels[-1]
    if at < column + (not is_list) or len(levels) == MAX_LEVELS or isinstance(box, list):
        raise _UnsureError
    fresh: dict[str, Json] | list[Json] = [] if is_list else {}
    box[key] = fresh
    levels.append((at, fresh))
    return levels[-1]


def _open_item(levels: list[_Level], items: list[Json], at: int) -> _Level:
    """Begin a mapping whose first key stands behind a dash."""
    if len(levels) == MAX_LEVELS:
        raise _UnsureError
    item: dict[str, Json] = {}
    items.append(item)
    levels.append((at, item))
    return levels[-1]


def _back_to(levels: list[_Level], at: int, *, is_list: bool) -> _Level:
    """End what stands further to the right, and a list where a key stands in the column of its dashes."""
    while levels and (
        levels[-1][0] > at or (levels[-1][0] == at and isinstance(levels[-1][1], list) and not is_list)
    ):
        levels.pop()
    if not levels or levels[-1][0] != at:
        raise _UnsureError
    return levels[-1]


def _value(raw: str) -> Json:
    """Read what stands on one line; brackets and braces may hold brackets and braces, but those no others."""
    if raw[0] == "[":
        return [_value(part) for part in _PARTS.findall(raw, 1)]
    if raw[0] == "{":
        pairs = _PAIRS.findall(raw)
        table = {key: _value(part) for key, part in pairs}
        if len(table) < len(pairs):
            raise _UnsureError
        return table
    if raw[0] in "\"'":
        return raw[1:-1]
    value = read_plain(raw)
    if isinstance(value, Ambiguous):
        raise _UnsureError
    return value
