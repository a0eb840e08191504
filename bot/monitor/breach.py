"""Does the rollback rule hold, beyond what chance and bursts explain? Pure: series and settings in, measurement out.

A bare `error_rate > 5%` looked at every few minutes takes back healthy changes with near certainty. So a ratio must
break its limit twice over: pooled over an hour with statistical confidence, and in most of the separate windows of
that hour. Any other rule must hold in two of its last three separate windows, the newest among them.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from bot.model.clock import format_time
from bot.model.names import FeedName
from bot.model.series import FeedFailure, Reading, Sample, Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.wilson import lower_bound
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs, evaluate
from bot.rules.shape import Threshold, threshold_of
from bot.rules.syntax import Operator

_SEPARATE_WINDOWS = 3
_SEPARATE_BREACHES = 2
_STALE_WINDOWS = 3


def measure_breach(
    rule: Rule,
    data: Mapping[FeedName, Reading],
    test: RollbackTest,
    *,
    now: datetime,
    since: datetime | None,
    min_samples: int = 1,
) -> Measurement:
    """Measure the rollback rule on data of `[since, now)`; HOLDS means that a rollback is due."""
    threshold = threshold_of(rule)
    if threshold is not None and rule.hold is None and _is_upper_limit(threshold):
        reading = data.get(threshold.feed)
        if isinstance(reading, FeedFailure):
            return _cannot_read(rule, reading)
        if isinstance(reading, Series) and reading.kind is SeriesKind.RATIO:
            return _ratio_breach(rule, threshold, reading, test, now=now, since=since)
    return _persistent_breach(rule, data, now=now, needs=Needs(min_samples=min_samples, fresh_after=since))


def lookback(rule: Rule, test: RollbackTest) -> timedelta:
    """How much data before `now` a breach is judged on."""
    return max(rule.lookback + rule.reach * _SEPARATE_WINDOWS, test.pool, test.window * test.windows)


def _cannot_read(rule: Rule, failure: FeedFailure) -> Measurement:
    return Measurement(
        rule=rule.text, outcome=RuleOutcome.ERROR, sentence=f"{failure.feed} cannot be read: {failure.message}"
    )


def _ratio_breach(
    rule: Rule, threshold: Threshold, series: Series, test: RollbackTest, *, now: datetime, since: datetime | None
) -> Measurement:
    start = max(now - test.pool, since) if since is not None else now - test.pool
    window = Window(start=start, end=now)
    pooled = tuple(s for s in series.samples if window.holds(s.at) and _is_usable(s))
    newest = max((s.at for s in series.samples if s.at < now), default=None)
    hits, trials = math.fsum(s.value for s in pooled), math.fsum(s.of for s in pooled)

    def answer(outcome: RuleOutcome, sentence: str, observed: str = "") -> Measurement:
        return Measurement(
            rule=rule.text, outcome=outcome, sentence=sentence, observed=observed, samples=trials, window=window
        )

    if newest is None:
        return answer(RuleOutcome.NO_DATA, f"{series.feed} has no samples")
    if newest < now - test.window * _STALE_WINDOWS:
        return answer(RuleOutcome.STALE, f"{series.feed} ends at {format_time(newest)}")
    if trials < test.min_samples:
        return answer(RuleOutcome.INSUFFICIENT, f"{trials:g} counted, {test.min_samples} needed")
    limit = threshold.limit.value * threshold.limit.unit.factor
    breached = _breached_windows(pooled, limit, test, now)
    bound = lower_bound(hits, trials, test.confidence)
    holds = bound > limit and breached >= test.breaches
    sentence = (
        f"{threshold.feed} is {_percent(hits / trials)} (n={trials:g}), at least {_percent(bound)} with "
        f"{test.confidence:.1%} confidence, limit {_percent(limit)}; broken in {breached} of {test.windows} windows "
        f"of {_minutes(test.window)} since {format_time(now - test.window * test.windows)}, "
        f"{test.breaches} needed"
    )
    return answer(RuleOutcome.HOLDS if holds else RuleOutcome.DOES_NOT_HOLD, sentence, _percent(hits / trials))


def _breached_windows(samples: tuple[Sample, ...], limit: float, test: RollbackTest, now: datetime) -> int:
    """Count the separate windows, back from `now`, whose own ratio is above the limit."""
    hits = [0.0] * test.windows
    trials = [0.0] * test.windows
    for sample in samples:
        index = math.ceil((now - sample.at) / test.window) - 1
        if 0 <= index < test.windows:
            hits[index] += sample.value
            trials[index] += sample.of
    return sum(1 for hit, trial in zip(hits, trials, strict=True) if trial > 0 and hit / trial > limit)


def _persistent_breach(rule: Rule, data: Mapping[FeedName, Reading], *, now: datetime, needs: Needs) -> Measurement:
    newest = evaluate(rule, data, now=now, needs=needs)
    if newest.outcome is not RuleOutcome.HOLDS:
        return newest
    earlier = [evaluate(rule, data, now=now - rule.reach * back, needs=needs) for back in range(1, _SEPARATE_WINDOWS)]
    holding = 1 + sum(measurement.outcome is RuleOutcome.HOLDS for measurement in earlier)
    sentence = f"{newest.sentence}; held in {holding} of the last {_SEPARATE_WINDOWS} separate windows"
    if holding >= _SEPARATE_BREACHES:
        return replace(newest, sentence=sentence)
    return replace(newest, outcome=RuleOutcome.DOES_NOT_HOLD, sentence=f"{sentence}, {_SEPARATE_BREACHES} needed")


def _is_upper_limit(threshold: Threshold) -> bool:
    return threshold.op in {Operator.MORE, Operator.AT_LEAST} and threshold.reducer in {None, "mean"}


def _is_usable(sample: Sample) -> bool:
    return math.isfinite(sample.value) and math.isfinite(sample.of) and sample.of > 0


def _percent(ratio: float) -> str:
    return f"{ratio / PERCENT.factor:.2f}%"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes"
