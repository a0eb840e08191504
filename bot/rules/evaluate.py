"""A rule on data: the one entrance to evaluation. Same input, same answer to the last bit; nothing ever raises.

- Bare metrics and functions look at their window back from `now`, less the feed's delay: `end - window <= t < end`.
  `before` looks at the window that ends at the change.
- Samples that are not finite, or that weigh less than nothing, are dropped; their order makes no difference.
- Values are compared on twelve significant digits, so that 7 of 100 is exactly 7%.
- A feed that failed is ERROR. One whose newest sample is older than two of its windows is STALE. A window without
  samples is NO_DATA, one with fewer than `min_samples` is INSUFFICIENT, and so is a division by zero. `count` needs
  one sample only: that there are few is its answer.
- `and`, `or`, `not`: see `bot.rules.truth`. `for` and `in … windows`: see `bot.rules.sustain`. `by`: each group is
  measured by itself, then they are put together as by `or`, or for `every` as by `and`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache, reduce
from typing import assert_never

from bot.model.names import FeedName
from bot.model.series import Reading, Window
from bot.model.verdict import Measurement, RuleOutcome
from bot.rules.catalog import Metric
from bot.rules.compile import Rule
from bot.rules.display import show_group
from bot.rules.grid import Grid, grids_of, window_count
from bot.rules.groups import MAX_GROUPS, MAX_JUDGEMENTS, Answer, Group, Tapes, fold, labelled, ranked, split
from bot.rules.judge import View, hull, judge, look_back
from bot.rules.sustain import Sustained, hold, quorum
from bot.rules.tape import Missing, Tape, tape_of
from bot.rules.truth import both
from bot.rules.typed import GroupedBy, HoldFor, InWindows, present, reductions
from bot.rules.wording import TOLD_GROUPS, groups_observed, groups_sentence, observed_of, sentence_of

_RULES_KEPT = 4_096
"""So many rules are remembered with what follows from them, since each is asked of many changes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What evaluation demands of the data.

    `min_samples` counts readings (or a ratio's denominator) per window; `coverage` is the share of windows that must
    answer for `for`; data from before `fresh_after` is not looked at, but by `before`, which looks at the time that
    ends at `changed_at`.
    """

    min_samples: int = 1
    coverage: float = 0.9
    fresh_after: datetime | None = None
    changed_at: datetime | None = None


def evaluate(rule: Rule, data: Mapping[FeedName, Reading], *, now: datetime, needs: Needs) -> Measurement:
    """Measure a rule at `now` on the readings of its feeds."""
    tapes = {metric.name: tape_of(metric, data) for metric in _metrics_of(rule)}
    if rule.tree.grouping is None:
        view = _view(rule, tapes, now, needs)
        return _measurement(rule, _answer(rule, view, needs), view)
    return _by_groups(rule, rule.tree.grouping, tapes, now=now, needs=needs)


@lru_cache(maxsize=_RULES_KEPT)
def _metrics_of(rule: Rule) -> tuple[Metric, ...]:
    return tuple({reduced.metric.name: reduced.metric for reduced in reductions(rule.tree.logic)}.values())


@lru_cache(maxsize=_RULES_KEPT)
def _grids_of(rule: Rule) -> tuple[Grid, ...]:
    sustain = rule.tree.sustain
    return grids_of(rule.tree.logic, sustain) if isinstance(sustain, HoldFor) else ()


def _view(rule: Rule, tapes: Tapes, now: datetime, needs: Needs) -> View:
    past = look_back(rule.tree.logic, tapes, changed_at=needs.changed_at, min_samples=needs.min_samples)
    return View(tapes=tapes, now=now, end=now, not_before=needs.fresh_after, min_samples=needs.min_samples, past=past)


def _answer(rule: Rule, view: View, needs: Needs) -> Answer:
    match rule.tree.sustain:
        case None:
            judged = judge(rule.tree.logic, view)
            parts = [Sustained(outcome=judged.outcome, newest=judged, progress="")]
        case HoldFor() as sustain:
            parts = [hold(grid, sustain, view, needs.coverage) for grid in _grids_of(rule)]
        case InWindows() as sustain:
            parts = [quorum(rule.tree.logic, sustain, view)]
        case _:
            assert_never(rule.tree.sustain)
    return Answer(outcome=reduce(both, (part.outcome for part in parts)), parts=tuple(parts))


def _measurement(rule: Rule, answer: Answer, view: View) -> Measurement:
    samples, window = _basis(rule, answer, view)
    return Measurement(
        rule=rule.text,
        outcome=answer.outcome,
        sentence=sentence_of(answer),
        observed=observed_of(answer),
        samples=samples,
        window=window,
    )


def _basis(rule: Rule, answer: Answer, view: View) -> tuple[float, Window | None]:
    """Return how many samples an answer rests on at least, and of which time."""
    end = view.now - rule.delay
    if rule.tree.sustain is None:
        sides = [
            side for seen in answer.seen for side in ((seen.node.left, seen.left), (seen.node.right, seen.right))
        ]
        window = reduce(hull, (side.window for node, side in sides if present(node)))
        if window and rule.baseline:
            window = replace(window, start=max(window.start, end - rule.reach))
        return min(side.samples for _, side in sides), window
    start = end - (rule.hold or rule.reach)
    if view.not_before is not None:
        start = min(max(start, view.not_before), end)
    window = Window(start=start, end=end)
    return min(_weight(tape, window) for tape in view.tapes.values()), window


def _weight(tape: Tape | Missing, window: Window) -> float:
    return 0.0 if isinstance(tape, Missing) else tape.weight(window)


def _by_groups(rule: Rule, grouping: GroupedBy, tapes: Tapes, *, now: datetime, needs: Needs) -> Measurement:
    """Measure a rule on each group that was seen within its lookback."""
    tapes = labelled(tapes, grouping.labels)
    groups = split(tapes, grouping.labels, Window(start=now - rule.lookback, end=now))
    windows = window_count(rule.tree.logic, rule.tree.sustain) if rule.tree.sustain else 1
    if len(groups) > MAX_GROUPS or len(groups) * windows > MAX_JUDGEMENTS:
        sentence = f"too many groups: {len(groups)} by {', '.join(grouping.labels)}, each on {windows} windows"
        return Measurement(rule=rule.text, outcome=RuleOutcome.ERROR, sentence=sentence)
    views = {group: _view(rule, found, now, needs) for group, found in groups.items()}
    answers = {group: _answer(rule, view, needs) for group, view in views.items()}
    if not answers:
        return _without_groups(rule, tapes, now, needs)
    return _folded(rule, grouping, answers, views)


def _without_groups(rule: Rule, tapes: Tapes, now: datetime, needs: Needs) -> Measurement:
    """Say why there is no group: the feeds are empty, stale or cannot be read. Never an answer."""
    view = _view(rule, tapes, now, needs)
    answer = _answer(rule, view, needs)
    answered = answer.outcome in {RuleOutcome.HOLDS, RuleOutcome.DOES_NOT_HOLD}
    measurement = _measurement(rule, answer, view)
    outcome = RuleOutcome.NO_DATA if answered else answer.outcome
    return replace(measurement, outcome=outcome, sentence=f"no group was seen; {measurement.sentence}", observed="")


def _folded(
    rule: Rule, grouping: GroupedBy, answers: Mapping[Group, Answer], views: Mapping[Group, View]
) -> Measurement:
    """Put the groups together; samples and window are those of the first that is told of."""
    deciding = ranked(grouping, answers)
    told = {group: _measurement(rule, answers[group], views[group]) for group in deciding[:TOLD_GROUPS]}
    return replace(
        told[deciding[0]],
        outcome=fold(grouping, answers),
        sentence=groups_sentence(grouping, answers, told, deciding=len(deciding)),
        observed=groups_observed(told, deciding=len(deciding)),
        groups=tuple(show_group(group) for group, answer in answers.items() if answer.outcome is RuleOutcome.HOLDS),
    )
