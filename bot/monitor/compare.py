"""Is it worse than a baseline, by ranks or by how long cases last? Pure: series and settings in, measurement out.

By ranks a change is looked at so many times and no more, at fixed times after it, and each look gets its part of the
chance that all of them together may err with (Bonferroni). Between two looks the answer is that of the last one, so
that it does not matter how often somebody asks. Arms are named, and what they are is part of the sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.names import FeedName
from bot.model.proof import RankTest, SurvivalTest
from bot.model.series import Reading, Series, Window
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.arms import WEEK, Arms, arms_of, is_enough
from bot.monitor.previous import PreviousRun
from bot.monitor.ranks import compare
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.shape import Level, level_of, threshold_of
from bot.rules.survival import bounds, cases_of, curve_of, share_lasting
from bot.rules.syntax import Operator


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """One of the looks after a change: its number, what the rule said at it, and the samples that it looks at."""

    place: int
    found: Measurement
    series: Series
    window: Window
    live: datetime
    is_upper: bool


def span_of(test: RankTest) -> timedelta:
    """Return how much time before a look any of its arms may need."""
    return test.every * (test.looks + 1) + WEEK


def rank_breach(
    rule: Rule,
    data: Mapping[FeedName, Reading],
    test: RankTest,
    *,
    now: datetime,
    needs: Needs,
    previous: PreviousRun | None = None,
) -> Measurement | str:
    """Measure a rule whose metric must lie beyond a baseline's, or say why there is none."""
    look = _look(rule, data, test, now=now, needs=needs)
    if isinstance(look, Measurement):
        return look
    arms = arms_of(look.series, test, look.window, look.live, previous)
    if isinstance(arms, str):
        return arms
    return _ranked(look.found, arms, test, look.place, is_upper=look.is_upper)


def unaided_look(
    rule: Rule, data: Mapping[FeedName, Reading], test: RankTest, *, now: datetime, needs: Needs
) -> Window | None:
    """Return what a look at a breach looks at, where neither a group beside it nor a week before is a baseline."""
    look = _look(rule, data, test, now=now, needs=needs)
    if isinstance(look, Measurement) or not is_enough(look.series, test, look.window):
        return None
    return look.window if isinstance(arms_of(look.series, test, look.window, look.live, None), str) else None


def _look(
    rule: Rule, data: Mapping[FeedName, Reading], test: RankTest, *, now: datetime, needs: Needs
) -> _Look | Measurement:
    """Return the newest look at a breach, or what is measured where there is nothing to compare."""
    live, level = needs.fresh_after, level_of(rule)
    if live is None or level is None:
        sentence = "compares the time after a change with a baseline, and there is none before it"
        return Measurement(rule=rule.text, outcome=RuleOutcome.DOES_NOT_HOLD, sentence=sentence)
    place = (now - rule.delay - live) // test.every
    if not 0 < place <= test.looks:
        what = f"the first look is at {format_time(live + test.every + rule.delay)}"
        sentence = what if place <= 0 else f"all {test.looks} looks are used"
        return Measurement(rule=rule.text, outcome=RuleOutcome.INSUFFICIENT, sentence=sentence)
    at = live + test.every * place
    found = evaluate(rule, data, now=at + rule.delay, needs=needs)
    series = data.get(level.feed)
    if found.outcome is not RuleOutcome.HOLDS or not isinstance(series, Series):
        return found
    window = Window(start=at - test.every, end=at)
    return _Look(place=place, found=found, series=series, window=window, live=live, is_upper=level.is_upper)


def _ranked(found: Measurement, arms: Arms, test: RankTest, place: int, *, is_upper: bool) -> Measurement:
    """Compare two arms; harm is both more than chance and more than a trifle."""
    ranked = compare(treated=_signed(arms.treated, up=is_upper), control=_signed(arms.control, up=is_upper))
    allowed = test.alpha / test.looks
    proven = ranked.chance <= allowed and ranked.above >= test.effect
    side = "higher" if is_upper else "lower"
    why = f" ({'; '.join(arms.why_not)})" if arms.why_not else ""
    sentence = (
        f"{found.sentence}; {side} in {ranked.above:.1%} of all pairs (n={len(arms.treated)}) than {arms.name} "
        f"(n={len(arms.control)}){why}, {test.effect:.0%} needed, by a chance of {ranked.chance:.2g}, "
        f"at most {allowed:.2g} at look {place} of {test.looks}"
    )
    sentence = sentence if proven else f"beyond the limit and not proven: {sentence}"
    return replace(
        found,
        outcome=RuleOutcome.HOLDS if proven else RuleOutcome.GREY,
        sentence=sentence,
        samples=float(min(len(arms.treated), len(arms.control))),
    )


def _signed(numbers: tuple[float, ...], *, up: bool) -> tuple[float, ...]:
    return numbers if up else tuple(-number for number in numbers)


def survival_breach(
    rule: Rule, data: Mapping[FeedName, Reading], test: SurvivalTest, *, now: datetime, needs: Needs
) -> Measurement:
    """Measure a quantile of cases of which some are open: harm is proven by the bound of how many last longer."""
    found, threshold = evaluate(rule, data, now=now, needs=needs), threshold_of(rule)
    series = data.get(threshold.feed) if threshold else None
    level: Level | None = level_of(rule)
    if found.outcome is not RuleOutcome.HOLDS or threshold is None or level is None or not isinstance(series, Series):
        return found
    end = now - rule.delay
    start = end - threshold.window if needs.fresh_after is None else max(end - threshold.window, needs.fresh_after)
    window = Window(start=start, end=end)
    cases = cases_of((s for s in series.samples if window.holds(s.at)), unit=series.unit.factor, end=end)
    limit = threshold.limit.value
    low, high = bounds(share_lasting(curve_of(cases), limit), test.confidence)
    share = 1.0 - level.percent / 100
    proven = low > share if level.is_upper else high < share
    is_more = threshold.op in {Operator.MORE, Operator.AT_LEAST}
    bound = f"at least {low:.1%}" if is_more else f"at most {high:.1%}"
    sentence = (
        f"{found.sentence}; {bound} last longer than {limit:g} {series.unit.name} with {test.confidence:.1%} "
        f"confidence, {share:.0%} is the limit"
    )
    if proven:
        return replace(found, sentence=sentence)
    return replace(found, outcome=RuleOutcome.GREY, sentence=f"beyond the limit and not proven: {sentence}")
