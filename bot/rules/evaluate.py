"""A rule on data: the one entrance to evaluation. Same input, same answer to the last bit; nothing ever raises.

- Bare metrics and functions look at their window back from `now`: `now - window <= t < now`.
- Samples that are not finite, or that weigh less than nothing, are dropped; their order makes no difference.
- Values are compared on twelve significant digits, so that 7 of 100 is exactly 7%.
- A feed that failed is ERROR. One whose newest sample is older than two of its windows is STALE. A window without
  samples is NO_DATA, one with fewer than `min_samples` is INSUFFICIENT, and so is a division by zero. `count` needs
  one sample only: that there are few is its answer.
- `and`, `or`, `not`: see `bot.rules.truth`. `for` and `in … windows`: see `bot.rules.sustain`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from typing import assert_never

from bot.model.names import FeedName
from bot.model.series import Reading, Window
from bot.model.verdict import Measurement
from bot.rules.compile import Rule
from bot.rules.grid import conjuncts
from bot.rules.judge import Judged, View, hull, judge
from bot.rules.sustain import Sustained, hold, quorum
from bot.rules.tape import Missing, Tape, load_tape, weight_of
from bot.rules.truth import both
from bot.rules.typed import HoldFor, InWindows, reductions
from bot.rules.wording import observed_of, sentence_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """What evaluation demands of the data.

    `min_samples` counts readings (or a ratio's denominator) per window; `coverage` is the share of windows that must
    answer for `for`; data from before `fresh_after` is not looked at.
    """

    min_samples: int = 1
    coverage: float = 0.9
    fresh_after: datetime | None = None


def evaluate(rule: Rule, data: Mapping[FeedName, Reading], *, now: datetime, needs: Needs) -> Measurement:
    """Measure a rule at `now` on the readings of its feeds."""
    metrics = {reduced.metric.name: reduced.metric for reduced in reductions(rule.tree.logic)}
    view = View(
        tapes={name: load_tape(metric, data.get(name)) for name, metric in metrics.items()},
        now=now,
        end=now,
        not_before=needs.fresh_after,
        min_samples=needs.min_samples,
    )
    match rule.tree.sustain:
        case None:
            return _at_once(rule, judge(rule.tree.logic, view))
        case HoldFor() as sustain:
            parts = [hold(part, sustain, view, needs.coverage) for part in conjuncts(rule.tree.logic)]
        case InWindows() as sustain:
            parts = [quorum(rule.tree.logic, sustain, view)]
        case _:
            assert_never(rule.tree.sustain)
    return _over_windows(rule, parts, view)


def _at_once(rule: Rule, judged: Judged) -> Measurement:
    sides = [side for seen in judged.seen for side in (seen.left, seen.right)]
    return Measurement(
        rule=rule.text,
        outcome=judged.outcome,
        sentence=sentence_of(judged),
        observed=observed_of(judged),
        samples=min(side.samples for side in sides),
        window=reduce(hull, (side.window for side in sides)),
    )


def _over_windows(rule: Rule, parts: list[Sustained], view: View) -> Measurement:
    newest = Judged(outcome=parts[0].newest.outcome, seen=tuple(seen for part in parts for seen in part.newest.seen))
    start = view.now - (rule.hold or rule.reach)
    if view.not_before is not None:
        start = min(max(start, view.not_before), view.now)
    window = Window(start=start, end=view.now)
    return Measurement(
        rule=rule.text,
        outcome=reduce(both, (part.outcome for part in parts)),
        sentence="; ".join(f"{sentence_of(part.newest)} {part.progress}" for part in parts),
        observed=observed_of(newest),
        samples=min(_weight(tape, window) for tape in view.tapes.values()),
        window=window,
    )


def _weight(tape: Tape | Missing, window: Window) -> float:
    return 0.0 if isinstance(tape, Missing) else weight_of(tape.cut(window))
