"""How often the rollback test is wrong: watches of three days over simulated traffic, looked at every five minutes.

Run with `python benchmarks/false_actions.py [--markdown PAGE]`; it exits 1 if the default policy breaks its budget.
Every figure comes from fixed seeds. The default policy is judged by the product's own code: its replay of the
rollback rule, which tests hold equal to the monitor look by look, and the monitor's verdict on that. Beside it stand
rules as other tools have them, on the same streams.

With `--pick` it compares what the default could be, on streams of another seed: what is picked on some streams says
nothing about how well it does on them.
"""

import argparse
import math
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import accumulate, groupby
from pathlib import Path
from random import Random
from statistics import median

from bot.model.names import ChangeId, FeedName
from bot.model.proof import ControlChoice, ShareTest
from bot.model.recipe import Watch
from bot.model.series import Series, SeriesKind, Window
from bot.model.settings import RollbackTest
from bot.model.unit import PERCENT
from bot.model.verdict import Measurement, RuleOutcome, VerdictKind
from bot.monitor.cusum import evidence_of
from bot.monitor.limit import ShareLimit, evidence_needed, share_limit_of
from bot.monitor.verdict import WatchFacts, judge
from bot.monitor.wilson import lower_bound
from bot.rehearse.replay import Looks
from bot.rehearse.replay_breach import replay_breach, replay_shares
from bot.rehearse.strand import Past, Strand
from bot.rehearse.track import Track, micros_at, micros_of, moment_at
from bot.rules.catalog import Metric, Scope
from bot.rules.compile import Rule, compile_rule
from bot.rules.evaluate import Needs

SEED, PICKING_SEED = 20_261_127, 20_260_105
"""Streams that the default is judged on, and streams that it was picked on."""
STREAMS, HEALTHY_STREAMS, BURSTY_STREAMS, PEER_STREAMS = 1_000, 2_000, 5_000, 400
"""Bursts come near the budget, so that it takes more streams to tell on which side of it they are."""
WATCH, WINDOW, ONSET = timedelta(days=3), timedelta(minutes=5), timedelta(hours=24)
LOOKS, BEFORE = WATCH // WINDOW, timedelta(hours=3) // WINDOW
VOLUMES = (5, 20, 100, 1_000)
LIMIT = 0.05
MOST_FALSE, CONFIDENCE = 0.005, 0.975
"""Fewer of the healthy and bursty watches than this may end in a rollback, with this confidence."""
LATEST = timedelta(hours=5)
"""The median jump must be caught sooner than this."""
CHANGED = datetime(2026, 1, 5, tzinfo=UTC)
ERRORS = FeedName("metrics.office.error_rate")
DEFAULT = "**default**: Wilson and 8 of 12 windows of 10 min"
CONTROLLED = "`test: {kind: wilson, control: …}`"
AT_ONCE = 72


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """How the errors of a stream come: `spread` is the correlation of requests in one burst, `later` the jump.

    A burst is as long as `lasting` windows. `streams` are drawn to judge the default policy, which has a budget where
    `is_budgeted`; a jump must be caught sooner than `latest`.
    """

    name: str
    rate: float
    spread: float = 0.0
    lasting: int = 1
    later: float | None = None
    streams: int = STREAMS
    is_budgeted: bool = True
    latest: timedelta = LATEST


HEALTHY = Kind(name="healthy, 2%", rate=0.02, streams=HEALTHY_STREAMS)
BURSTY = Kind(name="bursty, mean 2%", rate=0.02, spread=0.05, streams=BURSTY_STREAMS)
JUMP = Kind(name="2%, then 10% from 24 h on", rate=0.02, later=0.10)
LASTING = Kind(name="bursts of half an hour, mean 2%", rate=0.02, spread=0.05, lasting=6, is_budgeted=False)
BORDER = Kind(name="borderline, 4.9%", rate=0.049, is_budgeted=False)
KINDS = (HEALTHY, BURSTY, JUMP, LASTING, BORDER)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shock:
    """What happens a day after the change to the groups that have it, and to a group as large that has not.

    Both fail 2% before that. `is_harm` is whether the change is to be rolled back for it.
    """

    name: str
    reached: float
    control: float
    is_harm: bool


SHOCKS = (
    Shock(name="an outage: both 10%", reached=0.10, control=0.10, is_harm=False),
    Shock(name="harm: 10%, the others 2%", reached=0.10, control=0.02, is_harm=True),
    Shock(name="harm in an outage: 20%, the others 10%", reached=0.20, control=0.10, is_harm=True),
)
WEEK = timedelta(days=7) // WINDOW
OUTAGES, HARMS = 2_000, 200
"""So many streams: what an outage does comes near the budget where there is little traffic."""
HOURLY, AT_ONCE_BESIDE = timedelta(hours=1) // WINDOW, 6
LATEST_BESIDE = timedelta(hours=9)
"""Harm must be caught sooner than this with a control group, which is one more thing to prove: at the look of eight
hours, where there is least traffic."""
BESIDE = RollbackTest().chosen(ControlChoice(control={"office": ("north",)}))
Stream = Sequence[int]
"""The errors of each window, from an hour before the change on."""
Policy = Callable[[Stream, int], int | None]
"""Errors and requests of each window → the look, from 1 on, at which the change is rolled back, if it is."""


@cache
def distribution(trials: int, rate: float, spread: float) -> list[float]:
    """Sum up the probabilities of 0, 1, … hits: binomial, or beta-binomial with this intraclass correlation."""
    if not rate:
        return [1.0] * (trials + 1)
    if spread:
        weight = (1 - spread) / spread
        a, b = rate * weight, (1 - rate) * weight
        even = math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
        logs = [
            math.lgamma(k + a) + math.lgamma(trials - k + b) - math.lgamma(trials + a + b) - even
            for k in range(trials + 1)
        ]
    else:
        logs = [k * math.log(rate) + (trials - k) * math.log1p(-rate) for k in range(trials + 1)]
    ways = [math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) for k in range(trials + 1)]
    return list(accumulate(math.exp(log + way) for log, way in zip(logs, ways, strict=True)))


def streams(kind: Kind, volume: int, count: int, *, seed: int = SEED) -> Iterator[Stream]:
    """Draw streams; the same ones every time, and the first ones are the same however many are drawn."""
    random = Random(f"{seed} {kind.name} {volume}")
    first = BEFORE + ONSET // WINDOW
    for _ in range(count):
        later = kind.rate if kind.later is None else kind.later
        start = drawn(random, kind, kind.rate, volume, first)
        yield start + drawn(random, kind, later, volume, BEFORE + LOOKS - first)


def drawn(random: Random, kind: Kind, rate: float, volume: int, windows: int) -> list[int]:
    """Draw the errors of some windows; a burst that lasts has one rate all the while, to three digits."""
    hits = range(volume + 1)
    if kind.lasting == 1:
        return random.choices(hits, cum_weights=distribution(volume, rate, kind.spread), k=windows)
    rates = random.choices(
        range(1_001), cum_weights=distribution(1_000, rate, kind.spread), k=windows // kind.lasting
    )
    tables = [distribution(volume, each / 1_000, 0.0) for each in rates]
    return [each for table in tables for each in random.choices(hits, cum_weights=table, k=kind.lasting)]


def rule() -> Rule:
    """Compile the recipe's line."""
    metric = Metric(name=ERRORS, unit=PERCENT, kind=SeriesKind.RATIO, window=WINDOW)
    compiled = compile_rule(f"error_rate > {LIMIT:.0%}", Scope(watched=(ERRORS,), metrics=(metric,)))
    if not isinstance(compiled, Rule):
        raise TypeError(str(compiled))
    return compiled


def limit_of(compiled: Rule) -> ShareLimit:
    """Return the limit of a rule that has one."""
    limit = share_limit_of(compiled)
    if limit is None:
        raise TypeError(compiled.text)
    return limit


RULE = rule()
LIMIT_OF_RULE = limit_of(RULE)
MEASURED = {outcome: Measurement(rule=RULE.text, outcome=outcome, sentence="") for outcome in RuleOutcome}


def past_of(stream: Stream, volume: int, *, before: int = BEFORE) -> Past:
    """Make a feed's past of a stream that begins so many windows before the change."""
    start = CHANGED - WINDOW * before
    times = [micros_at(start) + micros_of(WINDOW) * place for place in range(len(stream))]
    span = Window(start=start, end=start + WINDOW * len(stream))
    header = Series(feed=ERRORS, unit=PERCENT, kind=SeriesKind.RATIO, window=WINDOW, span=span, samples=())
    return {ERRORS: Strand(header, Track(times, list(map(float, stream)), [float(volume)] * len(stream)))}


def product(test: RollbackTest) -> Policy:
    """Watch as the monitor does: the replayed rollback rule, and the verdict on it; nothing ever says success."""

    def rolled_back(stream: Stream, volume: int) -> int | None:
        past = past_of(stream, volume)
        at_change = Looks(start=micros_at(CHANGED), step=micros_of(WINDOW), count=1)
        before = replay_breach(RULE, past, at_change, test, Needs(changed_at=CHANGED))[0]
        needs = Needs(fresh_after=CHANGED, changed_at=CHANGED)
        for first in range(0, LOOKS, AT_ONCE):
            begin = CHANGED + WINDOW * (first + 1)
            looks = Looks(start=micros_at(begin), step=micros_of(WINDOW), count=min(AT_ONCE, LOOKS - first))
            for place, outcome in enumerate(replay_breach(RULE, past, looks, test, needs)):
                if outcome is RuleOutcome.HOLDS and is_rollback(outcome, before, moment_at(looks.moments[place])):
                    return first + place + 1
        return None

    return rolled_back


def shocked(shock: Shock, volume: int, count: int) -> Iterator[tuple[Stream, Stream]]:
    """Draw the errors of the groups that have the change and of those that have not, from a week before it on."""
    random, hits, windows = Random(f"{SEED} {shock.name} {volume}"), range(volume + 1), ONSET // WINDOW
    for _ in range(count):
        before, *after = (distribution(volume, rate, 0.0) for rate in (0.02, shock.reached, shock.control))
        reached, control = (
            random.choices(hits, cum_weights=before, k=WEEK + windows)
            + random.choices(hits, cum_weights=table, k=LOOKS - windows)
            for table in after
        )
        yield reached, control


def beside(test: RollbackTest, reached: Stream, control: Stream, volume: int) -> int | None:
    """Watch a change with a control group as the monitor does, once an hour; return the window of the rollback."""
    parts = tuple(past_of(each, volume, before=WEEK)[ERRORS] for each in (reached, control))
    needs = Needs(fresh_after=CHANGED, changed_at=CHANGED)
    looks = range(HOURLY, LOOKS + 1, HOURLY)
    for first in range(0, len(looks), AT_ONCE_BESIDE):
        some = looks[first : first + AT_ONCE_BESIDE]
        moments = [micros_at(CHANGED + WINDOW * look) for look in some]
        found = replay_shares(LIMIT_OF_RULE, (parts[0], parts[1] if test.control else None), test, needs, moments)
        for look, outcome in zip(some, found or (), strict=True):
            now, before = CHANGED + WINDOW * look, RuleOutcome.DOES_NOT_HOLD
            if outcome is RuleOutcome.HOLDS and is_rollback(outcome, before, now):
                return look
    return None


def is_rollback(outcome: RuleOutcome, before: RuleOutcome, now: datetime) -> bool:
    """Ask for the verdict on one look."""
    facts = WatchFacts(
        change=ChangeId("0" * 16),
        effective_at=CHANGED,
        watch=Watch(),
        success=MEASURED[RuleOutcome.DOES_NOT_HOLD],
        rollback=MEASURED[outcome],
        before=MEASURED[before],
    )
    return judge(facts, now).kind is VerdictKind.ROLLBACK


def in_a_row(broken: Sequence[bool], length: int) -> int | None:
    """Return the first look with so many broken windows in a row."""
    row = 0
    for look, each in enumerate(broken, start=1):
        row = row + 1 if each else 0
        if row == length:
            return look
    return None


def in_all(broken: Sequence[bool], count: int) -> int | None:
    """Return the look with the so many-th broken window; nothing ever takes one back."""
    return next((look for look, total in enumerate(accumulate(broken), start=1) if total >= count), None)


def beyond(stream: Stream, volume: int) -> list[bool]:
    """Tell of each window since the change whether its own share is beyond the limit."""
    return [hits > LIMIT * volume for hits in stream[BEFORE:]]


def overlapping(stream: Stream, volume: int) -> int | None:
    """A share over half an hour, with 50 requests or more, beyond the limit in 3 of 5 looks."""
    sums = [0, *accumulate(stream[BEFORE:])]
    broken: list[bool] = []
    for end in range(1, len(sums)):
        start = max(0, end - 6)
        of = (end - start) * volume
        broken.append(of >= 50 and sums[end] - sums[start] > LIMIT * of)
        if sum(broken[-5:]) >= 3:
            return end
    return None


def cusum(stream: Stream, volume: int) -> int | None:
    """The product's evidence and threshold, summed up by Page's recursion, without any demand for persistence."""
    known = [evidence_of(hits, volume, LIMIT) for hits in range(volume + 1)]
    total, enough = 0.0, evidence_needed(RollbackTest())
    for look, hits in enumerate(stream[BEFORE:], start=1):
        total = max(0.0, total + known[hits])
        if total >= enough:
            return look
    return None


def wilson(minutes: int, windows: int, breaches: int, pool: int) -> RollbackTest:
    """Return a candidate for the default; window and pool in minutes."""
    window, pooled = timedelta(minutes=minutes), timedelta(minutes=pool)
    return RollbackTest(window=window, windows=windows, breaches=breaches, pool=pooled)


CANDIDATES: Mapping[str, RollbackTest] = {
    "8 of 12 windows of 5 min, pool 1 h": wilson(5, 12, 8, 60),
    "9 of 14 windows of 5 min, pool 70 min": wilson(5, 14, 9, 70),
    "12 of 18 windows of 5 min, pool 90 min": wilson(5, 18, 12, 90),
    "7 of 12 windows of 10 min, pool 2 h": wilson(10, 12, 7, 120),
    "8 of 12 windows of 10 min, pool 90 min": wilson(10, 12, 8, 90),
    "8 of 12 windows of 10 min, pool 2 h": wilson(10, 12, 8, 120),
    "9 of 12 windows of 10 min, pool 2 h": wilson(10, 12, 9, 120),
    "8 of 12 windows of 15 min, pool 3 h": wilson(15, 12, 8, 180),
}
POLICIES: Mapping[str, Policy] = {
    DEFAULT: product(RollbackTest()),
    "`window: 5min`, `pool: 1h`": product(wilson(5, 12, 8, 60)),
    "`window: 15min`, `pool: 3h`": product(wilson(15, 12, 8, 180)),
    "`test: cusum` and 6 of 12": product(RollbackTest(share=ShareTest.CUSUM, breaches=6)),
    "CUSUM alone": cusum,
    "any window beyond the limit": lambda stream, volume: in_a_row(beyond(stream, volume), 1),
    "3 windows in a row": lambda stream, volume: in_a_row(beyond(stream, volume), 3),
    "3 of 5 overlapping pools of 30 min, 50 counted": overlapping,
    "argo-rollouts, `failureLimit: 3`": lambda stream, volume: in_all(beyond(stream, volume), 4),
    "flagger, `threshold: 5`": lambda stream, volume: in_all(beyond(stream, volume), 5),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """What became of the watches of one kind and volume under one policy; `looks` has None where nothing happened."""

    policy: str
    kind: Kind
    volume: int
    looks: Sequence[int | None]

    @property
    def onset(self) -> int:
        """The last look at a stream that is still healthy."""
        return ONSET // WINDOW if self.kind.later is not None else LOOKS

    @property
    def early(self) -> float:
        """The share of watches that were rolled back for nothing."""
        return sum(look is not None and look <= self.onset for look in self.looks) / len(self.looks)

    @property
    def most(self) -> float:
        """The upper end of the 95% interval of that share."""
        wrong, all_of_them = round(self.early * len(self.looks)), len(self.looks)
        return 1 - lower_bound(all_of_them - wrong, all_of_them, CONFIDENCE)

    @property
    def delay(self) -> timedelta | None:
        """The median time from the jump to the rollback, among all watches that were not rolled back before."""
        left = [look for look in self.looks if look is None or look > self.onset]
        middle = median(math.inf if look is None else float(look - self.onset) for look in left) if left else math.inf
        return None if math.isinf(middle) else middle * WINDOW

    @property
    def caught(self) -> float:
        """The share of watches that were rolled back after the jump."""
        return sum(look is not None and look > self.onset for look in self.looks) / len(self.looks)

    def broken_budget(self) -> str | None:
        """Say how this cell breaks the budget, if it does."""
        where = f"{self.kind.name} at {self.volume} requests"
        if self.kind.later is not None:
            late = self.delay is None or self.delay >= self.kind.latest
            return f"{where}: caught after {self.delay}, {self.kind.latest} allowed" if late else None
        found = f"{where}: {self.early:.2%} rolled back, at most {self.most:.2%} with 97.5% confidence"
        too_often = self.kind.is_budgeted and self.most >= MOST_FALSE
        return f"{found}, less than {MOST_FALSE:.1%} allowed" if too_often else None


def cell(policy: str, kind: Kind, volume: int, count: int, *, seed: int = SEED) -> Cell:
    """Watch so many streams."""
    rolled_back = product(CANDIDATES[policy]) if policy in CANDIDATES else POLICIES[policy]
    looks = tuple(rolled_back(stream, volume) for stream in streams(kind, volume, count, seed=seed))
    return Cell(policy=policy, kind=kind, volume=volume, looks=looks)


def beside_cell(policy: str, shock: Shock, volume: int, count: int) -> Cell:
    """Watch so many pairs of streams."""
    test = BESIDE if policy == CONTROLLED else RollbackTest()
    looks = tuple(beside(test, *pair, volume) for pair in shocked(shock, volume, count))
    kind = replace(JUMP if shock.is_harm else HEALTHY, name=shock.name, latest=LATEST_BESIDE)
    return Cell(policy=policy, kind=kind, volume=volume, looks=looks)


def table(count: int | None = None, peers: int = PEER_STREAMS, *, workers: int | None = None) -> Iterator[Cell]:
    """Watch everything, side by side on the machine's cores."""
    with ProcessPoolExecutor(max_workers=workers) as pool:
        jobs = [
            pool.submit(cell, policy, kind, volume, (count or kind.streams) if policy == DEFAULT else peers)
            for policy in POLICIES
            for kind in KINDS
            for volume in VOLUMES
        ]
        yield from (job.result() for job in jobs)


def beside_table(count: int | None = None, *, workers: int | None = None) -> Iterator[Cell]:
    """Watch every shock with a control group, and fewer of each by the limit alone."""
    with ProcessPoolExecutor(max_workers=workers) as pool:
        jobs = [
            pool.submit(beside_cell, policy, shock, volume, count or (OUTAGES if is_judged else HARMS))
            for shock in SHOCKS
            for policy in (DEFAULT, CONTROLLED)
            for is_judged in [policy == CONTROLLED and not shock.is_harm]
            for volume in VOLUMES
        ]
        yield from (job.result() for job in jobs)


def in_words(found: Cell) -> str:
    """Write a cell: how many are rolled back; of a jump how many before it, how many after, and how long after."""
    if found.kind.later is None:
        is_judged = found.policy in {DEFAULT, CONTROLLED}
        return f"{found.early:.2%} ({found.most:.2%})" if is_judged else f"{found.early:.1%}"
    if found.delay is None or not found.caught:
        return f"{found.early:.0%}, {found.caught:.0%}"
    return f"{found.early:.0%}, {found.caught:.0%}, {found.delay / timedelta(hours=1):.1f} h"


def markdown(cells: Sequence[Cell]) -> Iterator[str]:
    """Write one table for each kind of stream."""
    for kind in dict.fromkeys(each.kind for each in cells):
        yield f"| {kind.name} | {' | '.join(f'{volume:,}' for volume in VOLUMES)} |"
        yield f"|---|{'---:|' * len(VOLUMES)}"
        rows = groupby((each for each in cells if each.kind == kind), key=lambda each: each.policy)
        for policy, row in rows:
            yield f"| {policy} | {' | '.join(in_words(each) for each in row)} |"
        yield ""


def candidates(count: int, *, workers: int | None = None) -> Iterator[str]:
    """Compare what the default could be, each at the volume where it does worst."""
    kinds = (HEALTHY, BURSTY, JUMP, LASTING)
    yield "| candidate | healthy | bursty | jump caught after | bursts of half an hour |"
    yield "|---|---:|---:|---:|---:|"
    with ProcessPoolExecutor(max_workers=workers) as pool:
        jobs = {
            (name, kind): [pool.submit(cell, name, kind, volume, count, seed=PICKING_SEED) for volume in VOLUMES]
            for name in CANDIDATES
            for kind in kinds
        }
        for name in CANDIDATES:
            found = {kind: [job.result() for job in jobs[name, kind]] for kind in kinds}
            delays = [each.delay for each in found[JUMP]]
            late = "never" if None in delays else f"{max(filter(None, delays)) / timedelta(hours=1):.1f} h"
            healthy, bursty, lasting = (
                max(each.early for each in found[kind]) for kind in (HEALTHY, BURSTY, LASTING)
            )
            yield f"| {name} | {healthy:.2%} | {bursty:.2%} | {late} | {lasting:.0%} |"


def write_block(page: Path, name: str, lines: Sequence[str]) -> None:
    """Write lines into a page, between the comments that hold their place."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    head, _, rest = page.read_text().partition(begin)
    _, found, tail = rest.partition(end)
    if not found:
        raise ValueError(f"{page} has no place for {name}: write {begin} and {end} into it")
    body = "\n".join(lines).strip()
    page.write_text(f"{head}{begin}\n{body}\n{end}{tail}")


def pick(count: int, page: Path | None) -> int:
    """Print the table of candidates; nothing is judged by it."""
    lines = [f"{count:,} streams a cell; the seed is {PICKING_SEED}.", "", *candidates(count)]
    print("\n".join(lines))
    if page:
        write_block(page, "candidates", lines)
    return 0


def main() -> int:
    """Print the tables; 1 if the default policy breaks its budget."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", type=int, help="streams a cell for the default policy, for a quick look")
    parser.add_argument("--peers", type=int, default=PEER_STREAMS, help="streams a cell for the others")
    parser.add_argument("--markdown", type=Path, help="the page to write the tables into: docs/false-actions.md")
    parser.add_argument("--pick", action="store_true", help="compare what the default could be, on other streams")
    arguments = parser.parse_args()
    if arguments.pick:
        return pick(arguments.streams or STREAMS, arguments.markdown)
    cells, shocks = list(table(arguments.streams, arguments.peers)), list(beside_table(arguments.streams))
    lines, besides = list(markdown(cells)), list(markdown(shocks))
    print("\n".join([*lines, *besides]))
    if arguments.markdown:
        note = "; ".join(f"{kind.name}: {arguments.streams or kind.streams:,}" for kind in KINDS)
        note = f"Streams a cell for the default: {note}. For each of the others: {arguments.peers:,}. "
        write_block(
            arguments.markdown, "streams", [f"{note}The seed is {SEED}, {datetime.now(UTC):%Y-%m-%d}.", "", *lines]
        )
        note = f"{OUTAGES:,} streams a cell of the outage with a control group, {HARMS} of the others."
        write_block(arguments.markdown, "beside", [f"{note} The seed is {SEED}.", "", *besides])
    judged = [each for each in cells if each.policy == DEFAULT]
    judged += [each for each in shocks if each.policy == CONTROLLED]
    faults = [fault for each in judged if (fault := each.broken_budget())]
    for fault in faults:
        print(fault, file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
