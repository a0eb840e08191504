"""Does the rollback rule hold, beyond what chance and bursts explain? Pure: series and settings in, measurement out.

A bare `error_rate > 5%` looked at every few minutes takes back healthy changes with near certainty. So a share must
break its limit twice over: with proof, be it pooled over two hours or summed up over days, and in most of the
separate windows of that time. Any other rule must hold in two of its last three separate windows, the newest among
them. What is beyond the limit and yet not proven is GREY: it neither takes a change back nor lets it pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import assert_never

from bot.model.clock import format_time
from bot.model.names import FeedName
from bot.model.proof import ShareTest
from bot.model.series import FeedFailure, Reading, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.arms import WEEK
from bot.monitor.beside import Found, Question, compared, sides_of
from bot.monitor.compare import rank_breach, span_of, survival_breach, unaided_look
from bot.monitor.cusum import strongest
from bot.monitor.groups import Counts, parted
from bot.monitor.limit import ShareLimit, evidence_needed, share_limit_of, windows_summed
from bot.monitor.previous import PreviousRun
from bot.monitor.tally import Tally
from bot.rules.compile import Rule
from bot.rules.display import show_duration
from bot.rules.evaluate import Needs, evaluate
from bot.rules.tape import made_of

SEPARATE_WINDOWS = 3
SEPARATE_BREACHES = 2
_UNPROVEN = "beyond the limit and not proven: "
STALE_WINDOWS = 3
"""A share is stale when its newest sample is older than so many windows of the test."""


def measure_breach(
    rule: Rule,
    data: Mapping[FeedName, Reading],
    test: RollbackTest,
    *,
    now: datetime,
    since: datetime | None,
    min_samples: int = 1,
) -> Measurement:
    """Measure the rollback rule on data of `[since, now)`; HOLDS means that a rollback is due.

    The change that `before` looks back from is at `since`; without it, at `now`: that measures the time before it.
    """
    needs = Needs(min_samples=min_samples, fresh_after=since, changed_at=since or now)
    return breach_of(rule, data, test, now=now, needs=needs)


def breach_of(
    rule: Rule,
    data: Mapping[FeedName, Reading],
    test: RollbackTest,
    *,
    now: datetime,
    needs: Needs,
    previous: PreviousRun | None = None,
) -> Measurement:
    """Measure the rollback rule on data from `fresh_after` on; the `before` of its needs is that of `changed_at`.

    A test that compares may fall back on the `previous` run.
    """
    if test.survival is not None:
        return survival_breach(rule, data, test.survival, now=now, needs=needs)
    if test.ranks is not None:
        ranked = rank_breach(rule, data, test.ranks, now=now, needs=needs, previous=previous)
        if isinstance(ranked, Measurement):
            return ranked
        plain = breach_of(rule, data, replace(test, ranks=None), now=now, needs=needs)
        return replace(plain, sentence=f"no baseline, so its limit alone counts ({ranked}): {plain.sentence}")
    limit = share_limit_of(rule)
    if limit is not None:
        reading = data.get(limit.feed)
        if isinstance(reading, FeedFailure):
            return _cannot_read(rule, reading)
        if isinstance(reading, Series) and reading.kind is SeriesKind.RATIO:
            at = _At(now=now - rule.delay, needs=needs, previous=previous)
            return _share_breach(rule, limit, data, reading, test, at=at)
    return _persistent_breach(rule, data, now=now, needs=needs)


def worse_of(
    rule: Rule,
    data: Mapping[FeedName, Reading],
    test: RollbackTest,
    before: Measurement,
    *,
    now: datetime,
    needs: Needs,
) -> Measurement | None:
    """Measure whether a share is worse than it was `before`, by the test `wilson`; None where that has no meaning.

    The limit is moved to the worst that the earlier share may truly have been, and must be broken like any limit. So
    no previous run is asked for: a limit from just before the change is the better baseline.
    """
    limit = share_limit_of(rule)
    series = _share_of(limit, data)
    if limit is None or before.value is None or series is None:
        return None
    moved = limit.beyond(before.value * before.samples, before.samples, test.confidence)
    test = replace(test, share=ShareTest.WILSON)
    return _share_breach(rule, moved, data, series, test, at=_At(now=now - rule.delay, needs=needs))


def unaided(
    rule: Rule, data: Mapping[FeedName, Reading], test: RollbackTest, *, now: datetime, needs: Needs
) -> Window | None:
    """Return what a breach is measured on, where the test compares and has no baseline but a previous run."""
    if test.ranks is not None:
        return unaided_look(rule, data, test.ranks, now=now, needs=needs)
    limit, live = share_limit_of(rule), needs.fresh_after
    series = _share_of(limit, data)
    if not test.control or limit is None or live is None or series is None:
        return None
    found = breach_of(rule, data, test, now=now, needs=needs)
    if found.outcome is not RuleOutcome.HOLDS:
        return None
    asked = limit.question(test, now=now - rule.delay, since=live, live=needs.changed_at or live)
    sides = sides_of(series, test.control, None, is_upper=limit.is_upper)
    return asked.window if isinstance(compared(sides, asked), str) else None


def _share_of(limit: ShareLimit | None, data: Mapping[FeedName, Reading]) -> Series | None:
    """Return the counts that a limit is on; None where there are none."""
    series = data.get(limit.feed) if limit is not None else None
    return series if isinstance(series, Series) and series.kind is SeriesKind.RATIO else None


def lookback(rule: Rule, test: RollbackTest) -> timedelta:
    """How much data before `now` a breach is judged on."""
    shares = max(test.pool, test.window * test.windows)
    if test.share is ShareTest.CUSUM and share_limit_of(rule) is not None:
        shares = max(shares, test.window * windows_summed(test))
    if test.ranks is not None:
        shares = max(shares, span_of(test.ranks))
    return max(rule.lookback + rule.reach * SEPARATE_WINDOWS, shares + rule.delay)


def reach_before(rule: Rule, test: RollbackTest) -> timedelta:
    """How much data before a change a breach is judged on."""
    return max(rule.baseline, WEEK + test.compared_over + rule.delay) if test.control else rule.baseline


def _cannot_read(rule: Rule, failure: FeedFailure) -> Measurement:
    return Measurement(
        rule=rule.text, outcome=RuleOutcome.ERROR, sentence=f"{failure.feed} cannot be read: {failure.message}"
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """One look at a share: its time, a delay taken off, what it demands, and the previous run if there is one."""

    now: datetime
    needs: Needs
    previous: PreviousRun | None = None


def _share_breach(
    rule: Rule,
    limit: ShareLimit,
    data: Mapping[FeedName, Reading],
    whole: Series,
    test: RollbackTest,
    *,
    at: _At,
) -> Measurement:
    tally = Tally(parted(whole, test.control)[0]) if test.control else made_of(whole.feed, data, _tally_of)
    now, since = at.now, at.needs.fresh_after
    start = now - test.pool if since is None else min(max(now - test.pool, since), now)
    hits, trials = tally.of(start, now)
    observed, value = "", None
    missing = _missing(whole.feed, tally, trials, test, now)
    if missing is None:
        outcome, sentence = _judged(limit, test, (hits, trials), tally, now=now, since=since)
        if outcome is RuleOutcome.HOLDS and test.control and since is not None:
            asked = limit.question(test, now=now, since=since, live=at.needs.changed_at or since)
            sides = sides_of(whole, test.control, at.previous, is_upper=limit.is_upper)
            outcome, sentence = _held_against(compared(sides, asked), asked, sentence)
        value = hits / trials
        observed = _percent(value)
    else:
        outcome, sentence = missing
    return Measurement(
        rule=rule.text,
        outcome=outcome,
        sentence=sentence,
        observed=observed,
        samples=trials,
        window=Window(start=start, end=now),
        value=value,
    )


def _tally_of(reading: Reading | None) -> Tally:
    return Tally(reading.samples if isinstance(reading, Series) else ())


def _missing(
    feed: FeedName, tally: Tally, trials: float, test: RollbackTest, now: datetime
) -> tuple[RuleOutcome, str] | None:
    """Say why a share says nothing at all."""
    newest = tally.newest_before(now)
    if newest is None:
        return RuleOutcome.NO_DATA, f"{feed} has no samples"
    if newest < now - test.window * STALE_WINDOWS:
        return RuleOutcome.STALE, f"{feed} ends at {format_time(newest)}"
    if trials < test.min_samples:
        return RuleOutcome.INSUFFICIENT, f"{trials:g} counted, {test.min_samples} needed"
    return None


def _judged(
    limit: ShareLimit,
    test: RollbackTest,
    pooled: Counts,
    tally: Tally,
    *,
    now: datetime,
    since: datetime | None,
) -> tuple[RuleOutcome, str]:
    """Judge a share by its pooled hits and trials, and by the windows back from `now`."""
    hits, trials = pooled
    broken = limit.broken_of(tally.windows(test.window, test.windows, now, since=since))
    evidence = 0.0
    match test.share:
        case ShareTest.WILSON:
            side = "at least" if limit.is_upper else "at most"
            bound = limit.bound(hits, trials, test.confidence)
            proof = f"{side} {_percent(bound)} with {test.confidence:.1%} confidence"
        case ShareTest.CUSUM:
            summed = tally.windows(test.window, windows_summed(test), now, since=since)
            evidence = strongest([limit.evidence(*counts) for counts in summed])
            harm = f"evidence for {_percent(limit.harm())} within {show_duration(test.reach)}"
            proof = f"{evidence:.1f} of {evidence_needed(test):.1f} {harm}"
        case _:
            assert_never(test.share)
    sentence = (
        f"{limit.feed} is {_percent(hits / trials)} (n={trials:g}), {proof}, limit {_percent(limit.value)}; "
        f"broken in {broken} of {test.windows} windows of {_minutes(test.window)} since "
        f"{format_time(now - test.window * test.windows)}, {test.breaches} needed"
    )
    outcome = limit.outcome_of(hits, trials, broken=broken, test=test, evidence=evidence)
    return outcome, f"{_UNPROVEN}{sentence}" if outcome is RuleOutcome.GREY else sentence


def _held_against(found: Found | str, asked: Question, sentence: str) -> tuple[RuleOutcome, str]:
    """Judge a share that is beyond its limit, and proven so, by how far it lies beyond a baseline as well."""
    if isinstance(found, str):
        return RuleOutcome.HOLDS, f"no baseline, so its limit alone counts ({found}): {sentence}"
    sentence = f"{sentence}; {found.in_words(asked)}"
    return (RuleOutcome.HOLDS, sentence) if found.is_proven(asked) else (RuleOutcome.GREY, f"{_UNPROVEN}{sentence}")


def _persistent_breach(rule: Rule, data: Mapping[FeedName, Reading], *, now: datetime, needs: Needs) -> Measurement:
    newest = evaluate(rule, data, now=now, needs=needs)
    if newest.outcome is not RuleOutcome.HOLDS:
        return newest
    earlier = [evaluate(rule, data, now=now - rule.reach * back, needs=needs) for back in range(1, SEPARATE_WINDOWS)]
    holding = 1 + _times_held(rule, newest, earlier)
    sentence = f"{newest.sentence}; held in {holding} of the last {SEPARATE_WINDOWS} separate windows"
    if holding >= SEPARATE_BREACHES:
        return replace(newest, sentence=sentence)
    sentence = f"{_UNPROVEN}{sentence}, {SEPARATE_BREACHES} needed"
    return replace(newest, outcome=RuleOutcome.GREY, sentence=sentence)


def _times_held(rule: Rule, newest: Measurement, earlier: Sequence[Measurement]) -> int:
    """Count the earlier windows in which the rule held; where one group is enough, in the same group all the time."""
    if rule.tree.grouping is None or rule.tree.grouping.every:
        return sum(measurement.outcome is RuleOutcome.HOLDS for measurement in earlier)
    groups = [frozenset(measurement.groups) for measurement in earlier]
    return max(sum(group in holding for holding in groups) for group in newest.groups)


def _percent(ratio: float) -> str:
    return f"{ratio / PERCENT.factor:.2f}%"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes"
