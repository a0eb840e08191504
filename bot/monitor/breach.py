"""Does the rollback rule hold, beyond what chance and bursts explain? Pure: series and settings in, measurement out.

A bare `error_rate > 5%` looked at every few minutes takes back healthy changes with near certainty. So a share must
break its limit twice over: with proof, be it pooled over two hours or summed up over days, and in most of the
separate windows of that time. Any other rule must hold in two of its last three separate windows, the newest among
them. What is beyond the limit and yet not proven is GREY: it neither takes a change back nor lets it pass.
"""

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
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
from bot.monitor.cusum import evidence_of, harmful, needed, strongest
from bot.monitor.groups import Counts, parted
from bot.monitor.previous import PreviousRun
from bot.monitor.tally import Tally
from bot.monitor.wilson import lower_bound
from bot.rules.compile import Rule
from bot.rules.display import show_duration
from bot.rules.evaluate import Needs, evaluate
from bot.rules.shape import threshold_of
from bot.rules.syntax import Operator
from bot.rules.tape import made_of
from bot.rules.units import settle

SEPARATE_WINDOWS = 3
SEPARATE_BREACHES = 2
_UNPROVEN = "beyond the limit and not proven: "
STALE_WINDOWS = 3
"""A share is stale when its newest sample is older than so many windows of the test."""
_NEAR = 1e-9
"""A share farther from its limit than that lies on the same side of it before and after it is settled."""
_RULES_KEPT = 4_096
_UPPER = {Operator.MORE: operator.gt, Operator.AT_LEAST: operator.ge}
_LOWER = {Operator.LESS: operator.lt, Operator.AT_MOST: operator.le}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShareLimit:
    """A limit on a share; `compare` is true beyond it, and `is_upper` says on which side that is.

    `value` has no more digits than rules compare on.
    """

    feed: FeedName
    value: float
    compare: Callable[[float, float], bool]
    is_upper: bool

    def is_broken(self, share: float) -> bool:
        """Tell whether a share is beyond the limit; only one that is next to it has to be settled."""
        near = abs(share - self.value) <= _NEAR
        return self.compare(settle(share) if near else share, self.value)

    def bound(self, hits: float, trials: float, confidence: float) -> float:
        """Return the share as near to the limit's good side as confidence still allows."""
        if self.is_upper:
            return lower_bound(hits, trials, confidence)
        return 1.0 - lower_bound(trials - hits, trials, confidence)

    def beyond(self, hits: float, trials: float, confidence: float) -> "ShareLimit":
        """Return the limit that a share must break to be worse than these counts, as bad as confidence allows.

        Two intervals of a confidence that do not meet prove a difference with more than that confidence, and there is
        nothing to divide by where the earlier share is zero. It is never milder than the limit itself.
        """
        if self.is_upper:
            return replace(self, value=settle(max(self.value, 1.0 - lower_bound(trials - hits, trials, confidence))))
        return replace(self, value=settle(min(self.value, lower_bound(hits, trials, confidence))))

    def broken_of(self, counts: Iterable[tuple[float, float]]) -> int:
        """Count the windows whose own share, of hits and trials, is beyond the limit."""
        return sum(1 for hits, trials in counts if trials > 0 and self.is_broken(hits / trials))

    def evidence(self, hits: float, trials: float) -> float:
        """Return how much counts speak for harm against a share at the limit; nothing is beyond a limit of 100%."""
        limit = self.value if self.is_upper else 1.0 - self.value
        return evidence_of(hits if self.is_upper else trials - hits, trials, limit) if limit < 1 else 0.0

    def harm(self) -> float:
        """Return the share that the evidence is for."""
        return harmful(self.value) if self.is_upper else 1.0 - harmful(1.0 - self.value)

    def question(self, test: RollbackTest, window: Window, *, live: datetime) -> Question:
        """Return what is asked of a share that is held against a baseline, too."""
        allowed = self.value if self.is_upper else 1.0 - self.value
        return Question(
            window=window,
            live=live,
            is_upper=self.is_upper,
            allowed=allowed,
            confidence=test.confidence,
            min_samples=test.min_samples,
        )

    def outcome_of(
        self, hits: float, trials: float, *, broken: int, test: RollbackTest, evidence: float = 0.0
    ) -> RuleOutcome:
        """Judge pooled counts, `broken` of the separate windows being beyond the limit; `trials` is above zero.

        `evidence` is the strongest of the windows summed up, which only the test `cusum` asks for.
        """
        if not self.is_broken(hits / trials):
            return RuleOutcome.DOES_NOT_HOLD
        proven = broken >= test.breaches and self._is_proven(hits, trials, test, evidence)
        return RuleOutcome.HOLDS if proven else RuleOutcome.GREY

    def _is_proven(self, hits: float, trials: float, test: RollbackTest, evidence: float) -> bool:
        match test.share:
            case ShareTest.WILSON:
                return self.is_broken(self.bound(hits, trials, test.confidence))
            case ShareTest.CUSUM:
                return settle(evidence) >= settle(evidence_needed(test))
            case _:
                assert_never(test.share)


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
    if found.outcome is not RuleOutcome.HOLDS or found.window is None:
        return None
    asked = limit.question(test, found.window, live=needs.changed_at or live)
    sides = sides_of(series, test.control, None, is_upper=limit.is_upper)
    return found.window if isinstance(compared(sides, asked), str) else None


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
    return max(rule.baseline, WEEK + test.pool + rule.delay) if test.control else rule.baseline


def windows_summed(test: RollbackTest) -> int:
    """Over how many windows the evidence of the test `cusum` sums up."""
    return max(1, test.reach // test.window)


def evidence_needed(test: RollbackTest) -> float:
    """How much evidence the test `cusum` takes for proof."""
    return needed(windows_summed(test), test.alpha)


@lru_cache(maxsize=_RULES_KEPT)
def share_limit_of(rule: Rule) -> ShareLimit | None:
    """Read a rule as a limit that a share can break; None for every other rule."""
    threshold = threshold_of(rule)
    if threshold is None or rule.hold is not None or threshold.reducer not in {None, "mean"}:
        return None
    compare = _UPPER.get(threshold.op) or _LOWER.get(threshold.op)
    value = threshold.limit.value * threshold.limit.unit.factor
    if compare is None or not 0 <= value <= 1:
        return None
    return ShareLimit(feed=threshold.feed, value=settle(value), compare=compare, is_upper=threshold.op in _UPPER)


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
            asked = limit.question(test, Window(start=start, end=now), live=at.needs.changed_at or since)
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
