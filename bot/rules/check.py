"""Gives a tree its meaning, or collects everything that is wrong with it. It changes nothing and computes nothing."""

import math
from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from bot.model.series import SeriesKind
from bot.model.unit import PLAIN_COUNT, RATIO, TIME, Unit, per_time
from bot.rules.catalog import Ambiguous, Metric, Scope, find_metric, nearest, nearest_metric
from bot.rules.display import describe, example, example_unit, show_duration, suggest
from bot.rules.format import format_expression
from bot.rules.functions import FUNCTIONS, SYNONYMS, Function, Result
from bot.rules.grid import MAX_WINDOWS, reach_of, window_count
from bot.rules.source import Fault, FaultId, Span, fault_at
from bot.rules.syntax import (
    COMPARISONS,
    LOGIC,
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
)
from bot.rules.typed import (
    Combined,
    Compared,
    Computed,
    Condition,
    Constant,
    GroupedBy,
    HoldFor,
    Inverted,
    InWindows,
    Logical,
    Negated,
    Numeric,
    Reduced,
    present,
    reductions,
)
from bot.rules.units import (
    LONGEST,
    PLAIN,
    PLAIN_QUOTIENT,
    SLIPS,
    as_duration,
    compatible,
    find_unit,
    period_of,
    product_unit,
    quotient_unit,
    sum_unit,
    unit_names,
)

_HINTED = 10
"""Faults after which unknown names get no hint: searching a large catalog for each would take too long."""
_UNIT_OF = {
    Operator.ADD: sum_unit,
    Operator.SUBTRACT: sum_unit,
    Operator.MULTIPLY: product_unit,
    Operator.DIVIDE: quotient_unit,
}


def check(statement: Statement, scope: Scope) -> Condition | tuple[Fault, ...]:
    """Resolve names and units of a tree; or return all its faults, in the order of the text."""
    checker = _Checker(scope)
    condition = checker.condition(statement)
    if condition is None or checker.faults:
        return tuple(sorted(checker.faults, key=lambda fault: (fault.offset, fault.id)))
    return condition


class _Checker:
    """One walk over a tree; a method returns None where it has put a fault."""

    def __init__(self, scope: Scope) -> None:
        self.faults: list[Fault] = []
        self._scope = scope
        self._declared = tuple(metric.unit for metric in scope.metrics)
        self._grouped: frozenset[str] = frozenset()
        self._named: dict[Metric, None] = {}

    def condition(self, statement: Statement) -> Condition | None:
        """Check a whole rule, and that it does not ask for too many windows."""
        if statement.grouping:
            self._grouped = frozenset(label.text for label in statement.grouping.labels)
        logic = self._logic(statement.condition)
        if logic and not present(logic):
            message = "this looks only at the time before the change: it is always the same"
            hint = "compare it with the present, as in `error_rate > 1.5 * before(error_rate)`"
            self._fault(statement.condition.span, FaultId.NO_METRIC, message, hint)
            logic = None
        grouping = self._grouping(statement.grouping) if statement.grouping else None
        if statement.sustain is None:
            return Condition(logic=logic, grouping=grouping) if logic else None
        sustain = self._sustain(statement.sustain)
        if logic is None or sustain is None:
            return None
        condition = Condition(logic=logic, grouping=grouping, sustain=sustain)
        return condition if self._is_bounded(condition, sustain, statement.sustain.span) else None

    def _is_bounded(self, condition: Condition, sustain: HoldFor | InWindows, span: Span) -> bool:
        windows, reach = window_count(condition.logic, sustain), reach_of(condition)
        if windows <= MAX_WINDOWS and reach <= 2 * LONGEST:
            return True
        message = f"this looks at {windows} windows over {show_duration(reach)}"
        hint = f"at most {MAX_WINDOWS} windows over {show_duration(2 * LONGEST)} are possible: ask for less"
        self._fault(span, FaultId.SUSTAIN, message, hint)
        return False

    def _grouping(self, grouping: Grouping) -> GroupedBy:
        """Check that every feed of the rule has every label, and that none is named twice."""
        names = tuple(label.text for label in grouping.labels)
        for place, label in enumerate(grouping.labels):
            if label.text in names[:place]:
                self._fault(label.span, FaultId.LABEL, f"the label `{_cut(label.text)}` is named twice")
                continue
            for metric in self._named:
                if label.text not in metric.labels:
                    self._no_label(label, metric)
        return GroupedBy(labels=names, every=grouping.every)

    def _no_label(self, label: Name, metric: Metric) -> None:
        message = f"`{metric.name}` has no label `{_cut(label.text)}`"
        hint = "its feed declares none: name them as `labels` in pow/settings/feeds.yml"
        self._fault(label.span, FaultId.LABEL, message, nearest(label.text, metric.labels) if metric.labels else hint)

    def _sustain(self, sustain: Hold | Quorum) -> HoldFor | InWindows | None:
        if isinstance(sustain, Hold):
            duration = self._duration(sustain.duration, FaultId.SUSTAIN)
            return HoldFor(duration=duration) if duration else None
        needed, windows = _whole(sustain.needed), _whole(sustain.windows)
        if needed is None or windows is None or not 1 <= needed <= windows:
            message = "`in … of … windows` takes two whole numbers, the first from 1 to the second"
            self._fault(sustain.span, FaultId.SUSTAIN, message, "write `in 6 of 12 windows`")
            return None
        return InWindows(needed=needed, windows=windows)

    def _logic(self, node: Expression) -> Logical | None:
        """Check a node that must be a condition."""
        match node:
            case Binary(operator=operator) if operator in LOGIC:
                left, right = self._logic(node.left), self._logic(node.right)
                return Combined(operator=operator, left=left, right=right) if left and right else None
            case Binary(operator=operator) if operator in COMPARISONS:
                return self._compared(node)
            case Inversion():
                operand = self._logic(node.operand)
                return Inverted(operand=operand) if operand else None
            case Number() | Name() | Call() | Over() | Before() | Negation() | Binary():
                numeric = self._numeric(node)
                if numeric is None:
                    return None
                text = format_expression(node)
                hint = f"compare it: `{text} > {example(20, example_unit(numeric.unit))}`"
                message = f"`{text}` is {describe(numeric.unit)}, not a condition"
                self._fault(node.span, FaultId.NOT_A_CONDITION, message, hint)
                return None
            case _:
                assert_never(node)

    def _numeric(self, node: Expression) -> Numeric | None:
        """Check a node that must be a number."""
        match node:
            case Number():
                return self._constant(node)
            case Name() | Over():
                return self._reduced(node, None)
            case Call() | Before():
                return self._call(node) if isinstance(node, Call) else self._before(node)
            case Negation():
                return self._negated(node)
            case Binary(operator=operator) if operator in _UNIT_OF:
                return self._computed(node)
            case Inversion() | Binary():
                self._logic(node)
                message = f"`{format_expression(node)}` is a condition, not a number"
                self._fault(node.span, FaultId.NOT_A_NUMBER, message, "join conditions with `and` or `or`")
                return None
            case _:
                assert_never(node)

    def _compared(self, node: Binary) -> Compared | None:
        left, right = self._numeric(node.left), self._numeric(node.right)
        if left is None or right is None:
            return None
        if not compatible(left.unit, right.unit):
            self._mismatch(node, left, right, "compared")
            return None
        if not reductions(left) and not reductions(right):
            message = f"`{format_expression(node)}` looks at no metric: it is always the same"
            self._fault(node.span, FaultId.NO_METRIC, message, self._known())
            return None
        return Compared(operator=node.operator, left=left, right=right)

    def _computed(self, node: Binary) -> Computed | None:
        left, right = self._numeric(node.left), self._numeric(node.right)
        if left is None or right is None:
            return None
        unit = _UNIT_OF[node.operator](left.unit, right.unit)
        if unit is None:
            verb = {Operator.MULTIPLY: "multiplied", Operator.DIVIDE: "divided"}.get(node.operator, "added")
            self._mismatch(node, left, right, verb)
            return None
        return Computed(operator=node.operator, left=left, right=right, unit=unit, text=format_expression(node))

    def _negated(self, node: Negation) -> Constant | Negated | None:
        operand = self._numeric(node.operand)
        if operand is None:
            return None
        text = format_expression(node)
        if isinstance(operand, Constant):
            return Constant(value=-operand.value, unit=operand.unit, text=text)
        return Negated(operand=operand, unit=operand.unit, text=text)

    def _constant(self, node: Number) -> Constant | None:
        unit = find_unit(node.unit, self._declared)
        if unit is None:
            hint = SLIPS.get(node.unit) or nearest(node.unit, unit_names(self._declared))
            self._fault(node.span, FaultId.UNKNOWN_UNIT, f"unknown unit `{_cut(node.unit)}`", hint)
            return None
        value = node.value * unit.factor
        if math.isinf(value):
            self._fault(node.span, FaultId.NUMBER_SIZE, "the number is too large to compute with")
            return None
        return Constant(value=value, unit=unit, text=format_expression(node))

    def _call(self, node: Call) -> Reduced | None:
        function = FUNCTIONS.get(node.function)
        span = Span(start=node.span.start, end=node.span.start + len(node.function))
        if function is None:
            synonym = SYNONYMS.get(node.function.lower())
            hint = f"did you mean `{synonym}`?" if synonym else nearest(node.function, tuple(FUNCTIONS))
            self._fault(span, FaultId.UNKNOWN_FUNCTION, f"unknown function `{_cut(node.function)}`", hint)
            return None
        if len(node.arguments) != 1:
            message = f"`{function.name}` takes one metric, here it has {len(node.arguments) or 'none'}"
            self._fault(node.span, FaultId.ARGUMENTS, message, f"write `{function.name}(metric)`")
            return None
        return self._reduced(node.arguments[0], function)

    def _before(self, node: Before) -> Reduced | None:
        operand = node.operand
        if not self._scope.has_change:
            message = "this rule is measured before there is a change, so nothing can be compared with it"
            hint = "use `before` in `success_metric` and `rollback_on`"
            self._fault(node.span, FaultId.NO_CHANGE, message, hint)
            return None
        if not isinstance(operand, Name | Over | Call):
            message = f"`before` takes a metric or one function of it, not `{format_expression(operand)}`"
            self._fault(operand.span, FaultId.ARGUMENTS, message, "write it as `2 * before(metric)`")
            return None
        reduced = self._call(operand) if isinstance(operand, Call) else self._reduced(operand, None)
        return replace(reduced, before=True, text=f"before({reduced.text})") if reduced else None

    def _reduced(self, node: Expression, function: Function | None) -> Reduced | None:
        width = self._duration(node.width, FaultId.WINDOW) if isinstance(node, Over) else None
        operand = node.operand if isinstance(node, Over) else node
        if not isinstance(operand, Name):
            self._misplaced(node, operand, function)
            return None
        metric = self._metric(operand)
        if metric and self._grouped:
            self._named[metric] = None
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
            self._fault(name.span, FaultId.ARGUMENTS, message, f"compare the ratio itself: `{name.text} > 5%`")
            return False
        apart = [label for label in metric.labels if label not in self._grouped]
        mistaken = not self._grouped.issubset(metric.labels)
        if not apart or mistaken or (function and function.pools):
            return True
        wanted = ", ".join((*sorted(self._grouped), *apart))
        pooled = Call(function="sum" if function and function.result is Result.RATE else "mean", arguments=(node,))
        message = f"`{name.text}` is several series, one per {' and '.join(apart)}"
        hint = f"write `by {wanted}`, or reduce them together: `{format_expression(pooled)}`"
        self._fault(name.span, FaultId.SEVERAL_SERIES, message, hint)
        return False

    def _misplaced(self, node: Expression, operand: Expression, function: Function | None) -> None:
        """Say why something that is no metric cannot be reduced."""
        text = format_expression(operand)
        if function:
            message = f"`{function.name}` takes a metric, not `{text}`"
            self._fault(operand.span, FaultId.ARGUMENTS, message, "reduce the metric first, then compute")
            return
        hint = ""
        if isinstance(node, Over) and isinstance(operand, Call) and len(operand.arguments) == 1:
            inner = Over(operand=operand.arguments[0], width=node.width)
            hint = f"write `{format_expression(Call(function=operand.function, arguments=(inner,)))}`"
        elif isinstance(node, Over) and isinstance(operand, Before):
            hint = f"write `{format_expression(Before(operand=Over(operand=operand.operand, width=node.width)))}`"
        self._fault(node.span, FaultId.WINDOW, f"`over` follows a metric, not `{text}`", hint)

    def _metric(self, name: Name) -> Metric | None:
        found = find_metric(name.text, self._scope)
        if found is None:
            if name.text in self._scope.others.union(self._scope.watched):
                message = f"`{name.text}` is no metric: rules read numbers in time, not complaints or process logs"
                self._fault(name.span, FaultId.NOT_A_METRIC, message, self._known())
                return None
            hint = nearest_metric(name.text, self._scope) if len(self.faults) < _HINTED else ""
            self._fault(name.span, FaultId.UNKNOWN_NAME, f"unknown metric `{_cut(name.text)}`", hint)
            return None
        if isinstance(found, Ambiguous):
            message = f"`{name.text}` may mean {' or '.join(f'`{known}`' for known in found.names)}"
            self._fault(name.span, FaultId.AMBIGUOUS_NAME, message, "write the full name, or watch one of them")
            return None
        if not timedelta(0) < found.window <= LONGEST or not timedelta(0) <= found.delay <= LONGEST:
            message = f"`{found.name}` has no usable window or delay in the feed settings"
            hint = f"give the feed a `window` above zero, and both at most {show_duration(LONGEST)}"
            self._fault(name.span, FaultId.WINDOW, message, hint)
            return None
        return found

    def _duration(self, number: Number, fault: FaultId) -> timedelta | None:
        constant = self._constant(number)
        if constant is None:
            return None
        duration = as_duration(number.value, constant.unit)
        if duration is None:
            text = format_expression(number)
            message = f"`{text}` is no duration above zero and up to {show_duration(LONGEST)}"
            self._fault(number.span, fault, message, "write a time such as `7_days` or `90_min`")
            return None
        return duration

    def _mismatch(self, node: Binary, left: Numeric, right: Numeric, verb: str) -> None:
        """Put a fault on the side that a person would mend: a number without its unit, else the fixed side."""
        for side, unit, other in ((node.right, right.unit, left.unit), (node.left, left.unit, right.unit)):
            if unit.dimension == PLAIN and isinstance(side, Number):
                message = f"`{format_expression(side)}` has no unit, and the other side is {describe(other)}"
                self._fault(side.span, FaultId.MISSING_UNIT, message, suggest(side.value, other))
                return
        fixed_left = reductions(right) and not reductions(left)
        message = f"{describe(left.unit)} and {describe(right.unit)} cannot be {verb}"
        hint = f"`{left.text}` is {describe(left.unit)}, `{right.text}` is {describe(right.unit)}"
        self._fault(node.left.span if fixed_left else node.right.span, FaultId.UNIT_MISMATCH, message, hint)

    def _known(self) -> str:
        return nearest("", tuple(sorted(metric.name for metric in self._scope.metrics)))

    def _fault(self, span: Span, fault: FaultId, message: str, hint: str = "") -> None:
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


def _whole(number: Number) -> int | None:
    return int(number.value) if number.value.is_integer() and not number.unit else None


def _cut(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:60]}…"
