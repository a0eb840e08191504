"""A rule's metric over its history, as few enough stretches for a chart. It draws nothing."""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from typing import assert_never

from bot.model.rehearsal import Bucket, Curve
from bot.model.unit import Unit
from bot.model.verdict import RuleOutcome
from bot.rehearse.reduce import bounds_of
from bot.rehearse.replay import Looks, is_plain
from bot.rehearse.screen import Estimate, Frame, numbers
from bot.rehearse.strand import Past
from bot.rehearse.track import moment_at
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs
from bot.rules.typed import Combined, Compared, Constant, Inverted, Logical, Numeric, reductions

BUCKETS = 120


def curve_of(rule: Rule, past: Past, looks: Looks, needs: Needs, outcomes: Sequence[RuleOutcome]) -> Curve:
    """Follow the first comparison of a rule: its metric, and the limit where that is one number."""
    node, other = _sides(_first(rule.tree.logic))
    unit, limit = (other.unit, other.value / other.unit.factor) if isinstance(other, Constant) else (node.unit, None)
    levels = _levels(node, rule, past, looks, needs)
    return Curve(metric=node.text, unit=unit, limit=limit, buckets=_buckets(levels, looks, outcomes, unit))


def _first(logic: Logical) -> Compared:
    match logic:
        case Compared():
            return logic
        case Inverted():
            return _first(logic.operand)
        case Combined():
            return _first(logic.left)
        case _:
            assert_never(logic)


def _sides(compared: Compared) -> tuple[Numeric, Numeric]:
    """Return the side that follows the data, then the other one."""
    return (compared.left, compared.right) if reductions(compared.left) else (compared.right, compared.left)


def _levels(node: Numeric, rule: Rule, past: Past, looks: Looks, needs: Needs) -> list[Estimate]:
    """Return the metric at every look, before rounding; nothing for a rule that is asked of groups."""
    metrics = {reduced.metric.name: reduced.metric for reduced in reductions(node)}
    if not is_plain(rule) or any(name not in past for name in metrics):
        return [None] * looks.count
    tracks = {name: past[name].track(metric) for name, metric in metrics.items()}
    frame = Frame(ends=looks.moments, since=None, min_samples=needs.min_samples, is_now=False)
    return numbers(node, tracks, frame)


def _buckets(
    levels: Sequence[Estimate], looks: Looks, outcomes: Sequence[RuleOutcome], unit: Unit
) -> tuple[Bucket, ...]:
    count = min(BUCKETS, looks.count)
    edges = [looks.count * place // count for place in range(count + 1)] if count else []
    return tuple(
        _bucket(moment_at(looks.moments[first]), levels[first:last], outcomes[first:last], unit)
        for first, last in pairwise(edges)
    )


def _bucket(start: datetime, levels: Sequence[Estimate], outcomes: Sequence[RuleOutcome], unit: Unit) -> Bucket:
    bounds = [bounds_of(level) for level in levels if isinstance(level, float | tuple)]
    middles = [(low + high) / 2 / unit.factor for low, high in bounds]
    return Bucket(
        start=start,
        low=min(middles, default=None),
        high=max(middles, default=None),
        firing=outcomes.count(RuleOutcome.HOLDS) / len(outcomes),
    )
