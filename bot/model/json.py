"""JSON as a type, and the one way in which the bot writes it down."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring
from math import isfinite
from operator import itemgetter
from typing import Any, TypeAlias

from bot.model.names import Digest

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


class Written(str):
    """JSON that stands as it is, at any depth, where it is part of a value: what is long is written only once."""

    __slots__ = ()


def canonical(value: Json) -> bytes:
    """Write a value as UTF-8 JSON with sorted keys and two-space indents; NaN and infinities are refused.

    The same as `json.dumps` with these options, which has no fast way to indent: a ledger is written and read by it.
    """
    return f"{written(value)}\n".encode()


def written(value: Json) -> Written:
    """Write a value as `canonical` does, without its last newline."""
    return Written(_written(value, "\n"))


_KEY = itemgetter(0)
_WORDS = {None: "null", True: "true", False: "false"}


def _number(value: float) -> str:
    return repr(value) if isfinite(value) else json.dumps(value, allow_nan=False)


_PLAIN: Mapping[type, Callable[[Any], str]] = {
    str: encode_basestring,
    int: repr,
    float: _number,
    bool: _WORDS.__getitem__,
    type(None): _WORDS.__getitem__,
}
"""How what has no parts is written, by its exact type."""


def _written(value: object, line: str) -> str:
    """Write a value whose own lines begin with `line`: a newline and the indent."""
    inner = line + "  "
    if isinstance(value, dict) and value and set(map(type, value)) == {str}:
        parts = [
            f"{encode_basestring(key)}: {write(part) if (write := _PLAIN.get(type(part))) else _written(part, inner)}"
            for key, part in sorted(value.items(), key=_KEY)
        ]
        return f"{{{inner}{f',{inner}'.join(parts)}{line}}}"
    if isinstance(value, list | tuple) and value:
        parts = [write(part) if (write := _PLAIN.get(type(part))) else _written(part, inner) for part in value]
        return f"[{inner}{f',{inner}'.join(parts)}{line}]"
    return _rare(value, line)


def _rare(value: object, line: str) -> str:
    """Write what stands alone, is empty or is no plain value; what nobody foresaw is left to Python's writer."""
    if isinstance(value, Written):
        return value.replace("\n", line)
    if isinstance(value, str):
        return encode_basestring(value)
    if (write := _PLAIN.get(type(value))) is not None:
        return write(value)
    if isinstance(value, dict | list | tuple) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    text = json.dumps(value, sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    return text.replace("\n", line)


def digest_of(content: bytes) -> Digest:
    """Name bytes by their SHA-256."""
    return Digest("sha256:" + hashlib.sha256(content).hexdigest())
