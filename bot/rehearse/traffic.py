"""What the traffic of a feed does to a recipe: minimums that it never reaches, rollbacks by chance. Pure.

Rollbacks by chance are simulated for rules on one share, which are tested by themselves; for every other rule
`pow backtest` resamples its history.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta

from bot.model.errors import Diagnostic
from bot.model.names import FeedName
from bot.model.series import Reading, Series, SeriesKind
from bot.model.settings import Policy, RollbackTest
from bot.model.unit import PERCENT
from bot.monitor.groups import chooser, is_countable, named
from bot.monitor.limit import ShareLimit, share_limit_of
from bot.recipes.check import Check
from bot.recipes.lints.subject import RuleKey, Subject
from bot.rehearse.chance import WATCH, Counts, false_rollbacks
from bot.rules.compile import Rule
from bot.rules.display import show_count, show_duration, show_value
from bot.rules.functions import COUNT
from bot.rules.typed import HoldFor, Reduced, present

ACCEPTED = 0.005
"""The share of healthy changes that may be rolled back by chance."""
_HALF = 0.5
_LOW = 10
"""The volume that all but one window in so many have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Volume:
    """How many cases the windows of one width held, back from the end of the data."""

    width: timedelta
    counts: tuple[float, ...]

    @property
    def median(self) -> float:
        """The volume of the middle window."""
        return sorted(self.counts)[len(self.counts) // 2]

    @property
    def low(self) -> float:
        """The volume that nine of ten windows reach."""
        return sorted(self.counts)[len(self.counts) // _LOW]

    def reached(self, minimum: float) -> float:
        """Return the share of windows with at least so many cases."""
        return sum(count >= minimum for count in self.counts) / len(self.counts)


def traffic_faults(subject: Subject, data: Mapping[FeedName, Reading], policy: Policy) -> Iterator[Diagnostic]:
    """Hold a recipe's thresholds against the observed traffic; feeds that gave nothing say nothing."""
    for key, rule in subject.rules:
        yield from _unreached(subject, key, rule, data, policy)
    limit = share_limit_of(subject.compiled.rollback)
    test = policy.rollback.chosen(subject.recipe.watch.test)
    yield from _unreached_control(subject, data, test)
    if not test.is_of_chance:
        return
    reading = data.get(limit.feed) if limit else None
    if limit is None or not isinstance(reading, Series) or reading.kind is not SeriesKind.RATIO:
        return
    yield from _by_chance(subject, limit, counts_of(reading, test.window), test)


def _unreached(
    subject: Subject, key: RuleKey, rule: Rule, data: Mapping[FeedName, Reading], policy: Policy
) -> Iterator[Diagnostic]:
    """Tell of the first number of a rule that has too few samples in too many windows."""
    needed = subject.recipe.watch.coverage if isinstance(rule.tree.sustain, HoldFor) else _HALF
    for reduced in present(rule.tree.logic):
        reading = data.get(reduced.metric.name)
        if not isinstance(reading, Series) or reduced.function is COUNT:
            continue
        width, minimum, where = _asked(subject, key, rule, reduced, policy)
        volume = volume_of(reading, width, by=rule.tree.grouping.labels if rule.tree.grouping else ())
        if volume is None or volume.reached(minimum) >= needed:
            continue
        message = (
            f"`{reduced.metric.name}` has {show_count(volume.median)} in the middle of its windows of "
            f"{show_duration(width)}, {show_count(volume.low)} in the lowest tenth, and {minimum} are needed: "
            f"{volume.reached(minimum):.0%} of {len(volume.counts)} windows would say anything"
        )
        yield subject.warning(Check.UNREACHED_MINIMUM, subject.at(key), message, where)
        return


def _unreached_control(
    subject: Subject, data: Mapping[FeedName, Reading], test: RollbackTest
) -> Iterator[Diagnostic]:
    """Tell of control groups that are too few to compare with in too many windows, or that nobody ever measured."""
    control, width, minimum = test.control, test.pool, test.min_samples
    if test.ranks is not None:
        control, width, minimum = test.ranks.control, test.ranks.every, test.ranks.min_samples
    for name in subject.compiled.rollback.feeds if control else ():
        reading = data.get(name)
        if not isinstance(reading, Series):
            continue
        is_control = chooser(reading, control)
        others_as_none = tuple(s if is_control(s.labels) else replace(s, of=0.0) for s in reading.samples)
        beside = volume_of(replace(reading, samples=others_as_none), width)
        if beside is None or beside.reached(minimum) >= _HALF:
            continue
        message = (
            f"{named(control)} of `{name}` has {show_count(beside.median)} in the middle of its windows of "
            f"{show_duration(width)}, and {minimum} are needed: {beside.reached(minimum):.0%} of "
            f"{len(beside.counts)} windows could be compared with"
        )
        hint = "name groups in `control` that are measured more often"
        yield subject.warning(Check.UNREACHED_MINIMUM, subject.at(RuleKey.ROLLBACK), message, hint)


def _asked(
    subject: Subject, key: RuleKey, rule: Rule, reduced: Reduced, policy: Policy
) -> tuple[timedelta, int, str]:
    """Return the window and the least number of cases that a rule is measured with, and who sets them."""
    if key is RuleKey.ROLLBACK and share_limit_of(rule) and reduced.metric.kind is SeriesKind.RATIO:
        hint = "pool longer, or ask for fewer, in `rollback:` of pow/settings/policy.yml"
        return policy.rollback.pool, policy.rollback.min_samples, hint
    hint = "look at longer windows with `over`, or ask for fewer with `watch: {min_samples: …}`"
    return reduced.window, subject.recipe.watch.min_samples, hint


def volume_of(series: Series, width: timedelta, *, by: tuple[str, ...] = ()) -> Volume | None:
    """Count the cases of every window, of each group for itself; None where not one whole window was observed."""
    windows = _observed(series) // width
    if not windows:
        return None
    places = [series.labels.index(label) for label in by if label in series.labels]
    groups: defaultdict[tuple[str, ...], list[float]] = defaultdict(lambda: [0.0] * windows)
    for sample in series.samples:
        back = (series.span.end - sample.at - timedelta.resolution) // width
        counts = groups[tuple(sample.labels[place] for place in places)]
        if back < windows:
            counts[back] += sample.of
    return Volume(width=width, counts=tuple(count for counts in groups.values() for count in counts))


def _observed(series: Series) -> timedelta:
    """Return how long a series was observed: from its first sample on, since a feed may be younger than its span."""
    first = min((sample.at for sample in series.samples), default=series.span.end)
    return series.span.end - max(first, series.span.start)


def counts_of(series: Series, width: timedelta) -> Counts:
    """Add a share's hits and trials up window by window."""
    windows = _observed(series) // width
    hits, trials = [0.0] * windows, [0.0] * windows
    for sample in filter(is_countable, series.samples):
        back = (series.span.end - sample.at - timedelta.resolution) // width
        if back < windows:
            hits[windows - 1 - back] += sample.value
            trials[windows - 1 - back] += sample.of
    return Counts(hits=tuple(hits), trials=tuple(trials))


def _by_chance(subject: Subject, limit: ShareLimit, counts: Counts, test: RollbackTest) -> Iterator[Diagnostic]:
    if not any(counts.trials):
        return
    place = subject.at(RuleKey.ROLLBACK)
    if limit.is_broken(counts.rate):
        message = f"the share is {_percent(counts.rate)} without any change: the limit is broken already"
        yield subject.warning(Check.FALSE_ROLLBACK, place, message, "set the limit beyond what is usual")
        return
    share = false_rollbacks(limit, counts, test, arm_after=subject.recipe.watch.arm_after)
    if share > ACCEPTED:
        message = (
            f"{share:.1%} of healthy changes would be rolled back within {show_duration(WATCH)}: simulated on the "
            f"observed traffic, at its share of {_percent(counts.rate)}"
        )
        hint = "set the limit higher, or ask for more windows and samples in `rollback:` of pow/settings/policy.yml"
        yield subject.warning(Check.FALSE_ROLLBACK, place, message, hint)


def _percent(share: float) -> str:
    return show_value(share, PERCENT)
