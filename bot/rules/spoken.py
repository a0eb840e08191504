"""A checked rule as a person would say it: `the largest wait_time of the last day is more than 20 days`.

It says what evaluation does, no more and no less; it measures nothing.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.rules.compile import Rule
from bot.rules.display import show_duration, show_value
from bot.rules.grid import conjuncts, step_of
from bot.rules.sustain import MAX_GAP
from bot.rules.syntax import Operator
from bot.rules.typed import (
    Combined,
    Compared,
    Computed,
    Constant,
    GroupedBy,
    HoldFor,
    Inverted,
    InWindows,
    Logical,
    Negated,
    Numeric,
    Reduced,
)

_IS = {
    Operator.LESS: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.MORE: "is more than",
    Operator.AT_LEAST: "is at least",
    Operator.EQUAL: "is exactly",
    Operator.UNEQUAL: "is not",
}
_OPPOSITE = {
    Operator.LESS: Operator.AT_LEAST,
    Operator.AT_MOST: Operator.MORE,
    Operator.MORE: Operator.AT_MOST,
    Operator.AT_LEAST: Operator.LESS,
    Operator.EQUAL: Operator.UNEQUAL,
    Operator.UNEQUAL: Operator.EQUAL,
}
"""What `not` makes of a comparison: a missing value stays missing, so nothing is lost."""
_JOINS = {
    Operator.ADD: "plus",
    Operator.SUBTRACT: "minus",
    Operator.MULTIPLY: "times",
    Operator.DIVIDE: "divided by",
}
_PICKS = {"max": "largest", "min": "smallest", "mean": "mean", "median": "median", "last": "newest"}
_ORDINALS = {1: "st", 2: "nd", 3: "rd"}


def speak(rule: Rule, *, coverage: float) -> str:
    """Say when a rule holds, to stand after "when"; `coverage` is the share of windows that `for` needs measured."""
    return _grouped(rule.tree.grouping) + _sustained(rule, coverage) + _delayed(rule.delay)


def speak_limit(rule: Rule) -> str:
    """Say a rule's condition alone, whatever time it is looked at over: `error_rate is more than 5%`."""
    logic = rule.tree.logic
    return _Speaker(names=_short_names(rule.feeds), step=step_of(logic)).condition(logic)


def _sustained(rule: Rule, coverage: float) -> str:
    logic, names = rule.tree.logic, _short_names(rule.feeds)
    match rule.tree.sustain:
        case None:
            return _Speaker(names=names).condition(logic)
        case HoldFor(duration=duration):
            return _held(logic, duration, names, coverage)
        case InWindows(needed=needed, windows=windows):
            step = step_of(logic)
            said = _Speaker(names=names, step=step).condition(logic)
            return f"{said}, in {needed} of the last {windows} windows of {show_duration(step)}"
        case _:
            assert_never(rule.tree.sustain)


def _held(logic: Logical, duration: timedelta, names: dict[FeedName, str], coverage: float) -> str:
    """Say `for`: each part of an `and` is held against windows of its own width."""
    parts = conjuncts(logic)
    steps = [step_of(part) for part in parts]
    said = [
        _Speaker(names=names, step=step).condition(part, inner=len(parts) > 1)
        for part, step in zip(parts, steps, strict=True)
    ]
    if len(set(steps)) == 1:
        whole = f"{' and '.join(said)}, in every window of {show_duration(steps[0])}"
    else:
        each = (f"{part} in every window of {show_duration(step)}" for part, step in zip(said, steps, strict=True))
        whole = f"{', and '.join(each)},"
    measured = "all" if coverage >= 1 else f"at least {coverage * 100:.4g}%"
    return (
        f"{whole} for {show_duration(duration)}, "
        f"{measured} of them measured and never more than {MAX_GAP} in a row missing"
    )


def _grouped(grouping: GroupedBy | None) -> str:
    """Say which groups must meet the condition, each measured by itself."""
    if grouping is None:
        return ""
    group = " and ".join(grouping.labels)
    return f"in every {group}, " if grouping.every else f"in at least one {group}, "


def _delayed(delay: timedelta) -> str:
    """Say that the newest time is left out, where samples come in late."""
    return f" (as of {show_duration(delay)} ago, since its data comes in late)" if delay else ""


def _short_names(feeds: tuple[FeedName, ...]) -> dict[FeedName, str]:
    """Name feeds by their last part where that tells them apart."""
    lasts = Counter(feed.rsplit(".", 1)[-1] for feed in feeds)
    return {feed: last if lasts[last := feed.rsplit(".", 1)[-1]] == 1 else feed for feed in feeds}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Speaker:
    """Says the parts of one rule; `step` is the width of the windows that it is held against, None for just now."""

    names: dict[FeedName, str]
    step: timedelta | None = None

    def condition(self, node: Logical, *, inner: bool = False) -> str:
        """Say a condition, in parentheses where it stands among others and would be torn apart."""
        match node:
            case Compared():
                return self._comparison(node, node.operator)
            case Combined():
                left, right = (self._side(side, node.operator) for side in (node.left, node.right))
                said = f"{left} {node.operator} {right}"
                return f"({said})" if inner else said
            case Inverted(operand=Compared() as compared):
                return self._comparison(compared, _OPPOSITE[compared.operator])
            case Inverted():
                return f"it is not so that {self.condition(node.operand, inner=True)}"
            case _:
                assert_never(node)

    def _side(self, node: Logical, operator: Operator) -> str:
        """A chain of the same word needs no parentheses."""
        alike = isinstance(node, Combined) and node.operator is operator
        return self.condition(node, inner=not alike)

    def _comparison(self, node: Compared, operator: Operator) -> str:
        return f"{self._number(node.left)} {_IS[operator]} {self._number(node.right)}"

    def _number(self, node: Numeric, *, inner: bool = False) -> str:
        match node:
            case Constant():
                return show_value(node.value, node.unit, exact=True)
            case Reduced():
                return self._reduced(node)
            case Negated():
                return f"minus {self._number(node.operand, inner=True)}"
            case Computed():
                left, right = self._number(node.left, inner=True), self._number(node.right, inner=True)
                said = f"{left} {_JOINS[node.operator]} {right}"
                return f"({said})" if inner else said
            case _:
                assert_never(node)

    def _reduced(self, node: Reduced) -> str:
        name, is_share = self.names[node.metric.name], node.metric.kind is SeriesKind.RATIO
        function = node.function.name if node.function else "mean"
        if is_share and function == "mean":
            return f"{name}{self._span(node, 'over')}"
        word = "of" if function in _PICKS else "in"
        return f"the {_quantity(function, name, is_share=is_share)}{self._span(node, word)}"

    def _span(self, node: Reduced, word: str) -> str:
        """Say which time is looked at; a window that is the step itself needs no saying."""
        length = show_duration(node.window).removeprefix("1 ")
        if node.before:
            return f" {word} the {length} before the change"
        if self.step is None:
            return f" {word} the last {length}"
        return "" if node.window == self.step else f" {word} the {length} up to then"


def _quantity(function: str, name: str, *, is_share: bool) -> str:
    """Say what a function makes of a metric."""
    if function in _PICKS:
        return f"{_PICKS[function]} {name}"
    match function:
        case "count":
            return f"number counted for {name}" if is_share else f"number of {name} samples"
        case "sum":
            return f"number of hits for {name}" if is_share else f"sum of {name}"
        case "rate":
            return f"sum of {name} per time"
        case "stddev":
            return f"standard deviation of {name}"
        case _:
            return f"{_ordinal(int(function.removeprefix('p')))} percentile of {name}"


def _ordinal(number: int) -> str:
    ending = "th" if 10 < number % 100 < 14 else _ORDINALS.get(number % 10, "th")
    return f"{number}{ending}"
