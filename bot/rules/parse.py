"""Tokens to a tree, by one table of binding powers. It knows the grammar, but no metric, function or unit.

rule       = expression [ "by" [ "any" | "every" ] name { "," name } ]
             [ "for" number | "in" number "of" number "windows" ]
expression = prefix { operator expression | "over" number }
prefix     = "not" expression | "-" expression | "(" expression ")" | number
           | "before" "(" expression ")" | name [ "(" arguments ")" ]
"""

import math
from difflib import get_close_matches

from bot.rules.binding import MINUS_POWER, NOT_POWER, OVER_POWER, POWER
from bot.rules.source import Fault, FaultId, Span, fault_at
from bot.rules.syntax import (
    COMPARISONS,
    Before,
    Binary,
    Call,
    Expression,
    Grouping,
    Hold,
    Inversion,
    Name,
    Negation,
    Number,
    Operator,
    Over,
    Quorum,
    Statement,
    children,
)
from bot.rules.tokens import KEYWORDS, Token, TokenKind, tokenize

MAX_DEPTH = 64
"""Levels that a rule's tree may have."""

ANY, EVERY = "any", "every"
"""Words that mean something after `by` only."""
_PLACES = {
    "by": "`by` stands once, after the whole condition and before `for` and `in … windows`",
    "for": "`for` and `in … windows` stand once, at the end, and cover the whole rule",
    "in": "`for` and `in … windows` stand once, at the end, and cover the whole rule",
    "before": "`before` takes a metric in parentheses: `before(error_rate)`",
}
"""Where words belong that stand in a wrong place."""
_OTHER_WORDS = {
    "between": "write `a >= 3_days and a <= 5_days`",
    "unless": "write `and not`",
}
"""Words that people write for something the language has."""
_OPERATORS = {operator.value: operator for operator in Operator}
_WORD = 20
"""Characters of a word that are compared with those of the language."""


def parse(text: str) -> Statement | Fault:
    """Read a rule's text as a tree, or tell the first thing that is no rule."""
    tokens = tokenize(text)
    if isinstance(tokens, Fault):
        return tokens
    try:
        statement = _Parser(tokens).statement()
    except _SyntaxFault as failure:
        return failure.fault
    return _too_deep(statement.condition) or statement


class _SyntaxFault(Exception):  # noqa: N818 - never leaves this module, and is no error of the program
    def __init__(self, fault: Fault) -> None:
        super().__init__(fault.message)
        self.fault = fault


class _Parser:
    """One pass over the tokens; `_nesting` bounds the recursion, the tree's depth is checked afterwards."""

    def __init__(self, tokens: tuple[Token, ...]) -> None:
        self._tokens = tokens
        self._position = 0
        self._nesting = 0

    def statement(self) -> Statement:
        condition = self._expression(0)
        start = self._take("by")
        grouping = self._grouping(start) if start else None
        sustain: Hold | Quorum | None = None
        if start := self._take("for"):
            duration = self._number("a duration such as `3_days`")
            sustain = Hold(duration=duration, span=start.span.to(duration.span))
        elif start := self._take("in"):
            sustain = self._quorum(start)
        if self._next.kind is not TokenKind.END:
            raise self._unexpected(self._awaited(grouping, sustain), _PLACES["for"] if sustain else "")
        return Statement(condition=condition, grouping=grouping, sustain=sustain)

    def _awaited(self, grouping: Grouping | None, sustain: Hold | Quorum | None) -> str:
        if sustain:
            return "the end of the rule"
        return "`for`, `in` or the end of the rule" if grouping else "an operator or the end of the rule"

    def _grouping(self, start: Token) -> Grouping:
        every = self._next.text == EVERY
        if self._next.text in {ANY, EVERY}:
            self._advance()
        labels = [self._label()]
        while self._take(","):
            labels.append(self._label())
        return Grouping(labels=tuple(labels), every=every, span=start.span.to(labels[-1].span))

    def _label(self) -> Name:
        token = self._next
        if token.kind is not TokenKind.NAME:
            raise self._unexpected("a label, such as `by office`")
        self._advance()
        return Name(text=token.text, span=token.span)

    def _quorum(self, start: Token) -> Quorum:
        needed = self._number("how many windows, such as `in 6 of 12 windows`")
        self._expect("of")
        windows = self._number("a number of windows")
        end = self._expect("windows")
        return Quorum(needed=needed, windows=windows, span=start.span.to(end.span))

    def _expression(self, power: int) -> Expression:
        """Read operators that bind tighter than `power`."""
        self._nesting += 1
        if self._nesting > MAX_DEPTH:
            raise _SyntaxFault(_depth_fault(self._next.span))
        left = self._prefix()
        compared = False
        while True:
            operator = self._operator()
            if operator is None and self._next.text == "over" and power < OVER_POWER:
                left = self._over(left)
            elif operator is None or POWER[operator] <= power:
                break
            else:
                if compared and operator in COMPARISONS:
                    raise self._chained()
                compared = operator in COMPARISONS
                left = self._binary(left, operator)
        self._nesting -= 1
        return left

    def _binary(self, left: Expression, operator: Operator) -> Binary:
        self._advance()
        right = self._expression(POWER[operator])
        return Binary(operator=operator, left=left, right=right, span=left.span.to(right.span))

    def _over(self, operand: Expression) -> Over:
        self._advance()
        width = self._number("a window such as `7_days`")
        return Over(operand=operand, width=width, span=operand.span.to(width.span))

    def _prefix(self) -> Expression:
        token = self._next
        if token.kind is TokenKind.NUMBER:
            return self._number("")
        if token.kind is TokenKind.NAME:
            return self._name()
        if self._take("not"):
            operand = self._expression(NOT_POWER)
            return Inversion(operand=operand, span=token.span.to(operand.span))
        if self._take("-"):
            operand = self._expression(MINUS_POWER)
            return Negation(operand=operand, span=token.span.to(operand.span))
        if self._take("("):
            inner = self._expression(0)
            self._expect(")")
            return inner
        if self._take("before"):
            self._expect("(")
            inner = self._expression(0)
            end = self._expect(")")
            return Before(operand=inner, span=token.span.to(end.span))
        raise self._unexpected("a metric, a number or `(`")

    def _name(self) -> Name | Call:
        token = self._advance()
        if not self._take("("):
            return Name(text=token.text, span=token.span)
        arguments: list[Expression] = []
        if self._next.text != ")":
            arguments.append(self._expression(0))
            while self._take(","):
                arguments.append(self._expression(0))
        end = self._expect(")")
        return Call(function=token.text, arguments=tuple(arguments), span=token.span.to(end.span))

    def _number(self, wanted: str) -> Number:
        token = self._next
        if token.kind is not TokenKind.NUMBER:
            raise self._unexpected(wanted)
        self._advance()
        value = float(token.text.replace("_", ""))
        if math.isinf(value):
            raise _SyntaxFault(fault_at(token.span, FaultId.NUMBER_SIZE, "the number is too large to compute with"))
        return Number(value=value, unit=token.unit, span=token.span)

    @property
    def _next(self) -> Token:
        return self._tokens[self._position]

    def _advance(self) -> Token:
        token = self._next
        self._position += 1
        return token

    def _take(self, text: str) -> Token | None:
        return self._advance() if self._next.text == text else None

    def _expect(self, text: str) -> Token:
        return self._take(text) or self._raise(self._unexpected(f"`{text}`"))

    def _operator(self) -> Operator | None:
        return _OPERATORS.get(self._next.text)

    def _raise(self, failure: _SyntaxFault) -> Token:
        raise failure

    def _chained(self) -> _SyntaxFault:
        return _SyntaxFault(
            fault_at(
                self._next.span,
                FaultId.CHAINED_COMPARISON,
                "comparisons do not chain",
                "write `a < b and b < c`",
            )
        )

    def _unexpected(self, wanted: str, otherwise: str = "") -> _SyntaxFault:
        token = self._next
        found = f"`{_quoted(token)}`" if token.kind is not TokenKind.END else "the end of the rule"
        hint = self._hint(token) or otherwise
        return _SyntaxFault(fault_at(token.span, FaultId.SYNTAX, f"expected {wanted}, found {found}", hint))

    def _hint(self, token: Token) -> str:
        if token.text.lower() in KEYWORDS and token.kind is TokenKind.NAME:
            return f"write `{token.text.lower()}` in small letters"
        last = self._tokens[self._position - 1] if self._position else token
        if last.kind is TokenKind.NUMBER and token.kind is TokenKind.NAME and not last.unit:
            return f"join the number and its unit: `{last.text}_{_quoted(token)}`"
        if last.kind is TokenKind.NUMBER and token.text == ",":
            return "write `1_000` for thousands, and a point for fractions: `0.5`"
        if hint := _PLACES.get("before" if last.text == "before" else token.text) or _OTHER_WORDS.get(token.text):
            return hint
        close = get_close_matches(token.text[:_WORD], KEYWORDS, n=1) if token.kind is TokenKind.NAME else []
        return f"did you mean `{close[0]}`?" if close else ""


def _quoted(token: Token) -> str:
    """A token as it may stand in a message: long ones are cut."""
    text = token.text + (f"_{token.unit}" if token.unit else "")
    return text if len(text) <= 60 else f"{text[:60]}…"


def _depth_fault(span: Span) -> Fault:
    return fault_at(span, FaultId.TOO_DEEP, f"the rule is nested more than {MAX_DEPTH} levels deep")


def _too_deep(condition: Expression) -> Fault | None:
    """Find a node below the deepest level allowed, without recursion: long sums nest to the left."""
    level: list[Expression] = [condition]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in children(node)]
    return _depth_fault(level[0].span) if level else None
