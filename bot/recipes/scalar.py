"""What a plain YAML word means: true, false, nothing, a decimal number, or the text as it stands.

The core schema of YAML 1.2, without its surprises: a number that another reader would take for something else
(octal, `1_000`, `1.10`) is refused instead of guessed at.
"""

import math
import re
from dataclasses import dataclass
from functools import lru_cache

_WORDS: dict[str, bool | None] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)\.[0-9]+")
_EXPONENT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?[eE][-+]?[0-9]{1,4}")
_NUMBER_TO_SOMEBODY = re.compile(
    r"[-+]?(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9_]+)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?0[xX][0-9a-fA-F_]+|[-+]?0[oO][0-7_]+|[-+]?0[bB][01_]+"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)"
)
_LARGEST_INTEGER = 2**53 - 1
_LONGEST_NUMBER = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """A plain word that readers disagree on, and what to write instead."""

    message: str
    hint: str


@lru_cache(maxsize=4_096)
def read_plain(text: str) -> bool | int | float | str | Ambiguous | None:
    """Give an unquoted scalar its value; remembered, since the files of a repository say much the same."""
    if text in _WORDS:
        return _WORDS[text]
    return _number(text) if _NUMBER_TO_SOMEBODY.fullmatch(text) else text


def _number(text: str) -> int | float | Ambiguous:
    """Read what somebody takes for a number."""
    if len(text) > _LONGEST_NUMBER:
        return _too_large(text)
    if _INTEGER.fullmatch(text):
        return _integer(text)
    if _DECIMAL.fullmatch(text):
        return _decimal(text)
    if _EXPONENT.fullmatch(text):
        return float(text) if math.isfinite(float(text)) else _too_large(text)
    plain = text.removeprefix("+")
    signed = f"; to raise the present value of a key, write {{add: {plain}}}" if plain != text else ""
    return Ambiguous(
        message=f"`{text}` is a number to some readers and text to others",
        hint=f'write a decimal number such as 12 or 0.5, or quote it if it is text: "{text}"{signed}',
    )


def _integer(text: str) -> int | Ambiguous:
    number = int(text)
    if text == "-0" or abs(number) > _LARGEST_INTEGER:
        return _too_large(text)
    return number


def _decimal(text: str) -> float | Ambiguous:
    """Read a fraction; a trailing zero would be lost, which matters if it is a version."""
    whole, fraction = text.split(".")
    if fraction != "0" and fraction.endswith("0"):
        kept = fraction.rstrip("0") or "0"
        return Ambiguous(
            message=f"`{text}` as a number is {whole}.{kept}, the last zero is lost",
            hint=f'write {whole}.{kept}, or quote it if it is text: "{text}"',
        )
    return float(text)


def _too_large(text: str) -> Ambiguous:
    shown = text if len(text) <= _LONGEST_NUMBER else text[:20] + "…"
    return Ambiguous(
        message=f"`{shown}` is not a number that every reader can hold exactly",
        hint="numbers go up to 9007199254740991; quote it if it is text",
    )
