"""How often chance alone takes a healthy change back: the monitor's test for shares on simulated watches. Pure.

The random numbers come from a fixed seed, so that the same data gives the same figures.
"""

import math
import random
from bisect import bisect_left
from dataclasses import dataclass
from datetime import timedelta
from itertools import accumulate

from bot.model.proof import ShareTest
from bot.model.settings import RollbackTest
from bot.model.verdict import RuleOutcome
from bot.monitor.cusum import strongest
from bot.monitor.limit import ShareLimit, windows_summed

WATCH = timedelta(days=3)
"""How long the simulated watches last."""
WATCHES = 500
"""So many are simulated: a rate of 0.5 % is then known to within a third of a percent."""
_SEED = 20_260_105
_MOST_SPREAD = 0.5
_NEVER = 1e-4
"""A stream that cannot take back more watches than this is not played."""
_LEVELS = 32
"""Rates that a bursty stream changes between."""
_NORMAL_FROM = 400.0
"""From this variance on a binomial count is drawn from the normal distribution."""
_TAIL = 10
"""Standard deviations of a binomial distribution that its table covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """Hits and trials of consecutive windows, oldest first."""

    hits: tuple[float, ...]
    trials: tuple[float, ...]

    @property
    def rate(self) -> float:
        """All hits over all trials; zero without trials."""
        trials = math.fsum(self.trials)
        return math.fsum(self.hits) / trials if trials else 0.0


def false_rollbacks(
    limit: ShareLimit, counts: Counts, test: RollbackTest, *, arm_after: timedelta, watches: int = WATCHES
) -> float:
    """Return the share of watches over a healthy change that end in a rollback, on the worse of two streams.

    Every watch begins somewhere in the observed volumes. The steady stream has the observed rate all the time; the
    bursty one changes its rate with every pool, as much as the observed pools differ beyond chance.
    """
    dice = Dice(seed=_SEED)
    pool = max(1, test.pool // test.window)
    streams: list[tuple[float, ...]] = [(counts.rate,)]
    if (spread := spread_of(counts, pool)) > 0:
        streams.append(dice.rates(counts.rate, spread))
    judge = Judge(limit=limit, test=test, first=arm_after // test.window)
    looks = max(1, WATCH // test.window)
    volumes = Counts(hits=counts.hits, trials=tuple(map(_rounded, counts.trials)))
    return max(
        sum(judge.takes_back(_watch(volumes, rates, pool, looks, dice)) for _ in range(watches)) / watches
        if judge.bound(volumes, rates, looks=looks, dice=dice) > _NEVER
        else 0.0
        for rates in streams
    )


def _rounded(trials: float) -> float:
    """Round a volume to two digits, so that few distributions have to be worked out."""
    return float(f"{round(trials):.2g}")


def _watch(counts: Counts, rates: tuple[float, ...], block: int, looks: int, dice: "Dice") -> Counts:
    """Draw one watch; the observed volumes go round and round."""
    offset = dice.below(len(counts.trials))
    around = counts.trials[offset:] + counts.trials[:offset]
    trials = (around * -(-looks // len(around)))[:looks]
    hits: list[float] = []
    for start in range(0, looks, block):
        hits += dice.binomials(trials[start : start + block], rates[dice.below(len(rates))])
    return Counts(hits=tuple(hits), trials=trials)


class Judge:
    """The monitor's test for shares, looked at the end of every window of a watch.

    It remembers which counts are beyond the limit.
    """

    def __init__(self, *, limit: ShareLimit, test: RollbackTest, first: int) -> None:
        """`first` is the first look that may take a change back."""
        self._limit = limit
        self._test = test
        self._first = max(first, 1)
        self._broken: dict[tuple[float, float], bool] = {}
        self._proven: dict[tuple[float, float], bool] = {}

    def bound(self, counts: Counts, rates: tuple[float, ...], *, looks: int, dice: "Dice") -> float:
        """Return a share of watches that rollbacks cannot exceed: enough windows must be beyond the limit by chance.

        Of any `windows` windows some `breaches` must be; they lie in a few blocks, each with a rate of its own, and
        none is beyond the limit more often than at the highest of these. Boole's inequality does the rest.
        """
        test = self._test
        choices = math.comb(test.windows, test.breaches)
        blocks = 1 if len(rates) == 1 else test.windows // max(1, test.pool // test.window) + 2
        worst = [max(self._chance_of_broken(n, rate, dice) for n in set(counts.trials)) for rate in rates]
        mean = math.fsum(min(1.0, choices * each**test.breaches) for each in worst) / len(worst)
        return looks * blocks * mean

    def _chance_of_broken(self, trials: float, rate: float, dice: "Dice") -> float:
        """Return the probability that one window is beyond the limit."""
        table = dice.table(trials, rate)
        if not table.sums:
            return 1.0 if table.deviation or self._is_broken(table.mean, trials) else 0.0
        hits = range(table.low, table.low + len(table.sums))
        broken = [self._is_broken(float(count), trials) for count in hits]
        if self._limit.is_upper:
            first = broken.index(True) if True in broken else len(broken)
            return 1.0 - table.sums[first - 1] if first else 1.0
        last = broken.index(False) if False in broken else len(broken)
        return table.sums[last - 1] if last else 0.0

    def takes_back(self, watch: Counts) -> bool:
        """Tell whether any look at a watch ends in a rollback."""
        test, pool = self._test, self._test.pool // self._test.window
        broken = [0, *accumulate(map(self._is_broken, watch.hits, watch.trials))]
        if broken[-1] < test.breaches:
            return False
        hits, trials = (0.0, *accumulate(watch.hits)), (0.0, *accumulate(watch.trials))
        for end in range(self._first, len(broken)):
            count = broken[end] - broken[max(0, end - test.windows)]
            start = max(0, end - pool)
            of = trials[end] - trials[start]
            enough = count >= test.breaches and of > 0 and of >= test.min_samples
            if enough and self._is_beyond_chance(watch, end, hits[end] - hits[start], of):
                return True
        return False

    def _is_beyond_chance(self, watch: Counts, end: int, hits: float, trials: float) -> bool:
        """Tell whether a look is proof enough, given that enough windows are beyond the limit."""
        if self._test.share is not ShareTest.CUSUM:
            return self._is_proven(hits, trials)
        summed = slice(max(0, end - windows_summed(self._test)), end)
        counts = zip(watch.hits[summed], watch.trials[summed], strict=True)
        evidence = strongest([self._limit.evidence(*each) for each in counts][::-1])
        limit, test = self._limit, self._test
        outcome = limit.outcome_of(hits, trials, broken=test.breaches, test=test, evidence=evidence)
        return outcome is RuleOutcome.HOLDS

    def _is_proven(self, hits: float, trials: float) -> bool:
        """Tell whether pooled counts are proof enough, given that enough windows are beyond the limit."""
        known = self._proven.get((hits, trials))
        if known is None:
            outcome = self._limit.outcome_of(hits, trials, broken=self._test.breaches, test=self._test)
            known = self._proven[hits, trials] = outcome is RuleOutcome.HOLDS
        return known

    def _is_broken(self, hits: float, trials: float) -> bool:
        known = self._broken.get((hits, trials))
        if known is None:
            known = self._broken[hits, trials] = trials > 0 and self._limit.is_broken(hits / trials)
        return known


def spread_of(counts: Counts, block: int) -> float:
    """Estimate how much the rates of blocks of windows differ beyond chance; 0 is a binomial stream.

    The intraclass correlation of a beta-binomial distribution by the method of moments: Pearson's chi-square of the
    blocks is set equal to its expectation, the sum of 1 + (n - 1) * correlation.
    """
    rate = counts.rate
    if not 0 < rate < 1:
        return 0.0
    blocks = [slice(start, start + block) for start in range(0, len(counts.trials), block)]
    pairs = [(math.fsum(counts.hits[part]), math.fsum(counts.trials[part])) for part in blocks]
    used = [(hits, trials) for hits, trials in pairs if trials > 1]
    if len(used) < 2:
        return 0.0
    chi = math.fsum((hits - n * rate) ** 2 / (n * rate * (1 - rate)) for hits, n in used)
    excess = (chi - len(used)) / math.fsum(n - 1 for _, n in used)
    return min(max(excess, 0.0), _MOST_SPREAD)


class Dice:
    """Random numbers from a seed."""

    def __init__(self, *, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 -- a simulation, to be the same every time
        self._tables: dict[tuple[float, float], Table] = {}

    def below(self, count: int) -> int:
        """Draw a whole number from 0 to below `count`."""
        return int(self._random.random() * count)

    def rates(self, mean: float, spread: float) -> tuple[float, ...]:
        """Draw rates of a beta distribution with this mean and intraclass correlation, and set their mean right."""
        weight = (1 - spread) / spread
        drawn = [self._random.betavariate(mean * weight, (1 - mean) * weight) for _ in range(_LEVELS)]
        found = math.fsum(drawn) / _LEVELS
        return tuple(min(each * mean / found, 1.0) for each in drawn) if found > 0 else (mean,)

    def binomials(self, trials: tuple[float, ...], rate: float) -> list[float]:
        """Draw how many hit of each of `trials`."""
        draw = self._random.random
        drawn: list[float] = []
        for count in trials:
            table = self.table(count, rate)
            drawn.append(table.low + bisect_left(table.sums, draw()) if table.sums else self._normal(table))
        return drawn

    def table(self, trials: float, rate: float) -> "Table":
        """Return the distribution of the hits of so many trials."""
        table = self._tables.get((trials, rate))
        if table is None:
            table = self._tables[trials, rate] = _table_of(round(trials), rate)
        return table

    def _normal(self, table: "Table") -> int:
        return min(max(round(self._random.gauss(table.mean, table.deviation)), 0), table.trials)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A binomial distribution: the summed probabilities of `low` hits and more; none where a normal one will do."""

    trials: int
    mean: float
    deviation: float
    low: int = 0
    sums: tuple[float, ...] = ()


def _table_of(trials: int, rate: float) -> Table:
    mean, variance = trials * rate, trials * rate * (1 - rate)
    deviation = math.sqrt(max(variance, 0.0))
    if variance <= 0 or variance > _NORMAL_FROM:
        return Table(trials=trials, mean=mean, deviation=deviation)
    low = max(0, math.floor(mean - _TAIL * deviation) - _TAIL)
    high = min(trials, math.ceil(mean + _TAIL * deviation) + _TAIL)
    sums = (*accumulate(_probability(hits, trials, rate) for hits in range(low, high)), 1.0)
    return Table(trials=trials, mean=mean, deviation=deviation, low=low, sums=sums)


def _probability(hits: int, trials: int, rate: float) -> float:
    ways = math.lgamma(trials + 1) - math.lgamma(hits + 1) - math.lgamma(trials - hits + 1)
    return math.exp(ways + hits * math.log(rate) + (trials - hits) * math.log1p(-rate))
