"""A rule asked of each group of a feed's series: cuts the data apart, puts the answers together."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import reduce

from bot.model.names import FeedName
from bot.model.series import Sample, Window
from bot.model.verdict import RuleOutcome
from bot.rules.judge import Seen, Value
from bot.rules.sustain import Sustained
from bot.rules.syntax import Operator
from bot.rules.tape import Missing, Tape
from bot.rules.truth import both, either
from bot.rules.typed import GroupedBy

MAX_GROUPS = 10_000
"""Groups that one rule may have."""
MAX_JUDGEMENTS = 200_000
"""Groups times windows that one rule may be judged on."""

Group = tuple[str, ...]
"""One value for each label that a rule is grouped by."""
Tapes = Mapping[FeedName, Tape | Missing]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came of a rule on some data, by the parts that were judged one by one."""

    outcome: RuleOutcome
    parts: tuple[Sustained, ...]

    @property
    def seen(self) -> tuple[Seen, ...]:
        """Every comparison as it was in the newest window, in the order of the text."""
        return tuple(seen for part in self.parts for seen in part.newest.seen)


def labelled(tapes: Tapes, labels: tuple[str, ...]) -> Tapes:
    """Return the tapes, and what is missing in place of one that does not have the labels."""
    return {name: tape if isinstance(tape, Missing) else _with(tape, labels) for name, tape in tapes.items()}


def _with(tape: Tape, labels: tuple[str, ...]) -> Tape | Missing:
    unknown = [label for label in labels if label not in tape.labels]
    return Missing(outcome=RuleOutcome.ERROR, reason=f"came without the label {unknown[0]}") if unknown else tape


def split(tapes: Tapes, labels: tuple[str, ...], window: Window) -> dict[Group, Tapes]:
    """Cut labelled tapes apart; there is a group for all label values seen within the window, in any of the feeds."""
    parts = {name: tape if isinstance(tape, Missing) else _parts(tape, labels) for name, tape in tapes.items()}
    seen = {
        group
        for cut in parts.values()
        if not isinstance(cut, Missing)
        for group, samples in cut.items()
        if any(window.holds(sample.at) for sample in reversed(samples))
    }
    return {
        group: {
            name: cut if isinstance(cut, Missing) else _tape(cut.get(group, ()), labels)
            for name, cut in parts.items()
        }
        for group in sorted(seen)
    }


def _parts(tape: Tape, labels: tuple[str, ...]) -> dict[Group, list[Sample]]:
    places = [tape.labels.index(label) for label in labels]
    parts: defaultdict[Group, list[Sample]] = defaultdict(list)
    for sample in tape.samples:
        if len(sample.labels) == len(tape.labels):
            parts[tuple(sample.labels[place] for place in places)].append(sample)
    return parts


def _tape(samples: Sequence[Sample], labels: tuple[str, ...]) -> Tape:
    return Tape(samples=tuple(samples), times=tuple(sample.at for sample in samples), dropped=0, labels=labels)


def fold(grouping: GroupedBy, answers: Mapping[Group, Answer]) -> RuleOutcome:
    """Put the groups' outcomes together: one that holds is enough, or every one must hold; none at all is NO_DATA."""
    outcomes = Counter(answer.outcome for answer in answers.values())
    return reduce(both if grouping.every else either, outcomes) if outcomes else RuleOutcome.NO_DATA


def ranked(grouping: GroupedBy, answers: Mapping[Group, Answer]) -> list[Group]:
    """Return the groups that decided the outcome; where they are compared with one limit, the worst come first.

    The worst are those that are farthest beyond it, or for `every` farthest from it; equals are in order of name.
    """
    outcome = fold(grouping, answers)
    deciding = [group for group, answer in answers.items() if answer.outcome is outcome]
    sign = 1 if grouping.every and outcome is not RuleOutcome.HOLDS else -1
    return sorted(deciding, key=lambda group: (sign * _excess(answers[group].seen), group))


def _excess(seen: Sequence[Seen]) -> float:
    """Return by how much the only comparison of a rule goes beyond its limit."""
    if len(seen) != 1:
        return 0.0
    left, right = seen[0].left, seen[0].right
    if not isinstance(left, Value) or not isinstance(right, Value):
        return 0.0
    upper = seen[0].node.operator in {Operator.MORE, Operator.AT_LEAST}
    return left.value - right.value if upper else right.value - left.value
