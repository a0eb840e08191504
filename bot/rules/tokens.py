"""Text to tokens. It knows numbers, words and signs, but no metric, no function and no unit."""

import re
from dataclasses import dataclass
from enum import StrEnum

from bot.rules.source import MAX_LENGTH, Fault, FaultId, Span, fault_at

KEYWORDS = frozenset({"and", "or", "not", "over", "for", "in", "by", "before"})
"""Words that are never a metric's name."""

_TOKEN = re.compile(
    r"""
    (?P<space>[ \t\r\n]+)
  | (?P<number>\d+(?:_\d+)*(?:\.\d+(?:_\d+)*)?)(?:_?(?P<unit>%|[A-Za-z]\w*))?
  | (?P<name>[A-Za-z]\w*(?:\.\w+)*)
  | (?P<sign><=|>=|==|!=|[-<>+*/(),])
    """,
    re.VERBOSE | re.ASCII,
)

_SLIPS = {
    "=": "write `==` to compare",
    "=>": "write `>=`",
    "=<": "write `<=`",
    "&": "write `and`",
    "|": "write `or`",
    "!": "write `not`, or `!=` for unequal",
    "≤": "write `<=`",
    "≥": "write `>=`",
    "≠": "write `!=`",
    "×": "write `*`",  # noqa: RUF001 - the slip is exactly this look-alike
    "÷": "write `/`",
    "−": "write the minus sign of the keyboard, `-`",  # noqa: RUF001 - likewise
    "–": "write the minus sign of the keyboard, `-`",  # noqa: RUF001 - likewise
    "%": "write the percent sign right after its number: `5%`",
    ".": "write a digit before the point: `0.5`",
    "_": "write `_` only between digits, or between a number and its unit: `20_days`",
    ";": "write one rule, joined by `and` or `or`",
    "\u00a0": "replace the no-break space by a plain one",
    "\ufeff": "remove the byte order mark",
}
"""What people write for something the language has: a character, or two of them where these say more."""
_POINT = re.compile(r"\d\.(\d?)")


class TokenKind(StrEnum):
    """The kinds of token; a number carries its unit."""

    NUMBER = "number"
    NAME = "name"
    KEYWORD = "keyword"
    SIGN = "sign"
    END = "end"


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A piece of a rule: for a number `text` is its digits and `unit` what is written after them."""

    kind: TokenKind
    text: str
    span: Span
    unit: str = ""


def tokenize(text: str) -> tuple[Token, ...] | Fault:
    """Cut a rule into tokens, the last of which is END; or tell the first thing that is no token."""
    if len(text) > MAX_LENGTH:
        return fault_at(
            Span(start=MAX_LENGTH, end=len(text)),
            FaultId.TOO_LONG,
            f"a rule may have {MAX_LENGTH} characters, this one has {len(text)}",
        )
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            return _stray(text, position)
        position = match.end()
        if match["space"] is None:
            tokens.append(_token(match))
    return (*tokens, Token(kind=TokenKind.END, text="", span=Span(start=len(text), end=len(text))))


def _token(match: re.Match[str]) -> Token:
    span = Span(start=match.start(), end=match.end())
    if match["number"] is not None:
        return Token(kind=TokenKind.NUMBER, text=match["number"], unit=match["unit"] or "", span=span)
    if match["sign"] is not None:
        return Token(kind=TokenKind.SIGN, text=match["sign"], span=span)
    kind = TokenKind.KEYWORD if match["name"] in KEYWORDS else TokenKind.NAME
    return Token(kind=kind, text=match["name"], span=span)


def _stray(text: str, position: int) -> Fault:
    character, pair = text[position], text[position : position + 2]
    shown = f"`{character}`" if character.isascii() and character.isprintable() else f"U+{ord(character):04X}"
    hint = _SLIPS.get(pair) or _SLIPS.get(character, "")
    if point := _POINT.match(text, max(position - 1, 0)):
        hint = "a number has one point" if point[1] else "write a digit after the point: `0.5`"
    return fault_at(Span(start=position, end=position + 1), FaultId.CHARACTER, f"unexpected character {shown}", hint)
