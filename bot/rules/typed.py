"""The tree of a rule that was checked: names are metrics, numbers have units, conditions are conditions."""

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from bot.model.unit import Unit
from bot.rules.catalog import Metric
from bot.rules.functions import Function
from bot.rules.syntax import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant:
    """A number, in its dimension's base unit; `unit` is the one it was written in."""

    value: float
    unit: Unit
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """A metric reduced over a window to one number; `function` is None for a bare metric, which is its mean.

    The reduced samples times `factor` are in the base unit of `unit`. With `before`, the window does not end now but
    at the moment of the change.
    """

    metric: Metric
    function: Function | None
    window: timedelta
    unit: Unit
    factor: float
    text: str
    before: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Negated:
    """A number with its sign turned."""

    operand: "Numeric"
    unit: Unit
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Computed:
    """A sum, difference, product or quotient; `unit` is what it is shown in."""

    operator: Operator
    left: "Numeric"
    right: "Numeric"
    unit: Unit
    text: str


Numeric = Constant | Reduced | Negated | Computed


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """A comparison of two numbers; at least one of them depends on a metric."""

    operator: Operator
    left: Numeric
    right: Numeric


@dataclass(frozen=True, slots=True, kw_only=True)
class Combined:
    """Two conditions joined by `and` or `or`."""

    operator: Operator
    left: "Logical"
    right: "Logical"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inverted:
    """`not` of a condition."""

    operand: "Logical"


Logical = Compared | Combined | Inverted


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupedBy:
    """The condition is asked of every group of equal label values; one of them, or every one, must meet it."""

    labels: tuple[str, ...]
    every: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldFor:
    """The condition must be met all this time."""

    duration: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class InWindows:
    """The condition must be met in `needed` of the last `windows` windows."""

    needed: int
    windows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Condition:
    """A checked rule: its condition, of which groups it is asked, and how long or how often it must be met."""

    logic: Logical
    grouping: GroupedBy | None = None
    sustain: HoldFor | InWindows | None = None


def reductions(node: Numeric | Logical) -> tuple[Reduced, ...]:
    """Return every reduced metric below a node, in the order of the text."""
    match node:
        case Reduced():
            return (node,)
        case Constant():
            return ()
        case Negated() | Inverted():
            return reductions(node.operand)
        case Computed() | Compared() | Combined():
            return reductions(node.left) + reductions(node.right)
        case _:
            assert_never(node)


def present(node: Numeric | Logical) -> tuple[Reduced, ...]:
    """Return the reduced metrics below a node whose windows end now, and not at the change."""
    return tuple(reduced for reduced in reductions(node) if not reduced.before)
