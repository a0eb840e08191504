"""What evaluation says in words: each comparison as it was seen, and what it needed. It decides nothing."""

from collections import Counter
from collections.abc import Mapping

from bot.model.verdict import Measurement, RuleOutcome
from bot.rules.display import show_count, show_duration, show_group, show_time, show_value
from bot.rules.groups import Answer, Group
from bot.rules.judge import Judged, Seen, Value
from bot.rules.shape import MIRROR
from bot.rules.tape import Missing
from bot.rules.typed import Constant, GroupedBy, Numeric, reductions
from bot.rules.units import settle

_TAGS = {RuleOutcome.HOLDS: "holds", RuleOutcome.DOES_NOT_HOLD: "does not hold"}


TOLD_GROUPS = 3
"""Groups that are told of; the others are counted."""
_GROUP_WORDS, _GROUP_VALUES = 160, 60
"""Characters that are said of each group."""


def sentence_of(answer: Answer) -> str:
    """Say what was seen, and how far what must hold for a while has come."""
    return "; ".join(f"{_seen_in(part.newest)} {part.progress}".rstrip() for part in answer.parts)


def _seen_in(judged: Judged) -> str:
    """Say what was seen; where there are several comparisons, each says what came of it."""
    if len(judged.seen) == 1:
        return _sentence(judged.seen[0])
    return "; ".join(f"{_sentence(seen)} ({_TAGS.get(seen.outcome, seen.outcome)})" for seen in judged.seen)


def groups_sentence(
    grouping: GroupedBy, answers: Mapping[Group, Answer], told: Mapping[Group, Measurement], *, deciding: int
) -> str:
    """Say in how many groups the rule holds, and describe the first of those that decide."""
    counts = Counter(answer.outcome for answer in answers.values())
    holding = counts.pop(RuleOutcome.HOLDS, 0)
    others = ", ".join(f"{_TAGS.get(outcome, outcome)} in {count}" for outcome, count in sorted(counts.items()))
    whole = (
        f"by {'every ' if grouping.every else ''}{', '.join(grouping.labels)}: holds in {holding} of {len(answers)}"
    )
    parts = [f"{show_group(group)}: {_cut(found.sentence, _GROUP_WORDS)}" for group, found in told.items()]
    return "; ".join([f"{whole} ({others})" if others else whole, *parts, *_rest(told, deciding)])


def groups_observed(told: Mapping[Group, Measurement], *, deciding: int) -> str:
    """Write the values of the first groups that decide; empty if there are none."""
    values = [
        f"{show_group(group)} {_cut(found.observed, _GROUP_VALUES)}"
        for group, found in told.items()
        if found.observed
    ]
    return ", ".join([*values, *_rest(told, deciding)]) if values else ""


def _rest(told: Mapping[Group, Measurement], deciding: int) -> list[str]:
    return [f"and {deciding - len(told)} more"] if deciding > len(told) else []


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1].rstrip()}…"


def observed_of(answer: Answer) -> str:
    """Write the values that were compared, with their names where there are several; empty if there are none."""
    values: dict[str, str] = {}
    for seen in answer.seen:
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
