"""A tree back to text, with as few parentheses as keep its meaning: parsing the text gives the same tree."""

from decimal import Decimal
from typing import assert_never

from bot.rules.binding import ATOM_POWER, MINUS_POWER, NOT_POWER, OVER_POWER, POWER
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
    Over,
    Quorum,
    Statement,
)


def format_rule(statement: Statement) -> str:
    """Write a whole rule."""
    condition = format_expression(statement.condition)
    if statement.grouping:
        condition = f"{condition} {_format_grouping(statement.grouping)}"
    match statement.sustain:
        case None:
            return condition
        case Hold(duration=duration):
            return f"{condition} for {format_number(duration)}"
        case Quorum(needed=needed, windows=windows):
            return f"{condition} in {format_number(needed)} of {format_number(windows)} windows"
        case _:
            assert_never(statement.sustain)


def _format_grouping(grouping: Grouping) -> str:
    labels = ", ".join(label.text for label in grouping.labels)
    return f"by every {labels}" if grouping.every else f"by {labels}"


def format_expression(node: Expression) -> str:
    """Write one expression."""
    match node:
        case Number():
            return format_number(node)
        case Name():
            return node.text
        case Call():
            return f"{node.function}({', '.join(format_expression(argument) for argument in node.arguments)})"
        case Over():
            return f"{_operand(node.operand, OVER_POWER)} over {format_number(node.width)}"
        case Before():
            return f"before({format_expression(node.operand)})"
        case Negation() | Inversion() | Binary():
            return _format_operator(node)
        case _:
            assert_never(node)


def format_number(number: Number) -> str:
    """Write a number without an exponent, and its unit as people write it: `5%`, `7d`, `20_days`."""
    digits = f"{Decimal(repr(number.value)):f}".removesuffix(".0")
    joint = "_" if len(number.unit) > 1 else ""
    return f"{digits}{joint}{number.unit}"


def _format_operator(node: Negation | Inversion | Binary) -> str:
    match node:
        case Negation():
            return f"-{_operand(node.operand, MINUS_POWER)}"
        case Inversion():
            return f"not {_operand(node.operand, NOT_POWER)}"
        case Binary():
            power = POWER[node.operator]
            left = _operand(node.left, power + 1 if node.operator in COMPARISONS else power)
            return f"{left} {node.operator} {_operand(node.right, power + 1)}"
        case _:
            assert_never(node)


def _operand(node: Expression, power: int) -> str:
    text = format_expression(node)
    return text if _power(node) >= power else f"({text})"


def _power(node: Expression) -> int:
    match node:
        case Binary():
            return POWER[node.operator]
        case Inversion():
            return NOT_POWER
        case Negation():
            return MINUS_POWER
        case Over():
            return OVER_POWER
        case Number() | Name() | Call() | Before():
            return ATOM_POWER
        case _:
            assert_never(node)
