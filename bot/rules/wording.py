"""What evaluation says in words: each comparison as it was seen, and what it needed. It decides nothing."""

from bot.model.verdict import RuleOutcome
from bot.rules.display import show_count, show_duration, show_time, show_value
from bot.rules.judge import Judged, Seen, Value
from bot.rules.shape import MIRROR
from bot.rules.tape import Missing
from bot.rules.typed import Constant, Numeric, reductions
from bot.rules.units import settle

_TAGS = {RuleOutcome.HOLDS: "holds", RuleOutcome.DOES_NOT_HOLD: "does not hold"}


def sentence_of(judged: Judged) -> str:
    """Say what was seen; where there are several comparisons, each says what came of it."""
    if len(judged.seen) == 1:
        return _sentence(judged.seen[0])
    return "; ".join(f"{_sentence(seen)} ({_TAGS.get(seen.outcome, seen.outcome)})" for seen in judged.seen)


def observed_of(judged: Judged) -> str:
    """Write the values that were compared, with their names where there are several; empty if there are none."""
    values: dict[str, str] = {}
    for seen in judged.seen:
        for node, side, other in (
            (seen.node.left, seen.left, seen.node.right),
            (seen.node.right, seen.right, seen.node.left),
        ):
            if isinstance(side, Value) and reductions(node):
                values[node.text] = _shown(node, side, other)
    if len(values) == 1:
        return next(iter(values.values()))
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _sentence(seen: Seen) -> str:
    node = seen.node
    if reductions(node.left) and reductions(node.right):
        states = f"{_state(node.left, seen.left, node.right)} and {_state(node.right, seen.right, node.left)}"
        return f"{states}; needs {node.left.text} {node.operator} {node.right.text}"
    if reductions(node.left):
        return f"{_state(node.left, seen.left, node.right)}; needs {node.operator} {_limit(node.right)}"
    operator = MIRROR[node.operator]
    return f"{_state(node.right, seen.right, node.left)}; needs {operator} {_limit(node.left)}"


def _state(node: Numeric, side: Value | Missing, other: Numeric) -> str:
    window = side.window
    span = f" over {show_duration(window.length)} to {show_time(window.end)}" if window else ""
    if isinstance(side, Missing):
        return f"{node.text} {side.reason}{'' if side.outcome is RuleOutcome.STALE else span}"
    return f"{node.text} is {_shown(node, side, other)} (n={show_count(side.samples)}){span}"


def _limit(node: Numeric) -> str:
    return show_value(node.value, node.unit, exact=True) if isinstance(node, Constant) else node.text


def _shown(node: Numeric, side: Value, other: Numeric) -> str:
    """Write a value in the unit of its limit, with all its digits if it would otherwise look like the limit."""
    if not isinstance(other, Constant):
        return show_value(side.value, node.unit)
    shown = show_value(side.value, other.unit)
    looks_equal = shown == show_value(other.value, other.unit)
    return (
        show_value(side.value, other.unit, exact=True) if looks_equal and _differ(side.value, other.value) else shown
    )


def _differ(left: float, right: float) -> bool:
    return settle(left) != settle(right)
