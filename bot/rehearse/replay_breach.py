"""The rollback rule at every look of a watch, with the outcome that `bot.monitor.breach` has at each of them."""

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.model.names import FeedName
from bot.model.proof import ShareTest
from bot.model.series import FeedFailure, Reading, Series, SeriesKind
from bot.model.settings import RollbackTest
from bot.model.verdict import Measurement, RuleOutcome
from bot.monitor.beside import Sides, bad_of, compared
from bot.monitor.breach import SEPARATE_BREACHES, SEPARATE_WINDOWS, STALE_WINDOWS, breach_of, lookback, reach_before
from bot.monitor.cusum import strongest
from bot.monitor.groups import Counted, Counts
from bot.monitor.limit import ShareLimit, share_limit_of, windows_summed
from bot.rehearse.replay import Looks, replay
from bot.rehearse.strand import Past, Strand, cut_past
from bot.rehearse.track import Track, micros_at, micros_of, moment_at
from bot.rules.compile import Rule
from bot.rules.evaluate import Needs

_NEVER = -(2**63)


def breach_at(rule: Rule, past: Past, test: RollbackTest, *, now: datetime, needs: Needs) -> Measurement:
    """Measure the rollback rule at one moment, with its sentence."""
    return breach_of(rule, cut_for(rule, past, test, now=now, needs=needs), test, now=now, needs=needs)


def cut_for(rule: Rule, past: Past, test: RollbackTest, *, now: datetime, needs: Needs) -> Mapping[FeedName, Reading]:
    """Cut a past to what the rollback rule is measured on at one moment."""
    start, reach = now - lookback(rule, test), reach_before(rule, test)
    if reach and needs.changed_at:
        start = min(start, needs.changed_at - reach)
    return cut_past(past, start, now)


def replay_breach(rule: Rule, past: Past, looks: Looks, test: RollbackTest, needs: Needs) -> list[RuleOutcome]:
    """Return the rollback rule's outcome at every look."""
    if not test.is_of_counts:
        return _asked(rule, past, looks, test, needs)
    limit = share_limit_of(rule)
    strand = past.get(limit.feed) if limit is not None else None
    if limit is not None and strand is not None:
        match strand.header:
            case FeedFailure():
                return [RuleOutcome.ERROR] * looks.count
            case Series(kind=SeriesKind.RATIO) as series:
                parts = strand.parted(series, test.control) if test.control else (strand, None)
                found = replay_shares(
                    limit, parts, test, needs, [look - micros_of(rule.delay) for look in looks.moments]
                )
                return _asked(rule, past, looks, test, needs) if found is None else found
            case _:
                pass
    return _persistent(rule, past, looks, test, needs)


def replay_shares(
    limit: ShareLimit, parts: tuple[Strand, Strand | None], test: RollbackTest, needs: Needs, moments: Iterable[int]
) -> list[RuleOutcome] | None:
    """Return a share's outcomes at some moments; None where its counts do not add up without rounding.

    The parts are the groups that a change has reached and, where the test asks for one, the control group.
    """
    strand, beside = parts
    if not all(_is_exact(each) for each in parts if each is not None):
        return None
    since = None if needs.fresh_after is None else micros_at(needs.fresh_after)
    shares = _Shares(limit=limit, strand=strand, test=test, since=_NEVER if since is None else since)
    live = needs.changed_at or needs.fresh_after
    if beside is None or since is None or live is None:
        return [shares.outcome_at(at) for at in moments]
    sides = Sides(
        reached=bad_of(_counted(strand), is_upper=limit.is_upper),
        control=bad_of(_counted(beside), is_upper=limit.is_upper),
        named="",
    )
    return [shares.beside_at(at, sides, live) for at in moments]


def _is_exact(strand: Strand) -> bool:
    """Tell whether running totals hold no rounding."""
    return strand.counts.value_sums.error == 0 and strand.counts.weight_sums.error == 0


def _counted(strand: Strand) -> Counted:
    """Count what a strand holds, window by window."""
    return lambda window: _total(strand.counts, micros_at(window.start), micros_at(window.end))


def _total(counts: Track, start: int, end: int) -> Counts:
    """Add up hits and trials of a span."""
    first, last = bisect_left(counts.times, start), bisect_left(counts.times, end)
    if first >= last:
        return 0.0, 0.0
    values, weights = counts.value_sums.totals, counts.weight_sums.totals
    return values[last] - values[first], weights[last] - weights[first]


def _persistent(rule: Rule, past: Past, looks: Looks, test: RollbackTest, needs: Needs) -> list[RuleOutcome]:
    """Demand that the rule holds in most of its last separate windows, too."""
    newest = replay(rule, past, looks, needs)
    if RuleOutcome.HOLDS not in newest:
        return newest
    if rule.tree.grouping is not None:
        return _asked(rule, past, looks, test, needs)
    reach = micros_of(rule.reach)
    rows = [newest]
    for back in range(1, SEPARATE_WINDOWS):
        earlier = Looks(start=looks.start - reach * back, step=looks.step, count=looks.count)
        rows.append(replay(rule, past, earlier, needs))
    return [_proven(*outcomes) for outcomes in zip(*rows, strict=True)]


def _asked(rule: Rule, past: Past, looks: Looks, test: RollbackTest, needs: Needs) -> list[RuleOutcome]:
    """Ask the monitor's own measurement at every look."""
    return [breach_at(rule, past, test, now=moment_at(look), needs=needs).outcome for look in looks.moments]


def _proven(newest: RuleOutcome, *earlier: RuleOutcome) -> RuleOutcome:
    if newest is not RuleOutcome.HOLDS:
        return newest
    holding = 1 + earlier.count(RuleOutcome.HOLDS)
    return RuleOutcome.HOLDS if holding >= SEPARATE_BREACHES else RuleOutcome.GREY


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shares:
    """A limit on a share, and the counts from `since` on that it is measured on."""

    limit: ShareLimit
    strand: Strand
    test: RollbackTest
    since: int
    broken: dict[int, int] = field(default_factory=dict)
    """1 for each end of a window that is beyond the limit by itself, 0 for the others."""
    summed: dict[int, "_Summed"] = field(default_factory=dict)
    """By how far after a whole number of windows these end: looks that lie whole windows apart share them."""

    def outcome_at(self, now: int) -> RuleOutcome:
        """Judge the share as of one moment."""
        test, times = self.test, self.strand.times
        seen = bisect_left(times, now)
        if not seen:
            return RuleOutcome.NO_DATA
        if times[seen - 1] < now - micros_of(test.window) * STALE_WINDOWS:
            return RuleOutcome.STALE
        hits, trials = self._pooled(now - micros_of(test.pool), now)
        if trials < test.min_samples:
            return RuleOutcome.INSUFFICIENT
        if not self.limit.is_broken(hits / trials):
            return RuleOutcome.DOES_NOT_HOLD
        broken = self._broken_windows(now)
        is_asked = test.share is ShareTest.CUSUM and broken >= test.breaches
        evidence = self._evidence(now) if is_asked else 0.0
        return self.limit.outcome_of(hits, trials, broken=broken, test=test, evidence=evidence)

    def beside_at(self, now: int, sides: Sides, live: datetime) -> RuleOutcome:
        """Judge the share as of one moment; where it breaks its limit, by how far it lies beyond a baseline, too."""
        found = self.outcome_at(now)
        if found is not RuleOutcome.HOLDS:
            return found
        asked = self.limit.question(self.test, now=moment_at(now), since=moment_at(self.since), live=live)
        baseline = compared(sides, asked)
        is_harm = isinstance(baseline, str) or baseline.is_proven(asked)
        return RuleOutcome.HOLDS if is_harm else RuleOutcome.GREY

    def _broken_windows(self, now: int) -> int:
        """Count the separate windows whose own share is beyond the limit."""
        width, broken = micros_of(self.test.window), 0
        for end in range(now, now - width * self.test.windows, -width):
            known = self.broken.get(end)
            if known is None:
                known = self.broken[end] = self.limit.broken_of([self._pooled(end - width, end)])
            broken += known
        return broken

    def _evidence(self, now: int) -> float:
        """Return the strongest sum of evidence of the windows up to now."""
        width = micros_of(self.test.window)
        phase = now % width
        if phase not in self.summed:
            self.summed[phase] = self._summed(phase, width)
        known = self.summed[phase]
        newest = (now - known.first) // width
        oldest = max(0, newest - windows_summed(self.test))
        return strongest(known.evidence[oldest:newest][::-1])

    def _summed(self, phase: int, width: int) -> "_Summed":
        times = self.strand.counts.times
        first = times[0] - (times[0] - phase) % width
        ends = range(first + width, times[-1] + width * 2, width)
        evidence = [self.limit.evidence(*self._pooled(end - width, end)) for end in ends]
        return _Summed(first=first, evidence=evidence)

    def _pooled(self, start: int, end: int) -> tuple[float, float]:
        """Add up hits and trials of a span, of what came since the change."""
        return _total(self.strand.counts, max(start, self.since), end)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Summed:
    """The evidence of one window after the other, the oldest of them beginning at `first`."""

    first: int
    evidence: Sequence[float]
