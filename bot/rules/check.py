"""Gives a tree its meaning, or collects everything that is wrong with it. It changes nothing and computes nothing."""

from typing import assert_never

from bot.rules.catalog import Metric, Scope, nearest
from bot.rules.display import describe, example, example_unit, show_duration, suggest
from bot.rules.format import format_expression
from bot.rules.grid import MAX_WINDOWS, reach_of, window_count
from bot.rules.leaves import Leaves, shortened
from bot.rules.source import Fault, FaultId, Span
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
    present,
    reductions,
)
from bot.rules.units import (
    LONGEST,
    PLAIN,
    compatible,
    product_unit,
    quotient_unit,
    sum_unit,
)

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
    if condition is None or checker.leaves.faults:
        return tuple(sorted(checker.leaves.faults, key=lambda fault: (fault.offset, fault.id)))
    return condition


class _Checker:
    """One walk over a tree; a method returns None where it has put a fault."""

    def __init__(self, scope: Scope) -> None:
        self.leaves = Leaves(scope)

    def condition(self, statement: Statement) -> Condition | None:
        """Check a whole rule, and that it does not ask for too many windows."""
        if statement.grouping:
            self.leaves.grouped = frozenset(label.text for label in statement.grouping.labels)
        logic = self._logic(statement.condition)
        if logic and not present(logic):
            message = "this looks only at the time before the change: it is always the same"
            hint = "compare it with the present, as in `error_rate > 1.5 * before(error_rate)`"
            self.leaves.fault(statement.condition.span, FaultId.NO_METRIC, message, hint)
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
        self.leaves.fault(span, FaultId.SUSTAIN, message, hint)
        return False

    def _grouping(self, grouping: Grouping) -> GroupedBy:
        """Check that every feed of the rule has every label, and that none is named twice."""
        names = tuple(label.text for label in grouping.labels)
        for place, label in enumerate(grouping.labels):
            if label.text in names[:place]:
                self.leaves.fault(label.span, FaultId.LABEL, f"the label `{shortened(label.text)}` is named twice")
                continue
            for metric in self.leaves.named:
                if label.text not in metric.labels:
                    self._no_label(label, metric)
        return GroupedBy(labels=names, every=grouping.every)

    def _no_label(self, label: Name, metric: Metric) -> None:
        message = f"`{metric.name}` has no label `{shortened(label.text)}`"
        hint = "its feed declares none: name them as `labels` in pow/settings/feeds.yml"
        self.leaves.fault(
            label.span, FaultId.LABEL, message, nearest(label.text, metric.labels) if metric.labels else hint
        )

    def _sustain(self, sustain: Hold | Quorum) -> HoldFor | InWindows | None:
        if isinstance(sustain, Hold):
            duration = self.leaves.duration(sustain.duration, FaultId.SUSTAIN)
            return HoldFor(duration=duration) if duration else None
        needed, windows = _whole(sustain.needed), _whole(sustain.windows)
        if needed is None or windows is None or not 1 <= needed <= windows:
            message = "`in … of … windows` takes two whole numbers, the first from 1 to the second"
            self.leaves.fault(sustain.span, FaultId.SUSTAIN, message, "write `in 6 of 12 windows`")
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
                self.leaves.fault(node.span, FaultId.NOT_A_CONDITION, message, hint)
                return None
            case _:
                assert_never(node)

    def _numeric(self, node: Expression) -> Numeric | None:
        """Check a node that must be a number."""
        match node:
            case Number():
                return self.leaves.constant(node)
            case Name() | Over():
                return self.leaves.reduced(node, None)
            case Call() | Before():
                return self.leaves.call(node) if isinstance(node, Call) else self.leaves.before(node)
            case Negation():
                return self._negated(node)
            case Binary(operator=operator) if operator in _UNIT_OF:
                return self._computed(node)
            case Inversion() | Binary():
                self._logic(node)
                message = f"`{format_expression(node)}` is a condition, not a number"
                self.leaves.fault(node.span, FaultId.NOT_A_NUMBER, message, "join conditions with `and` or `or`")
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
            self.leaves.fault(node.span, FaultId.NO_METRIC, message, self.leaves.known())
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

    def _mismatch(self, node: Binary, left: Numeric, right: Numeric, verb: str) -> None:
        """Put a fault on the side that a person would mend: a number without its unit, else the fixed side."""
        for side, unit, other in ((node.right, right.unit, left.unit), (node.left, left.unit, right.unit)):
            if unit.dimension == PLAIN and isinstance(side, Number):
                message = f"`{format_expression(side)}` has no unit, and the other side is {describe(other)}"
                self.leaves.fault(side.span, FaultId.MISSING_UNIT, message, suggest(side.value, other))
                return
        fixed_left = reductions(right) and not reductions(left)
        message = f"{describe(left.unit)} and {describe(right.unit)} cannot be {verb}"
        hint = f"`{left.text}` is {describe(left.unit)}, `{right.text}` is {describe(right.unit)}"
        self.leaves.fault(node.left.span if fixed_left else node.right.span, FaultId.UNIT_MISMATCH, message, hint)


def _whole(number: Number) -> int | None:
    return int(number.value) if number.value.is_integer() and not number.unit else None
