"""Is it worse than a baseline, by ranks or by how long cases last? Pure: series and settings in, measurement out.

By ranks a change is looked at so many times and no more, at fixed times after it, and each look gets its part of the
chance that all of them together may err with (Bonferroni). Between two looks the answer is that of the last one, so
that it does not matter how often somebody asks. Arms are named, and what they are is part of the sentence.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.names import FeedName
from bot.model.proof import RankTest, SurvivalTest
from bot.model.series import Reading, Series, Window
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.ranks import compare
from bot.rules.compile import Rule
from bot.rules.display import show_duration
from bot.rules.evaluate import Needs, evaluate
from bot.rules.shape import Level, level_of, threshold_of
from bot.rules.survival import bounds, cases_of, curve_of, share_lasting
from bot.rules.syntax import Operator

WEEK = timedelta(days=7)
Fallback = Callable[[], Measurement]


@dataclass(frozen=True, slots=True, kw_only=True)
class Arms:
    """Two groups of numbers, and what the second one is; `why_not` says why no better one was at hand."""

    treated: tuple[float, ...]
    control: tuple[float, ...]
    name: str
    why_not: tuple[str, ...]


def span_of(test: RankTest) -> timedelta:
    """Return how much time before a look any of its arms may need."""
    return test.every * (test.looks + 1) + WEEK


def rank_breach(
    rule: Rule, data: Mapping[FeedName, Reading], test: RankTest, *, now: datetime, needs: Needs, fixed: Fallback
) -> Measurement:
    """Measure a rule whose metric must lie beyond a baseline's; `fixed` measures it against its limit alone."""
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
    arms = _arms(series, test, Window(start=at - test.every, end=at), live)
    if isinstance(arms, str):
        plain = fixed()
        return replace(plain, sentence=f"no baseline, so its limit alone counts ({arms}): {plain.sentence}")
    return _ranked(found, arms, test, place, is_upper=level.is_upper)


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


def _arms(series: Series, test: RankTest, window: Window, live: datetime) -> Arms | str:
    """Choose the best baseline that there is: a group that runs beside, else the same hours of a week before."""
    is_control = _chooser(series, test)
    treated = _numbers(series, window, lambda labels: not is_control(labels))
    if len(treated) < test.min_samples:
        return f"{len(treated)} samples since, {test.min_samples} needed"
    why_not: list[str] = []
    if test.control:
        named = " and ".join(f"{label} {' or '.join(values)}" for label, values in sorted(test.control.items()))
        beside = _numbers(series, window, is_control)
        earlier = Window(start=live - window.length, end=live)
        differ = _differed(series, test, earlier)
        if len(beside) >= test.min_samples and not differ:
            return Arms(treated=treated, control=beside, name=f"{named} at the same time", why_not=())
        why_not.append(f"{named}: {differ or f'{len(beside)} samples'}")
    else:
        why_not.append("no control group is named")
    weeks = -((live - window.end) // WEEK)
    shift = WEEK * max(weeks, 1)
    before = Window(start=window.start - shift, end=window.end - shift)
    control = _numbers(series, before, lambda labels: not is_control(labels))
    if len(control) >= test.min_samples:
        name = f"in the same hours {show_duration(shift)} before"
        return Arms(treated=treated, control=control, name=name, why_not=tuple(why_not))
    return "; ".join([*why_not, f"the same hours {show_duration(shift)} before: {len(control)} samples"])


def _differed(series: Series, test: RankTest, earlier: Window) -> str:
    """Say why a group is no baseline: it was another one before the change already, or nobody knows."""
    is_control = _chooser(series, test)
    treated = _numbers(series, earlier, lambda labels: not is_control(labels))
    control = _numbers(series, earlier, is_control)
    if min(len(treated), len(control)) < test.min_samples:
        return "too few samples before the change to tell whether they were alike"
    above = compare(treated=treated, control=control).above
    return "they differed before the change already" if max(above, 1 - above) >= test.effect else ""


def _chooser(series: Series, test: RankTest) -> Callable[[tuple[str, ...]], bool]:
    wanted = [(series.labels.index(label), frozenset(values)) for label, values in test.control.items()]
    return lambda labels: bool(wanted) and all(labels[place] in values for place, values in wanted)


def _numbers(series: Series, window: Window, admits: Callable[[tuple[str, ...]], bool]) -> tuple[float, ...]:
    return tuple(s.value / s.of for s in series.samples if s.of > 0 and window.holds(s.at) and admits(s.labels))


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
