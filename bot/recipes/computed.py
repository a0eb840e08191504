"""What a computed value comes to: the present value, the recipe's rule and policy's range → an exact decimal (pure).

A whole number stays whole: it is rounded to the nearest, halves away from zero. A fraction keeps fifteen significant
digits, which every reader of numbers holds exactly. A result beyond the range is held to its end.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Context, Decimal
from typing import assert_never

from bot.model.impact import ValueRange
from bot.model.recipe import Computed, Operation, Setting

POLICY = "pow/settings/policy.yml"
_EXACT = Context(prec=80, rounding=ROUND_HALF_UP)
_HELD_EXACTLY = Context(prec=15, rounding=ROUND_HALF_UP)


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A value that differs from the present one, and how it came about."""

    value: Setting
    how: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoStep:
    """Why the rule leads nowhere from the present value: it is at the end of the range, or rounds to itself."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NoValue:
    """Why nothing can be computed at all, and what to do about it."""

    reason: str
    hint: str


def compute(key: str, rule: Computed, present: Setting, allowed: ValueRange | None) -> Result | NoStep | NoValue:
    """Compute what a key is to have; without a range a value that is computed again and again has no bound."""
    if isinstance(present, bool | str):
        kind = "text" if isinstance(present, str) else "true or false"
        return NoValue(reason=f"{key} is {kind}, so nothing can be computed from it", hint="write the value out")
    if allowed is None:
        hint = f"add `{key}: {{minimum: ..., maximum: ...}}` to `ranges` in {POLICY}"
        return NoValue(reason=f"{key} is computed, but policy has no range that bounds it", hint=hint)
    before = Decimal(str(present))
    exact = _exact(before, rule)
    rounded = _rounded(exact, whole=isinstance(present, int))
    how = f"{spoken(rule, before)} = {plain(exact)}{_unless_same(', rounded to {}', rounded, exact)}"
    if rounded == before:
        return NoStep(reason=f"{key} stays {plain(before)}: {how}")
    least, most = _ends(allowed, whole=isinstance(present, int))
    rises = rounded > before
    end, word = (most, "most") if rises else (least, "least")
    if (end <= before) if rises else (end >= before):
        return NoStep(reason=f"{key} is {plain(before)} already, and the {word} that policy allows is {plain(end)}")
    held = max(least, min(most, rounded))
    word = "most" if held < rounded else "least"
    how += _unless_same(f", held to {{}}, the {word} that policy allows", held, rounded)
    return Result(value=int(held) if isinstance(present, int) else float(held), how=how)


def spoken(rule: Computed, before: Decimal) -> str:
    """Write a rule as a calculation: `5 + 50%`."""
    start = plain(before)
    sign = "-" if rule.operand < 0 else "+"
    match rule.operation:
        case Operation.ADD:
            return f"{start} {sign} {plain(abs(rule.operand))}"
        case Operation.ADD_SHARE:
            return f"{start} {sign} {plain(abs(rule.operand) * 100)}%"
        case Operation.MULTIPLY:
            return f"{start} \u00d7 {plain(rule.operand)}"
        case _:
            assert_never(rule.operation)


def plain(number: Decimal) -> str:
    """Write a decimal with as many digits as it needs, fifteen at most."""
    text = f"{_HELD_EXACTLY.plus(number):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(before: Decimal, rule: Computed) -> Decimal:
    match rule.operation:
        case Operation.ADD:
            return _EXACT.add(before, rule.operand)
        case Operation.ADD_SHARE:
            return _EXACT.add(before, _EXACT.multiply(abs(before), rule.operand))
        case Operation.MULTIPLY:
            return _EXACT.multiply(before, rule.operand)
        case _:
            assert_never(rule.operation)


def _rounded(exact: Decimal, *, whole: bool) -> Decimal:
    return exact.to_integral_value(ROUND_HALF_UP) if whole else _HELD_EXACTLY.plus(exact)


def _ends(allowed: ValueRange, *, whole: bool) -> tuple[Decimal, Decimal]:
    """Return the least and the most, for a whole number the whole numbers within."""
    least, most = Decimal(str(allowed.minimum)), Decimal(str(allowed.maximum))
    if whole:
        return least.to_integral_value(ROUND_CEILING), most.to_integral_value(ROUND_FLOOR)
    return least, most


def _unless_same(template: str, value: Decimal, other: Decimal) -> str:
    """Name a value where it shows that it is another one."""
    return "" if plain(value) == plain(other) else template.format(plain(value))
