"""The tree of a rule as it is written: frozen, and equal wherever it stands in the text. It knows no meaning."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import assert_never

from bot.rules.source import NOWHERE, Span


class Operator(StrEnum):
    """Every operator between two operands."""

    OR = "or"
    AND = "and"
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    EQUAL = "=="
    UNEQUAL = "!="
    ADD = "+"
    SUBTRACT = "-"
    MULTIPLY = "*"
    DIVIDE = "/"


LOGIC = frozenset({Operator.OR, Operator.AND})
COMPARISONS = frozenset(
    {
        Operator.LESS,
        Operator.AT_MOST,
        Operator.MORE,
        Operator.AT_LEAST,
        Operator.EQUAL,
        Operator.UNEQUAL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number as written, with its unit's text: `20_days`."""

    value: float
    unit: str = ""
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """The name of a metric: `wait_time`, `metrics.passport.wait_time`."""

    text: str
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A function and what it is applied to: `max(wait_time)`."""

    function: str
    arguments: tuple["Expression", ...]
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """An operand with a window of its own: `wait_time over 7_days`."""

    operand: "Expression"
    width: Number
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """`before(error_rate)`: what it was in the time before the change."""

    operand: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Negation:
    """A minus sign before an operand."""

    operand: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inversion:
    """`not` before a condition."""

    operand: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Binary:
    """An operator between two operands."""

    operator: Operator
    left: "Expression"
    right: "Expression"
    span: Span = field(default=NOWHERE, compare=False)


Expression = Number | Name | Call | Over | Before | Negation | Inversion | Binary


@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """`by office`, `by every office, region`: the rule is asked of each group; any, or every one, must meet it."""

    labels: tuple[Name, ...]
    every: bool = False
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`for 3_days`: the condition must be met all this time."""

    duration: Number
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quorum:
    """`in 6 of 12 windows`: the condition must be met in so many of the last windows."""

    needed: Number
    windows: Number
    span: Span = field(default=NOWHERE, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A whole rule: its condition, of which groups it is asked, and how long or how often it must be met."""

    condition: Expression
    grouping: Grouping | None = None
    sustain: Hold | Quorum | None = None


def children(node: Expression) -> tuple[Expression, ...]:
    """Return a node's operands, in the order of the text."""
    match node:
        case Binary():
            return (node.left, node.right)
        case Call():
            return node.arguments
        case Over() | Before() | Negation() | Inversion():
            return (node.operand,)
        case Number() | Name():
            return ()
        case _:
            assert_never(node)
