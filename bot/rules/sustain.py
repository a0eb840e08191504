"""A condition over many windows: `for 3_days` and `in 6 of 12 windows`. It knows no single sample."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.model.verdict import RuleOutcome
from bot.rules.display import show_duration, show_time, span_of
from bot.rules.grid import Grid, delay_of, step_of
from bot.rules.judge import Judged, View, judge
from bot.rules.truth import worst
from bot.rules.typed import HoldFor, InWindows, Logical
from bot.rules.units import settle

MAX_GAP = 2
"""Windows in a row that may be without an answer."""

_HELD = re.compile(r"holds (?:for |since \S+ \()(\d+(?:\.\d+)?(?:e[+-]\d+)?) of ")
_BLIND = frozenset({RuleOutcome.ERROR, RuleOutcome.STALE})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sustained:
    """What came of a condition over its windows: the newest window as it was seen, and how far the whole has come."""

    outcome: RuleOutcome
    newest: Judged
    progress: str


def hold(grid: Grid, sustain: HoldFor, view: View, coverage: float) -> Sustained:
    """Judge whether a condition held all the time of `for`, in consecutive windows back from now.

    A window answers if the condition holds or does not hold in it. One that does not hold decides against. Otherwise
    the rule holds if at least `coverage` of the windows answer and never more than `MAX_GAP` in a row do not. While
    less time than `for` has passed since `not_before`, it does not hold yet. A feed that fails or is stale now comes
    before all that. `for` is rounded up to whole windows.
    """
    step, latest = grid.step, view.now - grid.delay
    judged = _windows(grid, view)
    outcomes = [window.outcome for window in judged]
    held = min(_held(outcomes, step, latest=latest, since=view.not_before), sustain.duration)
    outcome = _hold_outcome(outcomes, coverage)
    early = view.not_before is not None and latest - view.not_before < sustain.duration
    if early and outcome not in _BLIND:
        outcome = RuleOutcome.DOES_NOT_HOLD
    progress = f"holds for {_part(held, sustain.duration)}"
    if outcome is RuleOutcome.HOLDS:
        progress = f"holds since {show_time(latest - held)} ({_part(held, sustain.duration)})"
    elif outcome is not RuleOutcome.DOES_NOT_HOLD:
        valid = outcomes.count(RuleOutcome.HOLDS)
        progress += f", with an answer in {valid} of {len(outcomes)} windows of {show_duration(step)}"
    needed = f"for {show_duration(sustain.duration)}"
    return Sustained(outcome=outcome, newest=judged[0], progress=f"{needed}; {progress}")


def quorum(logic: Logical, sustain: InWindows, view: View) -> Sustained:
    """Judge whether a condition held in enough of the last windows; windows without an answer decide nothing."""
    step = step_of(logic)
    judged = _windows(Grid(part=logic, step=step, windows=sustain.windows, delay=delay_of(logic)), view)
    outcomes = [window.outcome for window in judged]
    met, unmet = outcomes.count(RuleOutcome.HOLDS), outcomes.count(RuleOutcome.DOES_NOT_HOLD)
    if outcomes[0] in _BLIND:
        outcome = outcomes[0]
    elif met >= sustain.needed:
        outcome = RuleOutcome.HOLDS
    elif sustain.windows - unmet < sustain.needed:
        outcome = RuleOutcome.DOES_NOT_HOLD
    else:
        outcome = RuleOutcome.INSUFFICIENT if met or unmet else worst(outcomes)
    windows = f"{sustain.windows} windows of {show_duration(step)}"
    progress = f"in {sustain.needed} of {windows}; met in {met}, not met in {unmet}"
    return Sustained(outcome=outcome, newest=judged[0], progress=progress)


def _windows(grid: Grid, view: View) -> list[Judged]:
    """Judge consecutive windows, the newest first; those that end before `not_before` are left out."""
    judged = [judge(grid.part, view.one_of_many(view.now))]
    first = None if view.not_before is None else view.not_before + grid.delay
    for back in range(1, grid.windows):
        end = view.now - grid.step * back
        if first is not None and end <= first:
            break
        judged.append(judge(grid.part, view.one_of_many(end)))
    return judged


def _hold_outcome(outcomes: Sequence[RuleOutcome], coverage: float) -> RuleOutcome:
    if outcomes[0] in _BLIND:
        return outcomes[0]
    if RuleOutcome.DOES_NOT_HOLD in outcomes:
        return RuleOutcome.DOES_NOT_HOLD
    valid = outcomes.count(RuleOutcome.HOLDS)
    if not valid:
        return worst(outcomes)
    if valid < math.ceil(settle(coverage * len(outcomes))) or _longest_gap(outcomes) > MAX_GAP:
        return RuleOutcome.INSUFFICIENT
    return RuleOutcome.HOLDS


def _longest_gap(outcomes: Sequence[RuleOutcome]) -> int:
    longest = gap = 0
    for outcome in outcomes:
        gap = 0 if outcome is RuleOutcome.HOLDS else gap + 1
        longest = max(longest, gap)
    return longest


def _held(outcomes: Sequence[RuleOutcome], step: timedelta, *, latest: datetime, since: datetime | None) -> timedelta:
    """Return for how long back from `latest` the condition has held, over short gaps."""
    last = gap = 0
    for count, outcome in enumerate(outcomes, start=1):
        if outcome is RuleOutcome.HOLDS:
            last, gap = count, 0
        else:
            gap += 1
        if outcome is RuleOutcome.DOES_NOT_HOLD or gap > MAX_GAP:
            break
    held = step * last
    return held if since is None else max(min(held, latest - since), timedelta(0))


def held_of(sentence: str, duration: timedelta) -> timedelta | None:
    """Read back from a sentence for how long a condition with `for` has held, to a tenth of its unit.

    Of several conditions the one counts that has held for the shortest time; None where the sentence says nothing.
    """
    size = span_of(duration)[1]
    found = [size * float(part) for part in _HELD.findall(sentence)]
    return min(found) if found else None


def _part(held: timedelta, duration: timedelta) -> str:
    """Write `1.3 of 3 days`, rounded down so that it never looks finished before it is."""
    size = span_of(duration)[1]
    return f"{held * 10 // size / 10:g} of {show_duration(duration)}"
