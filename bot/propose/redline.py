"""One value of a desired-state file changed on its own line, every other byte kept; everything else is refused.

Positions come from the strict YAML reader; the result is read again, so an edit that changed anything but the
one value cannot leave this module.
"""

import math
import re
from dataclasses import dataclass
from typing import assert_never

from bot.model.json import Json
from bot.model.recipe import Setting
from bot.recipes.text import parse
from bot.recipes.tree import Document, Scalar

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_./-]{0,120}")
_WORDS_WITH_A_MEANING = frozenset({"true", "false", "yes", "no", "on", "off", "null", "y", "n"})
_PRINTABLE = re.compile("[^\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Redlined:
    """A file's bytes with one value changed."""

    after: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Why a value cannot be changed in place, and what to do about it."""

    reason: str
    hint: str


def set_value(path: str, content: bytes, way: tuple[str, ...], value: Setting) -> Redlined | Refused:
    """Change the value at `way` (keys from the root), keeping comments, order, quoting and line ends."""
    document = parse(path, content)
    if not isinstance(document, Document):
        fault = document[0]
        return Refused(reason=f"{path}:{fault.line}:{fault.column}: {fault.message}", hint="run `pow lint`")
    scalar = _editable(document, way)
    if isinstance(scalar, Refused):
        return scalar
    word = _written(value, scalar)
    if isinstance(word, Refused):
        return word
    after = _replaced(content, scalar, word)
    return Redlined(after=after) if _proved(document, path, after, way=way, value=value) else _unproved(path, way)


def _editable(document: Document, way: tuple[str, ...]) -> Scalar | Refused:
    """Find the scalar, provided that it stands on one line; around it there may be lines or braces."""
    name = ".".join(way)
    node = document.node(way)
    if node is None:
        hint = f"add the key with its live value to {document.path}"
        return Refused(reason=f"{document.path} has no `{name}`", hint=hint)
    if not isinstance(node, Scalar):
        hint = "patches change single values only"
        return Refused(reason=f"{document.path}: `{name}` is not a single value", hint=hint)
    if node.place.line != node.end_line or node.style in {"|", ">"}:
        hint = "write the value on the line of its key"
        return Refused(reason=f"{document.path}: `{name}` spans several lines", hint=hint)
    if node.value is None:
        hint = "write the live value behind the key"
        return Refused(reason=f"{document.path}: `{name}` is empty", hint=hint)
    return node


def _written(value: Setting, former: Scalar) -> str | Refused:
    """Write a value as YAML; text keeps the quotes of the value before it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float():
            return _decimal(value)
        case str():
            return _text(value, former.style if isinstance(former.value, str) else "")
        case _:
            assert_never(value)


def _decimal(value: float) -> str | Refused:
    if not math.isfinite(value):
        return Refused(reason=f"{value} is not a number that a file can hold", hint="use a finite number")
    mantissa, exponent, power = repr(value).partition("e")
    return mantissa + ("" if "." in mantissa else ".0") + exponent + power


def _text(value: str, style: str) -> str | Refused:
    if not _PRINTABLE.fullmatch(value):
        return Refused(reason="the new text spans lines or holds control characters", hint="use one printable line")
    if style == "'":
        return "'" + value.replace("'", "''") + "'"
    if style != '"' and _PLAIN.fullmatch(value) and value.lower() not in _WORDS_WITH_A_MEANING:
        return value
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _replaced(content: bytes, scalar: Scalar, word: str) -> bytes:
    lines = content.decode().split("\n")
    index, start, end = scalar.place.line - 1, scalar.place.column - 1, scalar.end_column - 1
    lines[index] = lines[index][:start] + word + lines[index][end:]
    return "\n".join(lines).encode()


def _proved(before: Document, path: str, after: bytes, *, way: tuple[str, ...], value: Setting) -> bool:
    """Read the result and compare: equal but for the one value, and that one of the right kind."""
    document = parse(path, after)
    if not isinstance(document, Document):
        return False
    return repr(document.value) == repr(_with(before.value, way, value))


def _with(tree: Json, way: tuple[str, ...], value: Setting) -> Json:
    if not way or not isinstance(tree, dict):
        return value
    return {key: _with(each, way[1:], value) if key == way[0] else each for key, each in tree.items()}


def _unproved(path: str, way: tuple[str, ...]) -> Refused:
    name = ".".join(way)
    return Refused(reason=f"{path}: `{name}` cannot be changed on its line alone", hint="change it by hand")
