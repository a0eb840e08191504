"""Does the rollback rule hold, beyond what chance and bursts explain? Pure: series and settings in, measurement out.

A bare `error_rate > 5%` looked at every few minutes takes back healthy changes with near certainty. So a share must
break its limit twice over: pooled over an hour with statistical confidence, and in most of the separate windows of
that hour. Any other rule must hold in two of its last three separate windows, the newest among them. What is beyond
the limit and yet not proven is INSUFFICIENT: it neither takes a change back nor lets it pass.
"""

import math
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
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
from bot.rules.shape import threshold_of
from bot.rules.syntax import Operator
from bot.rules.units import settle

_SEPARATE_WINDOWS = 3
_SEPARATE_BREACHES = 2
_STALE_WINDOWS = 3
_MOST_COUNTED = 1e15
"""More than that nobody counts in a window; it leaves out what is no number, too."""
_UPPER = {Operator.MORE: operator.gt, Operator.AT_LEAST: operator.ge}
_LOWER = {Operator.LESS: operator.lt, Operator.AT_MOST: operator.le}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """A limit on a share; `compare` is true beyond it, and `is_upper` says on which side that is."""

    feed: FeedName
    value: float
    compare: Callable[[float, float], bool]
    is_upper: bool

    def is_broken(self, share: float) -> bool:
        """Tell whether a share is beyond the limit."""
        return self.compare(settle(share), settle(self.value))

    def bound(self, hits: float, trials: float, confidence: float) -> float:
        """Return the share as near to the limit's good side as confidence still allows."""
        if self.is_upper:
            return lower_bound(hits, trials, confidence)
        return 1.0 - lower_bound(trials - hits, trials, confidence)


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
    limit = _limit_of(rule)
    if limit is not None:
        reading = data.get(limit.feed)
        if isinstance(reading, FeedFailure):
            return _cannot_read(rule, reading)
        if isinstance(reading, Series) and reading.kind is SeriesKind.RATIO:
            return _share_breach(rule, limit, reading, test, now=now, since=since)
    return _persistent_breach(rule, data, now=now, needs=Needs(min_samples=min_samples, fresh_after=since))


def lookback(rule: Rule, test: RollbackTest) -> timedelta:
    """How much data before `now` a breach is judged on."""
    return max(rule.lookback + rule.reach * _SEPARATE_WINDOWS, test.pool, test.window * test.windows)


def _limit_of(rule: Rule) -> _Limit | None:
    """Read a rule as a limit that a share can break; None for every other rule."""
    threshold = threshold_of(rule)
    if threshold is None or rule.hold is not None or threshold.reducer not in {None, "mean"}:
        return None
    compare = _UPPER.get(threshold.op) or _LOWER.get(threshold.op)
    value = threshold.limit.value * threshold.limit.unit.factor
    if compare is None or not 0 <= value <= 1:
        return None
    return _Limit(feed=threshold.feed, value=value, compare=compare, is_upper=threshold.op in _UPPER)


def _cannot_read(rule: Rule, failure: FeedFailure) -> Measurement:
    return Measurement(
        rule=rule.text, outcome=RuleOutcome.ERROR, sentence=f"{failure.feed} cannot be read: {failure.message}"
    )


def _share_breach(
    rule: Rule, limit: _Limit, series: Series, test: RollbackTest, *, now: datetime, since: datetime | None
) -> Measurement:
    start = now - test.pool if since is None else min(max(now - test.pool, since), now)
    usable = [s for s in series.samples if s.at < now and (since is None or s.at >= since) and _is_usable(s)]
    pooled = [sample for sample in usable if sample.at >= start]
    hits, trials = math.fsum(s.value for s in pooled), math.fsum(s.of for s in pooled)
    observed = ""
    missing = _missing(series, trials, test, now)
    if missing is None:
        outcome, sentence = _judged(limit, test, hits, trials, broken=_broken_windows(usable, limit, test, now))
        sentence += f" since {format_time(now - test.window * test.windows)}, {test.breaches} needed"
        observed = _percent(hits / trials)
    else:
        outcome, sentence = missing
    return Measurement(
        rule=rule.text,
        outcome=outcome,
        sentence=sentence,
        observed=observed,
        samples=trials,
        window=Window(start=start, end=now),
    )


def _missing(series: Series, trials: float, test: RollbackTest, now: datetime) -> tuple[RuleOutcome, str] | None:
    """Say why a share says nothing at all."""
    newest = max((sample.at for sample in series.samples if sample.at < now), default=None)
    if newest is None:
        return RuleOutcome.NO_DATA, f"{series.feed} has no samples"
    if newest < now - test.window * _STALE_WINDOWS:
        return RuleOutcome.STALE, f"{series.feed} ends at {format_time(newest)}"
    if trials < test.min_samples:
        return RuleOutcome.INSUFFICIENT, f"{trials:g} counted, {test.min_samples} needed"
    return None


def _judged(limit: _Limit, test: RollbackTest, hits: float, trials: float, *, broken: int) -> tuple[RuleOutcome, str]:
    share, bound = hits / trials, limit.bound(hits, trials, test.confidence)
    side = "at least" if limit.is_upper else "at most"
    sentence = (
        f"{limit.feed} is {_percent(share)} (n={trials:g}), {side} {_percent(bound)} with "
        f"{test.confidence:.1%} confidence, limit {_percent(limit.value)}; broken in {broken} of {test.windows} "
        f"windows of {_minutes(test.window)}"
    )
    if not limit.is_broken(share):
        return RuleOutcome.DOES_NOT_HOLD, sentence
    if limit.is_broken(bound) and broken >= test.breaches:
        return RuleOutcome.HOLDS, sentence
    return RuleOutcome.INSUFFICIENT, f"beyond the limit and not proven: {sentence}"


def _broken_windows(samples: Iterable[Sample], limit: _Limit, test: RollbackTest, now: datetime) -> int:
    """Count the separate windows, back from `now`, whose own share is beyond the limit."""
    hits = [0.0] * test.windows
    trials = [0.0] * test.windows
    for sample in samples:
        index = math.ceil((now - sample.at) / test.window) - 1
        if index < test.windows:
            hits[index] += sample.value
            trials[index] += sample.of
    return sum(1 for hit, trial in zip(hits, trials, strict=True) if trial > 0 and limit.is_broken(hit / trial))


def _persistent_breach(rule: Rule, data: Mapping[FeedName, Reading], *, now: datetime, needs: Needs) -> Measurement:
    newest = evaluate(rule, data, now=now, needs=needs)
    if newest.outcome is not RuleOutcome.HOLDS:
        return newest
    earlier = [evaluate(rule, data, now=now - rule.reach * back, needs=needs) for back in range(1, _SEPARATE_WINDOWS)]
    holding = 1 + sum(measurement.outcome is RuleOutcome.HOLDS for measurement in earlier)
    sentence = f"{newest.sentence}; held in {holding} of the last {_SEPARATE_WINDOWS} separate windows"
    if holding >= _SEPARATE_BREACHES:
        return replace(newest, sentence=sentence)
    sentence = f"beyond the limit and not proven: {sentence}, {_SEPARATE_BREACHES} needed"
    return replace(newest, outcome=RuleOutcome.INSUFFICIENT, sentence=sentence)


def _is_usable(sample: Sample) -> bool:
    return 0 <= sample.value <= _MOST_COUNTED and 0 < sample.of <= _MOST_COUNTED


def _percent(ratio: float) -> str:
    return f"{ratio / PERCENT.factor:.2f}%"


def _minutes(length: timedelta) -> str:
    return f"{length.total_seconds() / 60:g} minutes"
