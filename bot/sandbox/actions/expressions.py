"""The part of GitHub's expression language that thin workflows use: names, strings, `! == != && ||`, parentheses.

Grammar and truth as in GitHub's "Evaluate expressions in workflows and actions"; values are strings, booleans or
nothing. An unknown name is empty, as on GitHub; an expression outside this part is an error, never a guess.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.model.errors import BotError

Value = str | bool | None
Context = Mapping[str, "Context | Value"]

_TOKEN = re.compile(
    r"\s*(?:(?P<string>'(?:[^']|'')*')|(?P<name>[A-Za-z_][\w-]*(?:\.[\w-]+)*)|(?P<op>==|!=|&&|\|\||[!()]))"
)
_EMBEDDED = re.compile(r"\$\{\{(.*?)\}\}")


def substitute(text: str, context: Context) -> str:
    """Replace every `${{ ... }}` in a text."""
    return _EMBEDDED.sub(lambda match: to_text(evaluate(match[1], context)), text)


def is_true(condition: str, context: Context) -> bool:
    """Evaluate an `if:`, with or without the `${{ }}` around it."""
    whole = _EMBEDDED.fullmatch(condition.strip())
    return bool(evaluate(whole[1] if whole else condition, context))


def evaluate(text: str, context: Context) -> Value:
    """Evaluate one expression; BotError for what this part of the language does not have."""
    parser = _Parser(tokens=_tokens(text), context=context, text=text.strip())
    value = parser.either()
    if parser.tokens:
        raise BotError(f"workflow expression not understood: `{parser.text}` at `{parser.tokens[0][1]}`")
    return value


def to_text(value: Value) -> str:
    """Write a value as GitHub does."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value or ""


def _tokens(text: str) -> list[tuple[str, str]]:
    tokens, position = [], 0
    while text[position:].strip():
        match = _TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            raise BotError(f"workflow expression not understood: `{text.strip()}`")
        tokens.append((match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return tokens


@dataclass(slots=True, kw_only=True)
class _Parser:
    """Recursive descent, loosest binding first."""

    tokens: list[tuple[str, str]]
    context: Context
    text: str = field(default="")

    def either(self) -> Value:
        value = self.both()
        while self._take("||"):
            other = self.both()
            value = value or other
        return value

    def both(self) -> Value:
        value = self.equal()
        while self._take("&&"):
            other = self.equal()
            value = value and other
        return value

    def equal(self) -> Value:
        value = self.single()
        while True:
            if self._take("=="):
                value = to_text(value).lower() == to_text(self.single()).lower()
            elif self._take("!="):
                value = to_text(value).lower() != to_text(self.single()).lower()
            else:
                return value

    def single(self) -> Value:
        if self._take("!"):
            return not self.single()
        if self._take("("):
            value = self.either()
            if not self._take(")"):
                raise BotError(f"workflow expression not closed: `{self.text}`")
            return value
        if not self.tokens or self.tokens[0][0] == "op":
            raise BotError(f"workflow expression not understood: `{self.text}`")
        kind, token = self.tokens.pop(0)
        return token[1:-1].replace("''", "'") if kind == "string" else self._look_up(token)

    def _take(self, operator: str) -> bool:
        if self.tokens and self.tokens[0] == ("op", operator):
            self.tokens.pop(0)
            return True
        return False

    def _look_up(self, name: str) -> Value:
        if name in {"true", "false"}:
            return name == "true"
        found: Context | Value = self.context
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        return None if isinstance(found, Mapping) else found
