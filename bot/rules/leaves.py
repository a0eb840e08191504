"""Gives the leaves of a tree their meaning: numbers with their units, metrics, and the functions that reduce them."""

import math
from dataclasses import replace
from datetime import timedelta

from bot.model.series import SeriesKind
from bot.model.unit import PLAIN_COUNT, RATIO, TIME, Unit, per_time
from bot.rules.catalog import Ambiguous, Metric, Scope, find_metric, nearest, nearest_metric
from bot.rules.display import show_duration
from bot.rules.format import format_expression
from bot.rules.functions import FUNCTIONS, SYNONYMS, Function, Result
from bot.rules.source import Fault, FaultId, Span, fault_at
from bot.rules.syntax import (
    Before,
    Call,
    Expression,
    Name,
    Number,
    Over,
)
from bot.rules.typed import (
    Constant,
    Reduced,
)
from bot.rules.units import (
    LONGEST,
    PLAIN_QUOTIENT,
    SLIPS,
    as_duration,
    find_unit,
    period_of,
    unit_names,
)

_HINTED = 10
"""Faults after which unknown names get no hint: searching a large catalog for each would take too long."""


class Leaves:
    """What one walk over a tree resolves names in, and the faults that it finds.

    A method returns None where it has put a fault. `grouped` are the labels that the rule is measured by; where it
    has any, `named` are the metrics that it names.
    """

    def __init__(self, scope: Scope) -> None:
        self.faults: list[Fault] = []
        self.grouped: frozenset[str] = frozenset()
        self.named: dict[Metric, None] = {}
        self._scope = scope
        self._declared = tuple(metric.unit for metric in scope.metrics)

    def constant(self, node: Number) -> Constant | None:
        """Give a number its unit, and its value in the base unit."""
        unit = find_unit(node.unit, self._declared)
        if unit is None:
            hint = SLIPS.get(node.unit) or nearest(node.unit, unit_names(self._declared))
            self.fault(node.span, FaultId.UNKNOWN_UNIT, f"unknown unit `{shortened(node.unit)}`", hint)
            return None
        value = node.value * unit.factor
        if math.isinf(value):
            self.fault(node.span, FaultId.NUMBER_SIZE, "the number is too large to compute with")
            return None
        return Constant(value=value, unit=unit, text=format_expression(node))

    def call(self, node: Call) -> Reduced | None:
        """Resolve a function of one metric."""
        function = FUNCTIONS.get(node.function)
        span = Span(start=node.span.start, end=node.span.start + len(node.function))
        if function is None:
            synonym = SYNONYMS.get(node.function.lower())
            hint = f"did you mean `{synonym}`?" if synonym else nearest(node.function, tuple(FUNCTIONS))
            self.fault(span, FaultId.UNKNOWN_FUNCTION, f"unknown function `{shortened(node.function)}`", hint)
            return None
        if len(node.arguments) != 1:
            message = f"`{function.name}` takes one metric, here it has {len(node.arguments) or 'none'}"
            self.fault(node.span, FaultId.ARGUMENTS, message, f"write `{function.name}(metric)`")
            return None
        return self.reduced(node.arguments[0], function)

    def before(self, node: Before) -> Reduced | None:
        """Resolve what a metric was before the change, where there is one."""
        operand = node.operand
        if not self._scope.has_change:
            message = "this rule is measured before there is a change, so nothing can be compared with it"
            hint = "use `before` in `success_metric` and `rollback_on`"
            self.fault(node.span, FaultId.NO_CHANGE, message, hint)
            return None
        if not isinstance(operand, Name | Over | Call):
            message = f"`before` takes a metric or one function of it, not `{format_expression(operand)}`"
            self.fault(operand.span, FaultId.ARGUMENTS, message, "write it as `2 * before(metric)`")
            return None
        reduced = self.call(operand) if isinstance(operand, Call) else self.reduced(operand, None)
        return replace(reduced, before=True, text=f"before({reduced.text})") if reduced else None

    def reduced(self, node: Expression, function: Function | None) -> Reduced | None:
        """Resolve a metric, its window, and what reduces it (None: a ratio as it is, the mean of others)."""
        width = self.duration(node.width, FaultId.WINDOW) if isinstance(node, Over) else None
        operand = node.operand if isinstance(node, Over) else node
        if not isinstance(operand, Name):
            self._misplaced(node, operand, function)
            return None
        metric = self._metric(operand)
        if metric and self.grouped:
            self.named[metric] = None
        if metric is None or (isinstance(node, Over) and width is None):
            return None
        if not self._may_reduce(node, operand, metric, function):
            return None
        label = function.name if function else "mean"
        bare = function is None and metric.kind is SeriesKind.RATIO
        window = width or metric.window
        unit, factor = _result(metric, function.result if function else Result.UNIT, window)
        return Reduced(
            metric=metric,
            function=function,
            window=window,
            unit=unit,
            factor=factor,
            text=operand.text if bare else f"{label}({operand.text})",
        )

    def _may_reduce(self, node: Expression, name: Name, metric: Metric, function: Function | None) -> bool:
        """Refuse several series where one is meant, and the rate of a ratio."""
        is_ratio = metric.kind is SeriesKind.RATIO or metric.unit.dimension == RATIO
        if function and function.result is Result.RATE and is_ratio:
            message = f"`{name.text}` is a ratio, and so many per time is not"
            self.fault(name.span, FaultId.ARGUMENTS, message, f"compare the ratio itself: `{name.text} > 5%`")
            return False
        apart = [label for label in metric.labels if label not in self.grouped]
        mistaken = not self.grouped.issubset(metric.labels)
        if not apart or mistaken or (function and function.pools):
            return True
        wanted = ", ".join((*sorted(self.grouped), *apart))
        pooled = Call(function="sum" if function and function.result is Result.RATE else "mean", arguments=(node,))
        message = f"`{name.text}` is several series, one per {' and '.join(apart)}"
        hint = f"write `by {wanted}`, or reduce them together: `{format_expression(pooled)}`"
        self.fault(name.span, FaultId.SEVERAL_SERIES, message, hint)
        return False

    def _misplaced(self, node: Expression, operand: Expression, function: Function | None) -> None:
        """Say why something that is no metric cannot be reduced."""
        text = format_expression(operand)
        if function:
            message = f"`{function.name}` takes a metric, not `{text}`"
            self.fault(operand.span, FaultId.ARGUMENTS, message, "reduce the metric first, then compute")
            return
        hint = ""
        if isinstance(node, Over) and isinstance(operand, Call) and len(operand.arguments) == 1:
            inner = Over(operand=operand.arguments[0], width=node.width)
            hint = f"write `{format_expression(Call(function=operand.function, arguments=(inner,)))}`"
        elif isinstance(node, Over) and isinstance(operand, Before):
            hint = f"write `{format_expression(Before(operand=Over(operand=operand.operand, width=node.width)))}`"
        self.fault(node.span, FaultId.WINDOW, f"`over` follows a metric, not `{text}`", hint)

    def _metric(self, name: Name) -> Metric | None:
        found = find_metric(name.text, self._scope)
        if found is None:
            if name.text in self._scope.others.union(self._scope.watched):
                message = f"`{name.text}` is no metric: rules read numbers in time, not complaints or process logs"
                self.fault(name.span, FaultId.NOT_A_METRIC, message, self.known())
                return None
            hint = nearest_metric(name.text, self._scope) if len(self.faults) < _HINTED else ""
            self.fault(name.span, FaultId.UNKNOWN_NAME, f"unknown metric `{shortened(name.text)}`", hint)
            return None
        if isinstance(found, Ambiguous):
            message = f"`{name.text}` may mean {' or '.join(f'`{known}`' for known in found.names)}"
            self.fault(name.span, FaultId.AMBIGUOUS_NAME, message, "write the full name, or watch one of them")
            return None
        if not timedelta(0) < found.window <= LONGEST or not timedelta(0) <= found.delay <= LONGEST:
            message = f"`{found.name}` has no usable window or delay in the feed settings"
            hint = f"give the feed a `window` above zero, and both at most {show_duration(LONGEST)}"
            self.fault(name.span, FaultId.WINDOW, message, hint)
            return None
        return found

    def duration(self, number: Number, fault: FaultId) -> timedelta | None:
        """Return a time above zero and no longer than the longest; else put a fault of this kind."""
        constant = self.constant(number)
        if constant is None:
            return None
        duration = as_duration(number.value, constant.unit)
        if duration is None:
            text = format_expression(number)
            message = f"`{text}` is no duration above zero and up to {show_duration(LONGEST)}"
            self.fault(number.span, fault, message, "write a time such as `7_days` or `90_min`")
            return None
        return duration

    def known(self) -> str:
        """Name the metrics that there are, as a hint."""
        return nearest("", tuple(sorted(metric.name for metric in self._scope.metrics)))

    def fault(self, span: Span, fault: FaultId, message: str, hint: str = "") -> None:
        """Put a fault at a place of the text."""
        self.faults.append(fault_at(span, fault, message, hint))


def _result(metric: Metric, result: Result, window: timedelta) -> tuple[Unit, float]:
    """The unit of a reduced metric, and the factor to its base unit.

    A ratio of counts has no unit in its samples: numerator over denominator is a plain ratio, however it is shown. A
    time per time is none either: days waited per day are how many wait on average.
    """
    if result is Result.RATE:
        is_time = metric.unit.dimension == TIME
        return PLAIN_QUOTIENT if is_time else per_time(metric.unit, period_of(window)), metric.unit.factor
    counts = metric.kind is SeriesKind.RATIO and metric.unit.dimension == RATIO
    if result is Result.COUNT or (result is Result.TOTAL and counts):
        return PLAIN_COUNT, 1.0
    return metric.unit, 1.0 if counts else metric.unit.factor


def shortened(text: str) -> str:
    """Cut what somebody wrote to 60 characters, for a message."""
    return text if len(text) <= 60 else f"{text[:60]}…"
