"""Rules as rows of one table: what a single grouped scan of their source must answer. It writes no SQL.

A rule can be screened if it is made of comparisons of one reduced metric with one constant, at once (joined by `and`,
`or` and `not`) or over windows (joined by `and`). Every other shape is left to `bot.rules.evaluate`.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from functools import reduce
from typing import NamedTuple, assert_never

from bot.model.names import FeedName
from bot.model.series import SeriesKind
from bot.model.verdict import RuleOutcome
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs
from bot.rules.functions import MEAN, Result
from bot.rules.grid import FRESH_WINDOWS, conjuncts, windows_in
from bot.rules.shape import MIRROR
from bot.rules.syntax import Operator
from bot.rules.truth import both, either, inverse
from bot.rules.typed import Combined, Compared, Constant, HoldFor, Inverted, InWindows, Logical, Reduced
from bot.rules.units import settle

MICROSECOND = timedelta(microseconds=1)


class Reducer(StrEnum):
    """What a scan can compute of a window; SPREAD is its smallest and its largest sample, the answer lies between."""

    MEAN = "mean"
    MAX = "max"
    MIN = "min"
    SUM = "sum"
    COUNT = "count"
    SPREAD = "spread"


class Mode(IntEnum):
    """How a comparison is judged over its windows: in the newest only, in all (`for`), in some (`in … of …`)."""

    ONCE = 0
    ALL = 1
    SOME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A rule, and what evaluating it demands of the data."""

    rule: Rule
    needs: Needs


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Form:
    """How a comparison is judged over consecutive windows back from now; spans are whole microseconds before now.

    Window `k` is `width * (k + 1) >= age > width * k`, and nothing older than `reach` counts. `total` windows were
    asked for, `windows` of them are younger than `fresh_after`. `required` windows must answer (`for`) or hold
    (`in`). A feed whose newest sample is older than `fresh`, or for ONCE than `since`, is stale. Many atoms share one
    form, which is told from others by being the same object.
    """

    reducer: Reducer
    operator: Operator
    factor: float
    mode: Mode
    width: int
    windows: int
    total: int
    reach: int
    required: int
    min_samples: int
    fresh: int
    since: int | None
    is_early: bool

    @property
    def edges(self) -> tuple[int, ...]:
        """The ages that time must be cut at, the greatest last."""
        ages = {*range(self.width, self.reach, self.width), self.reach, self.since or 0, self.fresh}
        return tuple(sorted(age for age in ages if age > 0))

    @property
    def horizon(self) -> int:
        """The age of the oldest sample that matters."""
        return max(self.reach, self.fresh)

    @property
    def step(self) -> int:
        """The greatest age that all edges are multiples of."""
        return math.gcd(self.width, self.reach, max(self.since or 0, 0), self.fresh)


class Atom(NamedTuple):
    """One comparison of a reduced metric with a constant. There is one for every rule, and tuples are soon made."""

    left: Reduced
    right: Constant
    form: Form

    @property
    def feed(self) -> FeedName:
        """The feed that is reduced."""
        return self.left.metric.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Either:
    """Two screened conditions joined by `and` or `or`, as places in the list of atoms."""

    operator: Operator
    left: "Shape"
    right: "Shape"


@dataclass(frozen=True, slots=True, kw_only=True)
class Not:
    """`not` of a screened condition."""

    operand: "Shape"


Shape = int | Either | Not
"""How a rule's outcome follows from those of its atoms; a number is the place of an atom."""


class Screening(NamedTuple):
    """A rule taken apart: its atoms in the order of the text, and how they combine. A tuple, as its atoms are."""

    atoms: tuple[Atom, ...]
    shape: Shape


class Surveyor:
    """Takes rules apart at one moment; what rules have in common is worked out once."""

    def __init__(self, now: datetime) -> None:
        self._now = now
        self._forms: dict[tuple[object, ...], Form] = {}

    def survey(self, question: Question) -> Screening | None:
        """Take a rule apart; None if a scan cannot judge it."""
        tree = question.rule.tree
        if tree.grouping is not None:
            return None
        atoms: list[Atom] = []
        match tree.sustain:
            case None:
                shape = self._logic(tree.logic, question, atoms)
            case HoldFor():
                shape = self._all(conjuncts(tree.logic), question, atoms)
            case InWindows():
                shape = self._leaf(tree.logic, question, atoms)
            case _:
                assert_never(tree.sustain)
        return None if shape is None else Screening(tuple(atoms), shape)

    def _all(self, parts: Sequence[Logical], question: Question, atoms: list[Atom]) -> Shape | None:
        shapes = [self._leaf(part, question, atoms) for part in parts]
        known: list[Shape] = [shape for shape in shapes if shape is not None]
        if len(known) < len(shapes):
            return None
        return reduce(lambda left, right: Either(operator=Operator.AND, left=left, right=right), known)

    def _logic(self, logic: Logical, question: Question, atoms: list[Atom]) -> Shape | None:
        match logic:
            case Compared():
                return self._leaf(logic, question, atoms)
            case Inverted():
                operand = self._logic(logic.operand, question, atoms)
                return None if operand is None else Not(operand=operand)
            case Combined():
                left = self._logic(logic.left, question, atoms)
                right = self._logic(logic.right, question, atoms)
                if left is None or right is None:
                    return None
                return Either(operator=logic.operator, left=left, right=right)
            case _:
                assert_never(logic)

    def _leaf(self, logic: Logical, question: Question, atoms: list[Atom]) -> int | None:
        if not isinstance(logic, Compared):
            return None
        left, operator, right = logic.left, logic.operator, logic.right
        if isinstance(left, Constant):
            left, operator, right = right, MIRROR[operator], left
        if not isinstance(left, Reduced) or not isinstance(right, Constant) or not _is_plain(left):
            return None
        form = self._form(left, operator, question)
        if form is None:
            return None
        atoms.append(Atom(left, right, form))
        return len(atoms) - 1

    def _form(self, left: Reduced, operator: Operator, question: Question) -> Form | None:
        metric, needs, sustain = left.metric, question.needs, question.rule.tree.sustain
        name = left.function.name if left.function else ""
        key = (name, left.window, left.factor, metric.window, metric.kind, operator, sustain, needs)
        found = self._forms.get(key)
        if found is None:
            found = _form_of(left, operator, question, self._now)
            if found is not None:
                self._forms[key] = found
        return found


def combine(screening: Screening, outcomes: Sequence[RuleOutcome | None]) -> RuleOutcome | None:
    """Combine the outcomes of a rule's atoms; None is one that the scan left open, and what depends on it is open."""
    return _combined(screening.shape, outcomes)


def microseconds(span: timedelta) -> int:
    """Return a span's exact length."""
    return span // MICROSECOND


def _is_plain(node: Reduced) -> bool:
    """Tell whether a metric is what a scan reads: no time before a change, no groups, no samples that come late."""
    metric = node.metric
    return not (node.before or metric.labels or metric.delay)


def _form_of(left: Reduced, operator: Operator, question: Question, now: datetime) -> Form | None:
    reducer = _reducer(left, question.needs)
    if reducer is None or left.factor <= 0 or left.metric.window <= timedelta(0):
        return None
    width = microseconds(left.window)
    grid = _grid(question, left.window, now)
    return Form(
        reducer=reducer,
        operator=operator,
        factor=left.factor / left.window.total_seconds() if _is_rate(left) else left.factor,
        mode=grid.mode,
        width=width,
        windows=grid.windows,
        total=grid.total,
        reach=width * grid.windows if grid.since is None else max(min(width * grid.windows, grid.since), 0),
        required=grid.required,
        min_samples=question.needs.min_samples,
        fresh=microseconds(left.metric.window) * FRESH_WINDOWS,
        since=grid.since,
        is_early=grid.is_early,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """The windows of a rule: how many there are, how many must answer, and where they begin."""

    mode: Mode
    total: int = 1
    windows: int = 1
    required: int = 1
    since: int | None = None
    is_early: bool = False


def _grid(question: Question, width: timedelta, now: datetime) -> _Grid:
    needs, sustain = question.needs, question.rule.tree.sustain
    since = None if needs.fresh_after is None else microseconds(now - needs.fresh_after)
    if sustain is None:
        return _Grid(mode=Mode.ONCE, since=since)
    total = windows_in(sustain.duration, width) if isinstance(sustain, HoldFor) else sustain.windows
    windows = total if since is None else max(min(total, -(-since // microseconds(width))), 1)
    if isinstance(sustain, InWindows):
        return _Grid(mode=Mode.SOME, total=total, windows=windows, required=sustain.needed, since=since)
    required = math.ceil(settle(needs.coverage * windows))
    is_early = since is not None and since < microseconds(sustain.duration)
    return _Grid(mode=Mode.ALL, total=total, windows=windows, required=required, since=since, is_early=is_early)


def _reducer(node: Reduced, needs: Needs) -> Reducer | None:
    """Return how a scan reduces what a rule names; None for what it cannot."""
    if _is_rate(node) and needs.fresh_after is not None:
        return None  # its window may be cut short, and then it is divided by less
    name = (node.function or MEAN).name
    if name == "last" and node.metric.kind is SeriesKind.RATIO:
        return None  # several ratios of one moment without a case among them have no value, and are not seen
    return _REDUCERS.get(name)


def _is_rate(node: Reduced) -> bool:
    return node.function is not None and node.function.result is Result.RATE


_REDUCERS = {
    "mean": Reducer.MEAN,
    "max": Reducer.MAX,
    "min": Reducer.MIN,
    "sum": Reducer.SUM,
    "rate": Reducer.SUM,
    "count": Reducer.COUNT,
    "last": Reducer.SPREAD,
    "median": Reducer.SPREAD,
    **{f"p{percent}": Reducer.SPREAD for percent in range(50, 100)},
}
"""The functions that a scan knows; every other is left to the evaluator."""


def _combined(shape: Shape, outcomes: Sequence[RuleOutcome | None]) -> RuleOutcome | None:
    match shape:
        case int():
            return outcomes[shape]
        case Not():
            operand = _combined(shape.operand, outcomes)
            return None if operand is None else inverse(operand)
        case Either():
            return _joined(shape.operator, _combined(shape.left, outcomes), _combined(shape.right, outcomes))
        case _:
            assert_never(shape)


def _joined(operator: Operator, left: RuleOutcome | None, right: RuleOutcome | None) -> RuleOutcome | None:
    decisive = RuleOutcome.DOES_NOT_HOLD if operator is Operator.AND else RuleOutcome.HOLDS
    if decisive in {left, right}:
        return decisive
    if left is None or right is None:
        return None
    return both(left, right) if operator is Operator.AND else either(left, right)
